"""The same weights as PyTorch, Keras and ONNX store them, and z or 1 − z, one bias or two.

What differs is the order of the stacked gates, the side from which a matrix multiplies, the
number of biases and the sign of z: rearrangements all, and exact. What no rearrangement changes
is whether a GRU's reset comes before or after the recurrent product: ``reset_after`` says which
it is, and both ends must have the same.

    PyTorch   W_x (GH, I), two biases (GH,)                       i f g o      r z n
    Keras 3   kernel (I, GH), bias (GH,) or (2, GH)               i f c o      z r h
    ONNX      W (D, GH, I), B (D, 2GH) = [Wb, Rb], D directions   i o f c      z r h

G is 1 for the RNN, 4 for the LSTM, 3 for the GRU. What comes back shares no memory with what
was given.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncourse.cells.shapes import ShapeError, require_shapes

Array = np.ndarray

# one letter a block of H rows, in the names of this course: Keras and ONNX call g c, and n h
TORCH = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}
KERAS = {"rnn": "h", "lstm": "ifgo", "gru": "zrn"}
ONNX = {"rnn": "h", "lstm": "iofg", "gru": "zrn"}

ACTIVATIONS = {"rnn": ["Tanh"], "lstm": ["Sigmoid", "Tanh", "Tanh"], "gru": ["Sigmoid", "Tanh"]}
ATTRIBUTES = {  # of an ONNX node; clip, activation_alpha and activation_beta change the cell
    "activations",
    "direction",
    "hidden_size",
    "input_forget",
    "layout",
    "linear_before_reset",
}


class Weights(NamedTuple):
    """One direction of one layer as PyTorch stores it, in the order that the cells take.

    weight_ih (GH, I); weight_hh (GH, H); bias_ih, bias_hh (GH,), or None both.
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None


class ONNXNode(NamedTuple):
    """What defines an ONNX RNN, LSTM or GRU node, with D directions.

    W (D, GH, I); R (D, GH, H); B (D, 2GH) or None; the node's attributes; peepholes P, if any.
    """

    W: Array
    R: Array
    B: Array | None
    attributes: Mapping[str, Any]
    P: Array | None = None


def from_torch(state: Mapping[str, Any], layer: int = 0, reverse: bool = False) -> Weights:
    """Take one direction of one layer from the state_dict of a torch.nn layer or of ours.

    Raises ValueError where the layer is not there, or has a projection.
    """
    suffix = f"_l{layer}" + "_reverse" * reverse
    if f"weight_hr{suffix}" in state:
        raise ValueError(f"state has weight_hr{suffix}, expected no projection (proj_size)")
    for name in (f"weight_ih{suffix}", f"weight_hh{suffix}"):
        if name not in state:
            some = ", ".join(sorted(state)[:4])
            raise ValueError(f"state has {len(state)} names ({some} …), expected {name} among them")
    biases = (state.get(name + suffix) for name in ("bias_ih", "bias_hh"))
    weights = Weights(state[f"weight_ih{suffix}"], state[f"weight_hh{suffix}"], *biases)
    return _each(lambda a: np.asarray(a).copy(), weights)


