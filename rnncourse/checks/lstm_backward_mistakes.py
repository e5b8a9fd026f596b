"""What learners write instead of the LSTM's backward pass, each mistake as a formula that runs."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import (
    lstm_backward,
    lstm_gates,
    lstm_step,
    lstm_step_backward,
    sigmoid,
    unroll,
)
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.lstm_mistakes import STEP as FORWARD_STEP
from rnncourse.checks.lstm_mistakes import gate_orders, untransposed

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

BACKWARD = "lstm-backward"


def cell(
    dc: Formula = lambda s: s.dc_next + s.dh * s.o * (1 - s.tanh_c**2),
    dc_prev: Formula = lambda s: s.dc * s.f,
    df: Formula = lambda s: s.dc * s.c_prev,
    do: Formula = lambda s: s.dh * s.tanh_c,
    gate_slope: Callable = lambda gate: gate * (1 - gate),
    candidate_slope: Callable = lambda g: 1 - g**2,
    dh_prev: Formula = lambda s: s.da @ s.W_h,
    read_by_dW_h: Formula = lambda s: s.h_prev,
    share: Callable[[int], float] = lambda B: 1.0,
) -> Function:
    """Make a backward step of these formulas, which see the gates, both states and what precedes.

    ``dc_next`` is the gradient that comes from the next step, ``dc`` all of it.
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
        roads = s.dc * s.g, df(s), s.dc * s.i, do(s)
        s.da = np.concatenate([d * slope for d, slope in zip(roads, slopes, strict=True)], axis=-1)
        s.dh_prev = dh_prev(s)
        da = s.da * share(len(x))
        dW_x, dW_h = da.T @ x, da.T @ read_by_dW_h(s)
        return s.da @ W_x, s.dh_prev, dc_prev(s), dW_x, dW_h, da.sum(axis=0)

    return backward


DC = "Along how many roads does the loss reach c, and does your dc count each of them?"
STEP = [
    *(replace(m, section=BACKWARD) for m in gate_orders(lstm_step_backward)),
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
        "activation-applied-twice",
        "a backward pass that applies the sigmoid and tanh to gates that went through them already",
        "What does the function that gives your slopes expect, a or the gate?",
        BACKWARD,
        cell(
            gate_slope=lambda gate: sigmoid(gate) * (1 - sigmoid(gate)),
            candidate_slope=lambda g: 1 - np.tanh(g) ** 2,
        ),
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
        "W_h-transposed",
        "a backward pass that uses each (H, H) block of W_h the other way round",
        "If a = h W.T, which matrix takes da back to h?",
        BACKWARD,
        cell(dh_prev=lambda s: s.da @ untransposed(s.W_h)),
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
]


def over_time(
    step_backward: Function = lstm_step_backward,
    step: Function = lstm_step,
    carry_h: bool = True,
    carry_c: bool = True,
    add: Callable[[Array, Array], Array] = np.add,
    forwards: bool = False,
) -> Function:
    """Go back through time, but for what the options change."""

    def backward(
        x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
    ) -> tuple:
        states = unroll(step, x, (h0, c0), (W_x, W_h, b))
        dx, dh, dc = np.empty_like(x), np.zeros_like(h0), np.zeros_like(c0)
        gradients = [np.zeros_like(parameter) for parameter in (W_x, W_h, b)]
        for t in range(len(x)) if forwards else reversed(range(len(x))):
            dh = dhs[t] + dh * carry_h
            dx[t], dh, dc, *here = step_backward(x[t], *states[t], W_x, W_h, b, dh, dc * carry_c)
            gradients = [add(total, part) for total, part in zip(gradients, here, strict=True)]
        return dx, dh, dc, *gradients

    return backward


def _over_states_of(mistake: Mistake) -> Mistake:
    """Go back rightly over the states of a wrong forward pass, as code on top of lstm_step does."""
    return Mistake(
        f"states-of-{mistake.slug}",
        f"a right backward pass over the states of {mistake.says}",
        "Which function makes your states, and does it pass its own check?",
        mistake.section,
        over_time(step=mistake.wrong),
    )


def _only_the_last(
    x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
) -> tuple:
    last = np.zeros_like(dhs)
    last[-1] = dhs[-1]
    return lstm_backward(x, h0, c0, W_x, W_h, b, last)


def _averaged(*arguments: Array) -> tuple:
    dx, dh0, dc0, *gradients = lstm_backward(*arguments)
    return dx, dh0, dc0, *(gradient / len(dx) for gradient in gradients)


def _dx_reversed(*arguments: Array) -> tuple:
    dx, *rest = lstm_backward(*arguments)
    return dx[::-1], *rest


OVER_TIME = [
    *(
        replace(mistake, wrong=over_time(mistake.wrong))
        for mistake in STEP
        if not mistake.slug.startswith(("gate-order", "i-and-f"))
    ),
    *(replace(m, section=BACKWARD) for m in gate_orders(lstm_backward)),
    *map(_over_states_of, FORWARD_STEP),
    Mistake(
        "dh-carry-dropped",
        "a loop in which each step sees the dh of its own output alone",
        "Which two roads lead from h_t to the loss?",
        BACKWARD,
        over_time(carry_h=False),
    ),
    Mistake(
        "no-carry",
        "a loop in which nothing goes back from one step to the one before, as after a detach",
        "How does step 1 of your loop learn what h_1 and c_1 did to the later outputs?",
        BACKWARD,
        over_time(carry_h=False, carry_c=False),
    ),
    Mistake(
        "parameter-gradients-overwritten",
        "a loop that keeps the gradients of the parameters of one step alone",
        "In how many steps are the same W_x, W_h and b used?",
        BACKWARD,
        over_time(add=lambda total, part: part),
    ),
    Mistake(
        "averaged-over-time",
        "a loop that averages the gradients of the parameters over time",
        "If b moves a little, do the effects at all steps add up or average out?",
        BACKWARD,
        _averaged,
    ),
    Mistake(
        "only-the-last-output",
        "a loop into which only the gradient of the last output goes",
        "Which of the T gradients in dhs does your loop read?",
        BACKWARD,
        _only_the_last,
    ),
    Mistake(
        "time-runs-forward",
        "a loop that runs from the first step to the last",
        "Which step's gradients must be known before those of step t?",
        BACKWARD,
        over_time(forwards=True),
    ),
    Mistake(
        "dx-reversed",
        "a loop whose dx has its last step first",
        "At which end of your list is the dx of step 1?",
        BACKWARD,
        _dx_reversed,
    ),
]
