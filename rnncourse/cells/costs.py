"""What a recurrent layer costs, by formula: parameters, arithmetic, state, activations, bytes.

With G blocks (1, 4, 3 for RNN, LSTM, GRU) and b bias vectors, one direction of one layer has
G (H I + H² + b H) parameters, and a step of B sequences takes 2 B G H (I + H) FLOPs: a
multiply-add is two, and only matrix products count, as in ``torch.utils.flop_counter``.

Every function takes the options of torch.nn by keyword: ``num_layers``, ``bidirectional`` and,
for the LSTM, ``proj_size``, which projects h to P numbers by W_hr (P, H). Each raises ValueError
for what is no such layer.
"""

from bisect import bisect_right
from typing import NamedTuple, TypedDict, Unpack

import numpy as np

BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}

# (B, H) arrays that a step keeps for its backward pass, beside x and the h before it
SAVED = {
    "rnncourse": {
        "rnn": 0,  # its own h is the h before the next
        "lstm": 5,  # the c before it, i, f, g, o
        "gru": 4,  # r, z, n, h_prev W_hnᵀ + b_hn
    },
    "torch.nn": {
        "rnn": 0,
        "lstm": 6,  # tanh c besides
        "gru": 6,  # r, z and an unused third in one array; n, h_prev W_hnᵀ + b_hn, h_prev − n
    },
}


class Options(TypedDict, total=False):
    """The keywords that all the functions share."""

    num_layers: int
    bidirectional: bool
    proj_size: int


class Direction(NamedTuple):
    """Sizes of one direction of one layer: input, blocks, hidden, h as it is carried, P or 0."""

    I: int
    G: int
    H: int
    R: int
    P: int

    def weights(self) -> int:
        """Numbers in W_x, W_h and W_hr, each of which meets every sequence once a step."""
        return self.G * self.H * (self.I + self.R) + self.P * self.H


def count_parameters(
    cell: str, input_size: int, hidden_size: int, biases: int = 2, **options: Unpack[Options]
) -> int:
    """Count what is learned, with 0, 1 or 2 bias vectors a direction; torch.nn has 0 or 2."""
    if biases not in (0, 1, 2):
        raise ValueError(f"biases is {biases!r}, expected 0, 1 or 2")
    directions = _directions(cell, input_size, hidden_size, **options)
    return sum(d.weights() + biases * d.G * d.H for d in directions)


def matched_hidden_size(
    cell: str,
    to_cell: str,
    input_size: int,
    hidden_size: int,
    biases: int = 2,
    **options: Unpack[Options],
) -> int:
    """Find the hidden size at which ``to_cell`` comes nearest to the parameters of ``cell``.

    The smaller on a tie. Both cells have the same input, biases and options.

    >>> matched_hidden_size("lstm", "gru", 28, 32)
    39
    """

    def count(size: int) -> int:
        return count_parameters(to_cell, input_size, size, biases, **options)

    target = count_parameters(cell, input_size, hidden_size, biases, **options)
    above = bisect_right(range(1, target + 1), target, key=count) + 1
    return min((max(above - 1, 1), above), key=lambda size: abs(count(size) - target))


def step_flops(
    cell: str, batch: int, input_size: int, hidden_size: int, **options: Unpack[Options]
) -> int:
    """Forward FLOPs of one time step of ``batch`` sequences."""
    return forward_flops(cell, 1, batch, input_size, hidden_size, **options)


def forward_flops(
    cell: str, steps: int, batch: int, input_size: int, hidden_size: int, **options: Unpack[Options]
) -> int:
    """Forward FLOPs of ``batch`` sequences of ``steps`` steps."""
    _require_whole(steps=steps, batch=batch)
    weights = count_parameters(cell, input_size, hidden_size, 0, **options)
    return 2 * steps * batch * weights


