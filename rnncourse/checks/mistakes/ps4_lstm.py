"""What learners write instead of an LSTM in torch, each mistake as a module that runs."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.ps4_layers import Step, layer, rows
from rnncourse.checks.mistakes.ps4_shared import (
    CARRIED,
    PARAMETERS,
    RETURNED,
    STATE,
    detached_on_the_way,
    gate_orders,
    shared,
)

Tensor = Any
Formula = Callable[[SimpleNamespace], Tensor]


def sigmoid(a: Tensor) -> Tensor:
    return a.sigmoid()


def tanh(a: Tensor) -> Tensor:
    return a.tanh()


def lstm_step(
    c: Formula = lambda s: s.f * s.c_prev + s.i * s.g,
    h: Formula = lambda s: s.o * s.c.tanh(),
    gate: Callable = sigmoid,
    candidate: Callable = tanh,
) -> Step:
    """Make a step of these formulas, which see the gates, the old states and the new c."""

    def step(x: Tensor, states: tuple, *weights: Tensor) -> tuple:
        s = rows(x, states, *weights)
        a_i, a_f, a_g, a_o = (s.a + s.u).chunk(4, dim=-1)
        s.i, s.f, s.g, s.o = gate(a_i), gate(a_f), candidate(a_g), gate(a_o)
        s.c = c(s)
        return h(s), s.c

    return step


def _lstm(**formulas: Any) -> Function:
    return layer(lstm_step(**formulas), 4)


def _with_forget_bias(W_x: Tensor, W_h: Tensor, b_x: Tensor, b_h: Tensor) -> tuple:
    H = W_h.shape[1]
    ones = b_x.new_zeros(4 * H)
    ones[H : 2 * H] = 1
    return W_x, W_h, b_x + ones, b_h


BETWEEN = "Between which two values must a gate lie, to be shut or open or in between?"
HIDDEN = "Which of the two states goes through the output gate, and which is handed on as it is?"

LSTM = [
    *gate_orders(
        lstm_step(),
        "ifgo",
        {
            "figo": ("i-and-f-swapped", "a layer whose input and forget gates are swapped"),
            "iofg": ("gate-order-iofg", "a layer whose rows are stacked i o f g, as in ONNX"),
            "igfo": (
                "gate-order-igfo",
                "a layer whose rows are stacked i g f o, as in TensorFlow 1",
            ),
        },
    ),
    *shared(lstm_step(), 4),
    Mistake(
        "tanh-on-gates",
        "a cell whose gates i, f and o go through tanh",
        BETWEEN,
        PARAMETERS,
        _lstm(gate=tanh),
    ),
    Mistake(
        "sigmoid-on-candidate",
        "a cell whose candidate g goes through the sigmoid",
        "With f at 1, can your cell state ever go down?",
        PARAMETERS,
        _lstm(candidate=sigmoid),
    ),
    Mistake(
        "input-gate-is-1-minus-f",
        "a cell whose input gate is 1 - f, as in the coupled variant of the LSTM",
        "Which rows of the weights does your input gate read?",
        PARAMETERS,
        _lstm(c=lambda s: s.f * s.c_prev + (1 - s.f) * s.g),
    ),
    Mistake(
        "forget-gate-omitted",
        "a cell that keeps all of c, whatever its forget gate says",
        "With the forget gate's bias at -1000, how much of the old c is left in the new one?",
        PARAMETERS,
        _lstm(c=lambda s: s.c_prev + s.i * s.g),
    ),
    Mistake(
        "input-gate-omitted",
        "a cell that takes in all of its candidate, whatever its input gate says",
        "With the input gate's bias at -1000, how much of g is in the new c?",
        PARAMETERS,
        _lstm(c=lambda s: s.f * s.c_prev + s.g),
    ),
    Mistake(
        "c-from-h",
        "a cell that reads its old memory from h",
        "Which of the two states carries the memory from step to step?",
        STATE,
        _lstm(c=lambda s: s.f * s.h_prev + s.i * s.g),
    ),
    Mistake(
        "tanh-of-c-missing",
        "a cell whose h is the output gate times c itself",
        "How large does your h get when c is 10?",
        PARAMETERS,
        _lstm(h=lambda s: s.o * s.c),
    ),
    Mistake(
        "sigmoid-of-c",
        "a cell whose h reads c through the sigmoid",
        "Can your h be negative?",
        PARAMETERS,
        _lstm(h=lambda s: s.o * s.c.sigmoid()),
    ),
    Mistake(
        "output-gate-omitted",
        "a cell that shows all of its memory, whatever its output gate says",
        "With the output gate's bias at -1000, what is left of your h?",
        PARAMETERS,
        _lstm(h=lambda s: s.c.tanh()),
    ),
    Mistake(
        "h-from-the-old-c",
        "a cell whose h reads c as it was before the step",
        "Does h read the memory before the step or after it?",
        PARAMETERS,
        _lstm(h=lambda s: s.o * s.c_prev.tanh()),
    ),
    Mistake(
        "forget-bias-added",
        "a cell that adds 1 to the forget gate's row at each step, as TensorFlow 1 does",
        "What do the weights that you load know of a constant in your code?",
        PARAMETERS,
        layer(lstm_step(), 4, weights=_with_forget_bias),
    ),
    Mistake(
        "hs-of-cell-states",
        "a layer that collects c in hs",
        HIDDEN,
        STATE,
        layer(lstm_step(), 4, shown=1),
    ),
    Mistake(
        "c-for-h",
        "a cell whose h is c",
        HIDDEN,
        STATE,
        _lstm(h=lambda s: s.c),
    ),
    Mistake(
        "h-tanh-twice",
        "a cell that carries tanh(c) in the place of c",
        HIDDEN,
        STATE,
        layer(
            lstm_step(c=lambda s: (s.f * s.c_prev + s.i * s.g).tanh(), h=lambda s: s.o * s.c),
            4,
        ),
    ),
    Mistake(
        "state-read-swapped",
        "a layer that reads the state it is given as (c, h)",
        "In which order do h and c stand in torch.nn's state?",
        STATE,
        layer(lstm_step(), 4, before=lambda x, first: (x, first[::-1])),
    ),
    Mistake(
        "state-returned-swapped",
        "a layer whose last state is (c, h)",
        "In which order do h and c stand in torch.nn's state?",
        STATE,
        layer(lstm_step(), 4, after=lambda hs, last, first: (hs, last[::-1])),
    ),
    Mistake(
        "state-swapped-both-ways",
        "a layer that reads and returns its state as (c, h)",
        "In which order do h and c stand in torch.nn's state?",
        STATE,
        layer(
            lstm_step(),
            4,
            before=lambda x, first: (x, first[::-1]),
            after=lambda hs, last, first: (hs, last[::-1]),
        ),
    ),
    Mistake(
        "c-starts-from-zeros",
        "a layer that takes h from the state it is given and starts c from zeros",
        "How many parts has the state of an LSTM?",
        STATE,
        layer(lstm_step(), 4, before=lambda x, first: (x, (first[0], first[1].detach() * 0))),
    ),
    Mistake(
        "c-starts-from-h",
        "a layer that starts c from the h it is given",
        "How many parts has the state of an LSTM?",
        STATE,
        layer(lstm_step(), 4, before=lambda x, first: (x, (first[0], first[0]))),
    ),
    Mistake(
        "h-not-carried",
        "a loop in which every step sees the first h",
        CARRIED,
        STATE,
        layer(lstm_step(), 4, carry=lambda new, first: (first[0], new[1])),
    ),
    Mistake(
        "c-not-carried",
        "a loop in which every step sees the first c",
        CARRIED,
        STATE,
        layer(lstm_step(), 4, carry=lambda new, first: (new[0], first[1])),
    ),
    Mistake(
        "h-returned-for-c",
        "a layer whose last state is (h, h)",
        RETURNED,
        STATE,
        layer(lstm_step(), 4, after=lambda hs, last, first: (hs, (last[0], last[0]))),
    ),
    *detached_on_the_way(lstm_step(), 4, "h", [0]),
    *detached_on_the_way(lstm_step(), 4, "c", [1]),
]
