"""The LSTM's forward pass, but for a formula, the weights, the order of the gates or the loop."""

from collections.abc import Callable
from itertools import permutations
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import lstm_step, sigmoid, unroll
from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

GATES = "lstm-gates"
ORDERS = {
    "figo": ("i-and-f-swapped", "a cell whose input and forget gates are swapped"),
    "iofg": ("gate-order-iofg", "a cell whose rows are stacked i o f g, the order of ONNX"),
    "igfo": ("gate-order-igfo", "a cell whose rows are stacked i g f o, the order of TensorFlow 1"),
}


def gate_orders(function: Function) -> list[Mistake]:
    """Every order of the rows but i f g o."""
    asks = "In which order does this course stack the rows of W_x, W_h and b?"
    mistakes = []
    for letters in list(permutations("ifgo"))[1:]:
        order = "".join(letters)
        plain = f"gate-order-{order}", f"a cell whose rows are stacked {' '.join(order)}"
        slug, says = ORDERS.get(order, plain)
        mistakes.append(Mistake(slug, says, asks, GATES, _reordered(function, order)))
    return mistakes


def _reordered(function: Function, order: str) -> Function:
    """Read the rows of W_x, W_h and b in this order, and stack their gradients in it."""

    def wrong(*arguments: Array) -> tuple:
        parameters = [_rows(p, [order.index(gate) for gate in "ifgo"]) for p in arguments[3:6]]
        given = function(*arguments[:3], *parameters, *arguments[6:])
        gradients = [_rows(d, ["ifgo".index(gate) for gate in order]) for d in given[3:]]
        return (*given[:3], *gradients)

    return wrong


def _rows(parameter: Array, blocks: list[int]) -> Array:
    return np.concatenate([np.split(parameter, 4)[block] for block in blocks])


def cell(
    c: Formula = lambda s: s.f * s.c_prev + s.i * s.g,
    h: Formula = lambda s: s.o * np.tanh(s.c),
    gates: Callable = lambda a: sigmoid(a),
    candidate: Callable = np.tanh,
    split: Callable = lambda a: np.split(a, 4, axis=-1),
) -> Function:
    """Make a step of these formulas, which see the gates, the old states and the new c."""

    def step(x: Array, h_prev: Array, c_prev: Array, W_x: Array, W_h: Array, b: Array) -> tuple:
        a_i, a_f, a_g, a_o = split(x @ W_x.T + h_prev @ W_h.T + b)
        i, f, o = gates(np.stack([a_i, a_f, a_o]))
        s = SimpleNamespace(i=i, f=f, g=candidate(a_g), o=o, h_prev=h_prev, c_prev=c_prev)
        s.c = c(s)
        return h(s), s.c

    return step


def weights(change: Callable[[Array, Array, Array], tuple[Array, Array, Array]]) -> Function:
    """Make a step that is right but for the weights it uses."""
    return lambda x, h_prev, c_prev, *parameters: lstm_step(x, h_prev, c_prev, *change(*parameters))


def untransposed(W_h: Array) -> Array:
    """Transpose each (H, H) block, so that the usual transpose takes it back."""
    return np.concatenate([block.T for block in np.split(W_h, 4)])


def over_time(
    step: Function, carry: Callable[[tuple, tuple], tuple] = lambda new, first: new
) -> Function:
    """Run a step over time; ``carry(new, first)`` is the state that the next step sees."""

    def forward(x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array) -> tuple:
        made: list[tuple] = []

        def one(*arguments: Array) -> tuple:
            made.append(step(*arguments))
            return carry(made[-1], (h0, c0))

        unroll(one, x, (h0, c0), (W_x, W_h, b))
        return np.stack([h for h, _ in made]), made[-1]

    return forward
