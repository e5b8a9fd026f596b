"""What learners write instead of a GRU in torch, each mistake as a module that runs."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.ps4_layers import Step, layer, rows
from rnncourse.checks.mistakes.ps4_shared import AUTOGRAD, PARAMETERS, gate_orders, shared

Tensor = Any
Formula = Callable[[SimpleNamespace], Tensor]


def sigmoid(a: Tensor) -> Tensor:
    return a.sigmoid()


def tanh(a: Tensor) -> Tensor:
    return a.tanh()


def gru_step(
    n: Formula = lambda s: (s.a_n + s.r * s.u_n).tanh(),
    h: Formula = lambda s: (1 - s.z) * s.n + s.z * s.h_prev,
    gate: Callable = sigmoid,
) -> Step:
    """Make a step of these formulas, which see the gates, both halves of n's rows, and h_prev."""

    def step(x: Tensor, states: tuple, *weights: Tensor) -> tuple:
        s = rows(x, states, *weights)
        a_r, a_z, s.a_n = s.a.chunk(3, dim=-1)
        u_r, u_z, s.u_n = s.u.chunk(3, dim=-1)
        s.W_hn, s.b_hn = weights[1].chunk(3)[2], weights[3].chunk(3)[2]
        s.r, s.z = gate(a_r + u_r), gate(a_z + u_z)
        s.n = n(s)
        return (h(s),)

    return step


def _gru(**formulas: Any) -> Function:
    return layer(gru_step(**formulas), 3)


BETWEEN = "Between which two values must a gate lie, to be shut or open or in between?"
ROADS = "Over which two roads does the gradient of a late step reach an early one?"
RESET = "What does r multiply in torch.nn.GRU, and what is inside that product?"

GRU = [
    *gate_orders(
        gru_step(),
        "rzn",
        {
            "zrn": ("gate-order-zrn", "a layer whose rows are stacked z r n, as in Keras and ONNX"),
        },
    ),
    *shared(gru_step(), 3),
    Mistake(
        "z-swapped",
        "a cell in which z = 1 takes the candidate, the convention of Chung et al. (2014)",
        "With z at 1, does torch.nn.GRU keep its state or renew it?",
        PARAMETERS,
        _gru(h=lambda s: s.z * s.n + (1 - s.z) * s.h_prev),
    ),
    Mistake(
        "reset-before-the-product",
        "a cell that applies r to h before the recurrent product, the default of ONNX",
        RESET,
        PARAMETERS,
        _gru(n=lambda s: (s.a_n + (s.r * s.h_prev) @ s.W_hn.t() + s.b_hn).tanh()),
    ),
    Mistake(
        "b-hn-outside-the-reset",
        "a cell that adds its recurrent bias outside the product with r",
        RESET,
        PARAMETERS,
        _gru(n=lambda s: (s.a_n + s.r * (s.u_n - s.b_hn) + s.b_hn).tanh()),
    ),
    Mistake(
        "reset-on-the-input-too",
        "a cell whose r multiplies the input's half of the candidate as well",
        RESET,
        PARAMETERS,
        _gru(n=lambda s: (s.r * (s.a_n + s.u_n)).tanh()),
    ),
    Mistake(
        "reset-on-the-input-alone",
        "a cell whose r multiplies the input's half of the candidate",
        RESET,
        PARAMETERS,
        _gru(n=lambda s: (s.r * s.a_n + s.u_n).tanh()),
    ),
    Mistake(
        "reset-unused",
        "a cell without a reset gate",
        "Which line of yours reads r?",
        PARAMETERS,
        _gru(n=lambda s: (s.a_n + s.u_n).tanh()),
    ),
    Mistake(
        "update-gate-for-reset",
        "a cell whose candidate reads z in the place of r",
        "Which of the two gates acts inside the candidate?",
        PARAMETERS,
        _gru(n=lambda s: (s.a_n + s.z * s.u_n).tanh()),
    ),
    Mistake(
        "sigmoid-on-candidate",
        "a cell whose candidate n goes through the sigmoid",
        "Can your h ever become negative?",
        PARAMETERS,
        _gru(n=lambda s: (s.a_n + s.r * s.u_n).sigmoid()),
    ),
    Mistake(
        "tanh-on-gates",
        "a cell whose gates r and z go through tanh",
        BETWEEN,
        PARAMETERS,
        _gru(gate=tanh),
    ),
    Mistake(
        "candidate-not-weighed",
        "a cell that adds all of its candidate to z times its old state",
        "Can your h leave the range from -1 to 1?",
        PARAMETERS,
        _gru(h=lambda s: s.n + s.z * s.h_prev),
    ),
    Mistake(
        "b-hn-twice",
        "a cell that adds its recurrent bias both inside the product with r and outside of it",
        RESET,
        PARAMETERS,
        _gru(n=lambda s: (s.a_n + s.b_hn + s.r * s.u_n).tanh()),
    ),
    Mistake(
        "old-state-not-weighed",
        "a cell that adds z times the candidate to all of its old state",
        "Can your h leave the range from -1 to 1?",
        PARAMETERS,
        _gru(h=lambda s: s.h_prev + s.z * s.n),
    ),
    Mistake(
        "old-state-kept-whole",
        "a cell that adds (1 - z) times the candidate to all of its old state",
        "Can your h leave the range from -1 to 1?",
        PARAMETERS,
        _gru(h=lambda s: s.h_prev + (1 - s.z) * s.n),
    ),
    Mistake(
        "tanh-of-h",
        "a cell that sends its new state through tanh once more",
        "With z at 1, is your new h the old one?",
        PARAMETERS,
        _gru(h=lambda s: ((1 - s.z) * s.n + s.z * s.h_prev).tanh()),
    ),
    Mistake(
        "old-state-detached-in-the-mixture",
        "a cell in which z times the old state carries no gradient",
        ROADS,
        AUTOGRAD,
        _gru(h=lambda s: (1 - s.z) * s.n + s.z * s.h_prev.detach()),
    ),
]
