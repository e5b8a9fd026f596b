"""What learners write instead of the LSTM's forward pass, each mistake as a formula that runs."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import lstm_forward, lstm_step, sigmoid, unroll
from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

GATES, CELL, TIME = "lstm-gates", "lstm-cell-state", "lstm-over-time"
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
) -> Function:
    """Make a step of these formulas, which see the gates, the old states and the new c."""

    def step(x: Array, h_prev: Array, c_prev: Array, W_x: Array, W_h: Array, b: Array) -> tuple:
        a_i, a_f, a_g, a_o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=-1)
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


def _reshaped(W: Array) -> Array:
    return W.reshape(W.shape[::-1]).T


STEP = [
    *gate_orders(lstm_step),
    Mistake(
        "tanh-on-gates",
        "a cell whose gates i, f and o go through tanh",
        "Between which two values must a gate lie, to be shut or open or in between?",
        GATES,
        cell(gates=np.tanh),
    ),
    Mistake(
        "sigmoid-on-candidate",
        "a cell whose candidate g goes through the sigmoid",
        "With f at 1, can your cell state ever go down?",
        GATES,
        cell(candidate=sigmoid),
    ),
    Mistake(
        "softmax-over-gates",
        "a cell whose gates share a softmax",
        "Can your cell keep everything and write everything in the same step?",
        GATES,
        cell(gates=lambda a: np.exp(a) / np.exp(a).sum(axis=0)),
    ),
    Mistake(
        "input-gate-is-1-minus-f",
        "a cell whose input gate is 1 - f, as in the coupled variant of the LSTM",
        "Which rows of W_x does your input gate read?",
        GATES,
        cell(c=lambda s: s.f * s.c_prev + (1 - s.f) * s.g),
    ),
    Mistake(
        "forget-gate-is-1-minus-i",
        "a cell whose forget gate is 1 - i",
        "Which rows of W_x does your forget gate read?",
        GATES,
        cell(c=lambda s: (1 - s.i) * s.c_prev + s.i * s.g),
    ),
    Mistake(
        "forget-gate-omitted",
        "a cell that keeps all of c_prev, whatever its forget gate says",
        "With b_f at -1000, how much of c_prev is left in your c?",
        CELL,
        cell(c=lambda s: s.c_prev + s.i * s.g),
    ),
    Mistake(
        "input-gate-omitted",
        "a cell that writes all of its candidate, whatever its input gate says",
        "With b_i at -1000, how much of g gets into your c?",
        CELL,
        cell(c=lambda s: s.f * s.c_prev + s.g),
    ),
    Mistake(
        "c-prev-unused",
        "a cell that keeps nothing of c_prev",
        "With b_f at 1000, how much of c_prev is left in your c?",
        CELL,
        cell(c=lambda s: s.i * s.g),
    ),
    Mistake(
        "c-from-h-prev",
        "a cell that reads its old memory from h_prev",
        "Which of the two states carries the memory from step to step?",
        CELL,
        cell(c=lambda s: s.f * s.h_prev + s.i * s.g),
    ),
    Mistake(
        "tanh-of-c-missing",
        "a cell whose h is the output gate times c itself",
        "How large does your h get when c is 10?",
        CELL,
        cell(h=lambda s: s.o * s.c),
    ),
    Mistake(
        "sigmoid-of-c",
        "a cell whose h reads c through the sigmoid",
        "Can your h be negative?",
        CELL,
        cell(h=lambda s: s.o * sigmoid(s.c)),
    ),
    Mistake(
        "h-from-c-prev",
        "a cell whose h reads c_prev",
        "Does h read the memory before the step or after it?",
        CELL,
        cell(h=lambda s: s.o * np.tanh(s.c_prev)),
    ),
    Mistake(
        "output-gate-omitted",
        "a cell that shows all of its memory, whatever its output gate says",
        "With b_o at -1000, what is left of your h?",
        CELL,
        cell(h=lambda s: np.tanh(s.c)),
    ),
    Mistake(
        "c-returned-for-h",
        "a cell that returns c in the place of h",
        "Which of the two states goes through the output gate?",
        CELL,
        cell(h=lambda s: s.c),
    ),
    Mistake(
        "h-and-c-swapped",
        "a cell that returns its two states the other way round",
        "In which order does the signature promise h and c?",
        CELL,
        lambda *arguments: lstm_step(*arguments)[::-1],
    ),
    Mistake(
        "W_h-not-transposed",
        "a cell that uses each (H, H) block of W_h the other way round",
        "In a block of W_h, which axis belongs to h_prev and which to the gate?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, untransposed(W_h), b)),
    ),
    Mistake(
        "weights-reshaped",
        "a cell that reshapes the weights to (I, 4H) and (H, 4H)",
        "Where does W_x[0, 1] go in a reshape, and where in a transpose?",
        GATES,
        weights(lambda W_x, W_h, b: (_reshaped(W_x), _reshaped(W_h), b)),
    ),
    Mistake(
        "bias-forgotten",
        "a cell without b",
        "What do your gates do when x and h_prev are all zero?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, W_h, 0 * b)),
    ),
    Mistake(
        "recurrent-term-forgotten",
        "a cell whose gates do not see h_prev",
        "Does anything change in your gates when h_prev does?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, 0 * W_h, b)),
    ),
    Mistake(
        "input-term-forgotten",
        "a cell whose gates do not see x",
        "Does anything change in your gates when x does?",
        GATES,
        weights(lambda W_x, W_h, b: (0 * W_x, W_h, b)),
    ),
]


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


def _returning(change: Callable[[Array, tuple, Array], tuple[Array, tuple]]) -> Function:
    """Make a layer that is right but for what it returns; ``change`` sees hs, (h, c) and h0."""
    return lambda x, h0, *rest: change(*lstm_forward(x, h0, *rest), h0)


def _cell_states(*arguments: Array) -> tuple:
    hs, last = over_time(lambda *given: lstm_step(*given)[::-1], lambda new, _: new[::-1])(
        *arguments
    )
    return hs, last[::-1]


CARRIED = "Which two arrays does step 2 start from in your loop?"
FORWARD = [
    *(replace(mistake, wrong=over_time(mistake.wrong)) for mistake in STEP),
    Mistake(
        "h-not-carried",
        "a loop in which every step sees h0",
        CARRIED,
        TIME,
        over_time(lstm_step, lambda new, first: (first[0], new[1])),
    ),
    Mistake(
        "c-not-carried",
        "a loop in which every step sees c0",
        CARRIED,
        TIME,
        over_time(lstm_step, lambda new, first: (new[0], first[1])),
    ),
    Mistake(
        "state-not-carried",
        "a loop in which every step sees h0 and c0",
        CARRIED,
        TIME,
        over_time(lstm_step, lambda new, first: first),
    ),
    Mistake(
        "state-carried-swapped",
        "a loop that hands h and c to the next step the other way round",
        CARRIED,
        TIME,
        over_time(lstm_step, lambda new, first: new[::-1]),
    ),
    Mistake(
        "initial-state-ignored",
        "a loop that starts from zeros",
        "Which two arrays does step 1 start from in your loop?",
        TIME,
        lambda x, h0, c0, *rest: lstm_forward(x, 0 * h0, 0 * c0, *rest),
    ),
    Mistake(
        "time-reversed",
        "a loop that reads x from its last step to its first",
        "Which part of x does your first step read?",
        TIME,
        lambda x, *rest: lstm_forward(x[::-1], *rest),
    ),
    Mistake(
        "hs-batch-first",
        "a layer that returns hs as (B, T, H), the batch-first convention",
        "Which axis is time in this course?",
        TIME,
        _returning(lambda hs, last, h0: (hs.swapaxes(0, 1), last)),
    ),
    Mistake(
        "hs-holds-h0",
        "a loop that returns h0 as part of hs",
        "How many steps has x, and how many states are in your hs?",
        TIME,
        _returning(lambda hs, last, h0: (np.concatenate([h0[None], hs]), last)),
    ),
    Mistake(
        "hs-one-step-behind",
        "a loop whose hs holds the state before each step",
        "Do you store h before or after the step that makes it?",
        TIME,
        _returning(lambda hs, last, h0: (np.concatenate([h0[None], hs[:-1]]), last)),
    ),
    Mistake(
        "hs-of-cell-states",
        "a loop that collects c in hs",
        "Which of the two states is the layer's output?",
        TIME,
        _cell_states,
    ),
    Mistake(
        "last-state-swapped",
        "a layer whose last state is (c, h)",
        "In which order does the signature promise h and c?",
        TIME,
        _returning(lambda hs, last, h0: (hs, last[::-1])),
    ),
]
