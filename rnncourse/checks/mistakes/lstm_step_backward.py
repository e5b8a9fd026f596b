"""What learners write instead of one step back, each mistake as a formula that runs."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import lstm_gates, lstm_step, lstm_step_backward, sigmoid
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.lstm import Array, Formula, gate_orders, untransposed

BACKWARD = "lstm-backward"


def cell(
    dc: Formula = lambda s: s.dc_next + s.dh * s.o * (1 - s.tanh_c**2),
    dc_prev: Formula = lambda s: s.dc * s.f,
    di: Formula = lambda s: s.dc * s.g,
    dg: Formula = lambda s: s.dc * s.i,
    df: Formula = lambda s: s.dc * s.c_prev,
    do: Formula = lambda s: s.dh * s.tanh_c,
    gate_slope: Callable = lambda gate: gate * (1 - gate),
    candidate_slope: Callable = lambda g: 1 - g**2,
    dh_prev: Formula = lambda s: s.da @ s.W_h,
    read_by_dW_h: Formula = lambda s: s.h_prev,
    db: Formula = lambda s: s.da.sum(axis=0),
    share: Callable[[int], float] = lambda B: 1.0,
    order: str = "ifgo",
) -> Function:
    """Make a backward step of these formulas, which see the gates, both states and what precedes.

    ``dc_next`` is the gradient that comes from the next step, ``dc`` all of it; ``order`` is that
    in which the gradients of the gates are stacked.
    """

    def backward(
        x: Array, h_prev: Array, c_prev: Array, W_x: Array, W_h: Array, b: Array, dh: Array,
        dc_next: Array,
    ) -> tuple:  # fmt: skip
        s = SimpleNamespace(**lstm_gates(x, h_prev, W_x, W_h, b)._asdict(), W_h=W_h)
        s.h_prev, s.c_prev, s.dh, s.dc_next = h_prev, c_prev, dh, dc_next
        s.h, s.c = lstm_step(x, h_prev, c_prev, W_x, W_h, b)
        s.tanh_c = np.tanh(s.c)
        s.dc = dc(s)
        slopes = gate_slope(s.i), gate_slope(s.f), candidate_slope(s.g), gate_slope(s.o)
        roads = di(s), df(s), dg(s), do(s)
        das = {gate: d * slope for gate, d, slope in zip("ifgo", roads, slopes, strict=True)}
        s.da = np.concatenate([das[gate] for gate in order], axis=-1)
        s.dh_prev = dh_prev(s)
        parameters = s.da.T @ x, s.da.T @ read_by_dW_h(s), db(s)
        parts = (gradient * share(len(x)) for gradient in parameters)
        return s.da @ W_x, s.dh_prev, dc_prev(s), *parts

    return backward


def results(function: Function) -> list[Mistake]:
    """Right gradients in another order or the other way round."""

    def returning(change: Callable[..., tuple]) -> Function:
        return lambda *arguments: change(*function(*arguments))

    asks = "In which order and shapes does the docstring promise the gradients?"
    return [
        Mistake(
            "dh-and-dc-swapped",
            "a backward pass that returns the gradients of the two states the other way round",
            asks,
            BACKWARD,
            returning(lambda dx, dh, dc, *rest: (dx, dc, dh, *rest)),
        ),
        Mistake(
            "parameters-first",
            "a backward pass that returns dW_x, dW_h and db before the others",
            asks,
            BACKWARD,
            returning(lambda dx, dh, dc, *rest: (*rest, dx, dh, dc)),
        ),
        Mistake(
            "dW-swapped",
            "a backward pass that returns dW_h before dW_x",
            asks,
            BACKWARD,
            returning(lambda dx, dh, dc, dW_x, dW_h, db: (dx, dh, dc, dW_h, dW_x, db)),
        ),
        Mistake(
            "dW-transposed",
            "a backward pass that returns dW_x and dW_h transposed",
            asks,
            BACKWARD,
            returning(lambda dx, dh, dc, dW_x, dW_h, db: (dx, dh, dc, dW_x.T, dW_h.T, db)),
        ),
    ]


ROADS_TO_C = "Which of the two roads from the loss to c leads through h, and which past it?"
DC = "Along how many roads does the loss reach c, and does your dc count each of them?"
STEP = [
    *(replace(m, section=BACKWARD) for m in gate_orders(lstm_step_backward)),
    *results(lstm_step_backward),
    Mistake(
        "dc-carry-dropped",
        "a backward pass in which the dc of the next step is lost",
        DC,
        BACKWARD,
        cell(dc=lambda s: s.dh * s.o * (1 - s.tanh_c**2)),
    ),
    Mistake(
        "road-through-h-dropped",
        "a backward pass in which dh does not reach c",
        DC,
        BACKWARD,
        cell(dc=lambda s: s.dc_next),
    ),
    Mistake(
        "slope-of-tanh-from-c",
        "a backward pass with 1 - c**2 for the slope of tanh(c)",
        "Of which number is 1 - y**2 the slope, of tanh's input or of its output?",
        BACKWARD,
        cell(dc=lambda s: s.dc_next + s.dh * s.o * (1 - s.c**2)),
    ),
    Mistake(
        "slope-of-tanh-missing",
        "a backward pass without the slope of tanh(c)",
        "How much does h move when c moves, if c is already at 10?",
        BACKWARD,
        cell(dc=lambda s: s.dc_next + s.dh * s.o),
    ),
    Mistake(
        "slope-of-tanh-not-squared",
        "a backward pass with 1 - tanh(c) for the slope of tanh(c)",
        "What is the slope of tanh where tanh(c) is -0.9, and what does your line give?",
        BACKWARD,
        cell(dc=lambda s: s.dc_next + s.dh * s.o * (1 - s.tanh_c)),
    ),
    Mistake(
        "slope-of-tanh-of-tanh",
        "a backward pass that takes the tanh of tanh(c) for the slope of tanh(c)",
        "Of which number is 1 - y**2 the slope, and has your y gone through tanh twice?",
        BACKWARD,
        cell(dc=lambda s: s.dc_next + s.dh * s.o * (1 - np.tanh(s.tanh_c) ** 2)),
    ),
    Mistake(
        "slope-of-tanh-on-dc-next",
        "a backward pass in which the dc of the next step meets the slope of tanh(c), too",
        ROADS_TO_C,
        BACKWARD,
        cell(dc=lambda s: (s.dc_next + s.dh * s.o) * (1 - s.tanh_c**2)),
    ),
    Mistake(
        "output-gate-on-dc-next",
        "a backward pass in which the dc of the next step meets o and the slope of tanh(c), too",
        ROADS_TO_C,
        BACKWARD,
        cell(dc=lambda s: (s.dc_next + s.dh) * s.o * (1 - s.tanh_c**2)),
    ),
    Mistake(
        "output-gate-missing-in-dc",
        "a backward pass in which dh reaches c past the output gate",
        "With o at 0, how much does h move when c moves?",
        BACKWARD,
        cell(dc=lambda s: s.dc_next + s.dh * (1 - s.tanh_c**2)),
    ),
    Mistake(
        "gate-slope-missing",
        "a backward pass without the slope of the sigmoid in i, f and o",
        "Is your da_f the gradient of f, or of what f is the sigmoid of?",
        BACKWARD,
        cell(gate_slope=np.ones_like),
    ),
    Mistake(
        "candidate-slope-missing",
        "a backward pass without the slope of tanh in g",
        "Is your da_g the gradient of g, or of what g is the tanh of?",
        BACKWARD,
        cell(candidate_slope=np.ones_like),
    ),
    Mistake(
        "slopes-missing",
        "a backward pass without the slopes of the sigmoid and of tanh in the gates",
        "Are your da the gradients of the gates, or of what goes into them?",
        BACKWARD,
        cell(gate_slope=np.ones_like, candidate_slope=np.ones_like),
    ),
    Mistake(
        "tanh-slope-on-gates",
        "a backward pass with 1 - y**2, the slope of tanh, for i, f and o",
        "Of which curve is y (1 - y) the slope, and of which 1 - y**2?",
        BACKWARD,
        cell(gate_slope=lambda gate: 1 - gate**2),
    ),
    Mistake(
        "sigmoid-slope-on-candidate",
        "a backward pass with y (1 - y), the slope of the sigmoid, for g",
        "Of which curve is y (1 - y) the slope, and of which 1 - y**2?",
        BACKWARD,
        cell(candidate_slope=lambda g: g * (1 - g)),
    ),
    Mistake(
        "i-and-g-roads-swapped",
        "a backward pass in which dc is multiplied by i on its way to i, and by g on its way to g",
        "When i moves a little, how much does i * g move?",
        BACKWARD,
        cell(di=lambda s: s.dc * s.i, dg=lambda s: s.dc * s.g),
    ),
    Mistake(
        "activation-applied-twice",
        "a backward pass that applies the sigmoid and tanh to gates that went through them already",
        "What does the function that gives your slopes expect, a or the gate?",
        BACKWARD,
        cell(
            gate_slope=lambda gate: sigmoid(gate) * (1 - sigmoid(gate)),
            candidate_slope=lambda g: 1 - np.tanh(g) ** 2,
        ),
    ),
    *(
        Mistake(
            f"stacked-{order}-on-the-way-back",
            f"a backward pass that stacks the gradients {' '.join(order)}, "
            "over a forward pass that does not",
            "In which order does your code join the gradients of the four blocks?",
            BACKWARD,
            cell(order=order),
        )
        for order in ("ifog", "figo")
    ),
    Mistake(
        "forget-gate-missing-in-dc-prev",
        "a backward pass in which dc reaches c_prev past the forget gate",
        "With f at 0, how much does c move when c_prev moves?",
        BACKWARD,
        cell(dc_prev=lambda s: s.dc),
    ),
    Mistake(
        "dc-prev-without-dh",
        "a backward pass whose dc_prev counts the dc of the next step alone",
        DC,
        BACKWARD,
        cell(dc_prev=lambda s: s.dc_next * s.f),
    ),
    Mistake(
        "dh-overwritten-before-dc-prev",
        "a backward pass that overwrites dh with dh_prev before it computes dc_prev from dh",
        "Which value does the name dh hold in the line that computes your dc_prev?",
        BACKWARD,
        cell(dc_prev=lambda s: (s.dc_next + s.dh_prev * s.o * (1 - s.tanh_c**2)) * s.f),
    ),
    Mistake(
        "forget-gate-reads-new-c",
        "a backward pass whose forget gate multiplied the new c",
        "Which c did the forget gate multiply in the forward pass?",
        BACKWARD,
        cell(df=lambda s: s.dc * s.c),
    ),
    Mistake(
        "output-gate-reads-c",
        "a backward pass whose output gate multiplied c instead of tanh(c)",
        "What did the output gate multiply in the forward pass?",
        BACKWARD,
        cell(do=lambda s: s.dh * s.c),
    ),
    Mistake(
        "output-gate-gets-dc",
        "a backward pass in which dc goes to the output gate in the place of dh",
        "Which of the two outputs of the step does o act on?",
        BACKWARD,
        cell(do=lambda s: s.dc * s.tanh_c),
    ),
    Mistake(
        "W_h-transposed",
        "a backward pass that uses each (H, H) block of W_h the other way round",
        "If a = h W.T, which matrix takes da back to h?",
        BACKWARD,
        cell(dh_prev=lambda s: s.da @ untransposed(s.W_h)),
    ),
    Mistake(
        "dh-passed-on",
        "a backward pass that adds dh itself to dh_prev",
        "Does h go from step to step by itself, as c does, or through the gates alone?",
        BACKWARD,
        cell(dh_prev=lambda s: s.dh + s.da @ s.W_h),
    ),
    Mistake(
        "dW_h-from-new-h",
        "a backward pass whose dW_h is made with the new h",
        "Which h did W_h multiply in the forward pass?",
        BACKWARD,
        cell(read_by_dW_h=lambda s: s.h),
    ),
    Mistake(
        "averaged-over-batch",
        "a backward pass that averages the gradients of the parameters over the batch",
        "Does dh already hold the share of each sequence in the loss?",
        BACKWARD,
        cell(share=lambda B: 1 / B),
    ),
    Mistake(
        "db-averaged-over-batch",
        "a backward pass that averages db over the batch, and adds up dW_x and dW_h",
        "W_x, W_h and b serve the same sequences. Is what you do over the batch the same?",
        BACKWARD,
        cell(db=lambda s: s.da.mean(axis=0)),
    ),
]