def to_torch(weights: Weights, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
    """Name the arrays as a state_dict does, weight_ih_l0 and so on; no bias, no entry."""
    suffix = f"_l{layer}" + "_reverse" * reverse
    return {k + suffix: np.array(v) for k, v in weights._asdict().items() if v is not None}


def to_keras(cell: str, weights: Weights, reset_after: bool = True) -> list[Array]:
    """Arrays for ``set_weights`` of a Keras 3 SimpleRNN, LSTM or GRU layer.

    Returns kernel (I, GH), recurrent_kernel (H, GH) and, unless there is none, bias: (GH,), or
    (2, 3H) for a GRU with reset_after. Two biases become one where Keras has one. Raises
    ShapeError and ValueError.
    """
    _require(cell, weights)
    W_x, W_h, b_x, b_h = _reorder(weights, TORCH[cell], KERAS[cell])
    kernels = [W_x.T.copy(), W_h.T.copy()]
    if b_x is None or b_h is None:
        return kernels
    if cell == "gru" and reset_after:
        return [*kernels, np.stack([b_x, b_h])]
    return [*kernels, merge_biases(cell, b_x, b_h, reset_after)]


def from_keras(cell: str, arrays: Sequence[Array], reset_after: bool = True) -> Weights:
    """Read what ``get_weights`` of a Keras layer returned; a single bias goes into bias_ih.

    Raises ShapeError and ValueError, also where a GRU's bias is that of the other reset_after.
    """
    G = len(_known(KERAS, cell))
    if len(arrays) not in (2, 3):
        raise ValueError(f"got {len(arrays)} arrays, expected kernel, recurrent_kernel and bias")
    kernel, recurrent, *bias = (np.asarray(a) for a in arrays)
    require_shapes(kernel=(kernel, f"I {G}H"), recurrent_kernel=(recurrent, f"H {G}H"))
    b_x = b_h = None
    if bias:
        two = cell == "gru" and reset_after
        expected = (2, *recurrent.shape[1:]) if two else recurrent.shape[1:]
        if bias[0].shape != expected:
            why = f" for reset_after={reset_after}" if cell == "gru" else ""
            raise ShapeError(f"bias has shape {bias[0].shape}, expected {expected}{why}")
        b_x, b_h = bias[0] if two else split_biases(bias[0])
    return _reorder(Weights(kernel.T, recurrent.T, b_x, b_h), KERAS[cell], TORCH[cell])


def to_onnx(cell: str, directions: Sequence[Weights], reset_after: bool = True) -> ONNXNode:
    """One ONNX node for one direction, or for two, the forward one first.

    Its attributes go to ``onnx.helper.make_node`` as they are; a GRU's say linear_before_reset.
    Raises ShapeError and ValueError.
    """
    if len(directions) not in (1, 2):
        raise ValueError(f"got {len(directions)} directions, expected 1 or 2")
    for weights in directions:
        _require(cell, weights)
    shapes = [[np.shape(a) for a in weights if a is not None] for weights in directions]
    if shapes[0] != shapes[-1]:
        raise ShapeError(f"the second direction has shapes {shapes[1]}, expected {shapes[0]}")
    moved = [_reorder(weights, TORCH[cell], ONNX[cell]) for weights in directions]
    W, R = np.stack([d.weight_ih for d in moved]), np.stack([d.weight_hh for d in moved])
    B = None if moved[0].bias_ih is None else np.stack([np.asarray(d[2:]).ravel() for d in moved])
    direction = "forward" if len(directions) == 1 else "bidirectional"
    attributes: dict[str, Any] = {"hidden_size": R.shape[2], "direction": direction}
    if cell == "gru":
        attributes["linear_before_reset"] = int(reset_after)
    return ONNXNode(W, R, B, attributes)


def from_onnx(cell: str, node: ONNXNode, reset_after: bool = True) -> list[Weights]:
    """Weights of each direction of an ONNX node, the forward one first.

    An attribute that the node leaves out has ONNX's default: a GRU without linear_before_reset
    has reset_after=False. ``layout``, sequence_lens and which way "reverse" reads concern the
    data and are the caller's. Raises ShapeError, and ValueError for what the cells do not have:
    peepholes, clipping, coupled gates, other activations.
    """
    G = len(_known(ONNX, cell))
    W, R, B, attributes, P = node
    _require_supported(cell, attributes, P, reset_after)
    arrays = {"W": (np.asarray(W), f"D {G}H I"), "R": (np.asarray(R), f"D {G}H H")}
    if B is not None:
        arrays["B"] = (np.asarray(B), f"D {2 * G}H")
    require_shapes(**arrays)
    D = 2 if _text(attributes.get("direction")) == "bidirectional" else 1
    if len(W) != D:
        raise ShapeError(f"W has {len(W)} directions, expected {D} as the attribute direction says")
    H = np.shape(R)[2]
    if attributes.get("hidden_size", H) != H:
        raise ShapeError(f"R has H = {H}, expected {attributes['hidden_size']} as hidden_size says")
    biases = [(None, None)] * D if B is None else [np.split(b, 2) for b in np.asarray(B)]
    return [_reorder(Weights(W[d], R[d], *biases[d]), ONNX[cell], TORCH[cell]) for d in range(D)]


def flip_update_gate(
    W_x: Array, W_h: Array, b_x: Array | None = None, b_h: Array | None = None
) -> Weights:
    """The same GRU for h = (1 − z) ⊙ h_prev + z ⊙ n (Chung et al. 2014), and back again.

    1 − σ(a) = σ(−a), so that the rows of z change sign. W_x (3H, I), W_h (3H, H), b_x, b_h (3H,),
    rows r z n. Raises ShapeError.
    """
    weights = Weights(W_x, W_h, b_x, b_h)
    _require("gru", weights)
    sign = np.repeat([1, -1, 1], np.shape(W_h)[1])

    def negate_z(array: Array) -> Array:
        array = np.asarray(array)
        return (array.T * sign.astype(array.dtype)).T

    return _each(negate_z, weights)


def merge_biases(cell: str, b_x: Array, b_h: Array, reset_after: bool = True) -> Array:
    """One bias (GH,) for two: b_x + b_h, exact for the RNN, the LSTM and reset_after=False.

    Raises ValueError for a GRU with reset_after, whose candidate multiplies b_hn, but not b_xn,
    by r; ShapeError for two vectors of unequal length.
    """
    G = len(_known(TORCH, cell))
    if cell == "gru" and reset_after:
        raise ValueError(
            "b_x and b_h of a GRU with reset_after=True cannot be merged, expected both: its "
            "candidate is tanh(x W_xnᵀ + b_xn + r ⊙ (h_prev W_hnᵀ + b_hn))"
        )
    require_shapes(b_x=(b_x, f"{G}H"), b_h=(b_h, f"{G}H"))
    return np.add(b_x, b_h)


def split_biases(b: Array) -> tuple[Array, Array]:
    """Two biases for one, exact for every cell: all of it in b_x, and b_h zero."""
    return np.array(b), np.zeros_like(b)


def _known(orders: Mapping[str, str], cell: str) -> str:
    if cell not in orders:
        raise ValueError(f"cell is {cell!r}, expected 'rnn', 'lstm' or 'gru'")
    return orders[cell]


def _require(cell: str, weights: Weights) -> None:
    G = len(_known(TORCH, cell))
    letters = (f"{G}H I", f"{G}H H", f"{G}H", f"{G}H")
    given = zip(Weights._fields, weights, letters, strict=True)
    require_shapes(**{name: (a, shape) for name, a, shape in given if a is not None})
    if (weights.bias_ih is None) != (weights.bias_hh is None):
        raise ValueError("one of bias_ih and bias_hh is None, expected both or neither")


def _require_supported(
    cell: str, attributes: Mapping[str, Any], P: Array | None, reset_after: bool
) -> None:
    if P is not None:
        raise ValueError("P is given, expected none: these cells have no peepholes")
    unknown = sorted(set(attributes) - ATTRIBUTES)
    if unknown:
        raise ValueError(f"attribute {unknown[0]} is not supported, expected {sorted(ATTRIBUTES)}")
    if attributes.get("input_forget", 0):
        raise ValueError("input_forget is 1, expected 0: i and f are separate gates here")
    names = [_text(name) for name in attributes.get("activations", ())]
    if names not in ([], ACTIVATIONS[cell], ACTIVATIONS[cell] * 2):
        raise ValueError(f"activations are {names}, expected {ACTIVATIONS[cell]} a direction")
    linear_before_reset = attributes.get("linear_before_reset", 0)
    if cell == "gru" and bool(linear_before_reset) != reset_after:
        raise ValueError(
            f"linear_before_reset is {linear_before_reset}, expected {int(reset_after)} for "
            f"reset_after={reset_after}; no change of weights turns one GRU into the other"
        )


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value  # ONNX stores strings as bytes


def _each(function: Callable[[Array], Array], weights: Weights) -> Weights:
    W_x, W_h, *biases = weights
    return Weights(
        function(W_x), function(W_h), *(None if b is None else function(b) for b in biases)
    )


def _reorder(weights: Weights, given: str, wanted: str) -> Weights:
    """Move the blocks of rows from one order to another."""

    def move(array: Array) -> Array:
        blocks = dict(zip(given, np.split(np.asarray(array), len(given)), strict=True))
        return np.concatenate([blocks[gate] for gate in wanted])

    return _each(move, weights)