def training_flops(
    cell: str,
    steps: int,
    batch: int,
    input_size: int,
    hidden_size: int,
    *,
    input_grad: bool = False,
    state_grad: bool = False,
    **options: Unpack[Options],
) -> int:
    """FLOPs forward and backward, where the loss reads every output.

    Each product has two in the backward pass, one for either factor: three times the forward
    FLOPs in all, less the gradients that nobody asks for. The defaults are those of
    ``layer(x)``: neither x nor the initial state requires a gradient.
    """
    total = 3 * forward_flops(cell, steps, batch, input_size, hidden_size, **options)
    for k, d in enumerate(_directions(cell, input_size, hidden_size, **options)):
        first_layer = k <= int(options.get("bidirectional", False))
        if first_layer and not input_grad:
            total -= 2 * steps * batch * d.G * d.H * d.I
        if not state_grad:
            total -= 2 * batch * d.G * d.H * d.R
    return total


def state_size(cell: str, hidden_size: int, **options: Unpack[Options]) -> int:
    """Numbers that a sequence carries from step to step: h, and for the LSTM c, of every layer."""
    directions = _directions(cell, 1, hidden_size, **options)
    return sum(d.R + (d.H if cell == "lstm" else 0) for d in directions)


def saved_activations(
    cell: str,
    steps: int,
    batch: int,
    input_size: int,
    hidden_size: int,
    *,
    layer: str = "rnncourse",
    **options: Unpack[Options],
) -> int:
    """Numbers that a forward pass keeps for the backward pass, in the layers of ``layer``.

    Counted is what ``torch.autograd.graph.saved_tensors_hooks`` sees: every array that a saved
    tensor is part of, whole and once, x and the initial state among them, parameters not. The
    layers are the default of "rnncourse", the pass derived by hand with the GRU's reset after
    the product, or "torch.nn" where its LSTM is not fused, as in float64 on the CPU; the fused
    one keeps a workspace besides. No dropout, and sequences of one length.
    """
    if layer not in SAVED:
        raise ValueError(f"layer is {layer!r}, expected one of {sorted(SAVED)}")
    _require_whole(steps=steps, batch=batch)
    directions = _directions(cell, input_size, hidden_size, **options)
    both = 1 + int(options.get("bidirectional", False))
    every_step = sum(d.I for d in directions[::both])  # x, which both directions read
    once = 0
    for d in directions:
        unprojected_h = d.H if d.P else 0
        every_step += d.R + SAVED[layer][cell] * d.H + unprojected_h
        if layer == "rnncourse":  # the initial state as it was given, and the last of each state
            once += 2 * (d.R + d.H * (cell == "lstm"))
        elif cell == "rnn":
            once += d.H  # the last h
    return batch * (steps * every_step + once)


def bytes_of(count: int, dtype: object = "float32") -> int:
    """Bytes of ``count`` numbers; ``dtype`` by name, or as NumPy or torch have it."""
    name = str(np.dtype(dtype)) if isinstance(dtype, type | np.dtype) else str(dtype)
    name = name.removeprefix("torch.")
    if name not in BYTES:
        raise ValueError(f"dtype is {name}, expected one of {', '.join(BYTES)}")
    return count * BYTES[name]


def _directions(
    cell: str,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bidirectional: bool = False,
    proj_size: int = 0,
) -> list[Direction]:
    if cell not in BLOCKS:
        raise ValueError(f"cell is {cell!r}, expected 'rnn', 'lstm' or 'gru'")
    _require_whole(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
    if proj_size:
        _require_whole(proj_size=proj_size)
        if cell != "lstm" or proj_size >= hidden_size:
            raise ValueError(
                f"proj_size is {proj_size}, expected 0, or for the 'lstm' less than hidden_size"
            )
    D, R = 2 if bidirectional else 1, proj_size or hidden_size
    inputs = [input_size] + [D * R] * (num_layers - 1)
    return [Direction(I, BLOCKS[cell], hidden_size, R, proj_size) for I in inputs for _ in range(D)]


def _require_whole(**sizes: int) -> None:
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{name} is {size!r}, expected a whole number of 1 or more")
