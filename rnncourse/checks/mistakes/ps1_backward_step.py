"""What learners write for one step of the RNN's backward pass, as formulas that run."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import rnn_step, unroll
from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

GRADIENT = "bptt-gradient"


def back(
    da: Formula = lambda s: s.dh * (1 - s.h**2),
    dx: Formula = lambda s: s.da @ s.W_x,
    dh_prev: Formula = lambda s: s.da @ s.W_h,
    dW_x: Formula = lambda s: s.da.T @ s.x,
    dW_h: Formula = lambda s: s.da.T @ s.h_prev,
    db: Formula = lambda s: s.da.sum(axis=0),
    step: Function = rnn_step,
    read: Callable[[Array, int], Array] = lambda dhs, t: dhs[t],
    add: Callable[[Array, Array], Array] = np.add,
    steps: Callable[[int], list[int]] = lambda T: list(range(T))[::-1],
) -> Function:
    """Make a backward pass of these formulas for a step, and of this loop over the steps.

    The formulas see t from 0, what went into the step, a and h that it made, the last state of
    all, dh as the sum of ``out`` and ``carry``, and then da. ``step`` makes the states,
    ``read`` picks the step's own part of dhs, ``add`` collects the gradients of the parameters.
    """

    def backward(
        x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
    ) -> tuple[Array, ...]:
        states = unroll(step, x, (h0,), (W_x, W_h, b))
        dxs, dh = np.zeros_like(x), np.zeros_like(h0)
        gradients = [np.zeros_like(parameter) for parameter in (W_x, W_h, b)]
        for t in steps(len(x)):
            s = SimpleNamespace(t=t, x=x[t], h_prev=states[t][0], W_x=W_x, W_h=W_h)
            s.h, s.last = states[t + 1][0], states[-1][0]
            s.a = s.x @ W_x.T + s.h_prev @ W_h.T + b
            s.out, s.carry = read(dhs, t), dh
            s.dh = s.out + s.carry
            s.da = da(s)
            dxs[t], dh = dx(s), dh_prev(s)
            here = dW_x(s), dW_h(s), db(s)
            gradients = [add(total, part) for total, part in zip(gradients, here, strict=True)]
        return dxs, dh, *gradients

    return backward


SLOPE = "Of which number is 1 - y**2 the slope, and where does it go in your lines?"
ROAD = "Which two roads lead from h_t to the loss, and what does each multiply the gradient with?"
AT_A_STEP = [
    Mistake(
        "slope-missing",
        "a backward pass without the slope of tanh",
        SLOPE,
        GRADIENT,
        back(da=lambda s: s.dh),
    ),
    Mistake(
        "slope-twice",
        "a backward pass that multiplies with the slope of tanh twice",
        SLOPE,
        GRADIENT,
        back(da=lambda s: s.dh * (1 - s.h**2) ** 2),
    ),
    Mistake(
        "slope-from-a",
        "a backward pass with 1 - a**2 for the slope of tanh(a)",
        "Of which number is 1 - y**2 the slope, of tanh's input or of its output?",
        GRADIENT,
        back(da=lambda s: s.dh * (1 - s.a**2)),
    ),
    Mistake(
        "slope-of-tanh-of-h",
        "a backward pass that takes the tanh of h once more for the slope",
        "Has h gone through tanh already when your slope gets it?",
        GRADIENT,
        back(da=lambda s: s.dh * (1 - np.tanh(s.h) ** 2)),
    ),
    Mistake(
        "slope-of-sigmoid",
        "a backward pass with h (1 - h), the slope of the sigmoid",
        "Which curve made h, and what is its slope at 0?",
        GRADIENT,
        back(da=lambda s: s.dh * s.h * (1 - s.h)),
    ),
    Mistake(
        "slope-not-squared",
        "a backward pass with 1 - h for the slope of tanh",
        "What is the slope of tanh where h is -0.9, and what does your line give?",
        GRADIENT,
        back(da=lambda s: s.dh * (1 - s.h)),
    ),
    Mistake(
        "slope-from-old-h",
        "a backward pass whose slope is taken at h_prev",
        "Which h did the tanh of this step make?",
        GRADIENT,
        back(da=lambda s: s.dh * (1 - s.h_prev**2)),
    ),
    Mistake(
        "slope-past-the-carry",
        "a backward pass in which what the next step sends back does not meet the slope of tanh",
        SLOPE,
        GRADIENT,
        back(da=lambda s: s.out * (1 - s.h**2) + s.carry),
    ),
    Mistake(
        "slope-past-the-output",
        "a backward pass in which what the loss hands over does not meet the slope of tanh",
        SLOPE,
        GRADIENT,
        back(da=lambda s: s.out + s.carry * (1 - s.h**2)),
    ),
    Mistake(
        "W_h-transposed",
        "a backward pass that takes da back through the transpose of W_h",
        "If a = h W.T, which matrix takes da back to h?",
        GRADIENT,
        back(dh_prev=lambda s: s.da @ s.W_h.T),
    ),
    Mistake(
        "carry-without-W_h",
        "a backward pass in which da itself goes back to h_prev",
        ROAD,
        GRADIENT,
        back(dh_prev=lambda s: s.da),
    ),
    Mistake(
        "carry-without-slope",
        "a backward pass in which dh goes back to h_prev past the tanh",
        ROAD,
        GRADIENT,
        back(dh_prev=lambda s: s.dh @ s.W_h),
    ),
    Mistake(
        "carry-unchanged",
        "a backward pass in which dh goes back to h_prev as it is",
        ROAD,
        GRADIENT,
        back(dh_prev=lambda s: s.dh),
    ),
    Mistake(
        "carry-keeps-dh",
        "a backward pass in which dh_prev is added to the dh of the step it came from",
        "What does your dh hold when the loop reaches the step before?",
        GRADIENT,
        back(dh_prev=lambda s: s.dh + s.da @ s.W_h),
    ),
    Mistake(
        "carry-added-up",
        "a backward pass that adds da W_h to the carry in the place of renewing it",
        "Which step's da may your carry hold when the loop reaches step t?",
        GRADIENT,
        back(dh_prev=lambda s: s.carry + s.da @ s.W_h),
    ),
    Mistake(
        "dx-without-slope",
        "a backward pass whose dx leaves out the slope of tanh",
        SLOPE,
        GRADIENT,
        back(dx=lambda s: s.dh @ s.W_x),
    ),
    Mistake(
        "parameters-without-slope",
        "a backward pass in which the gradients of W_x, W_h and b leave out the slope of tanh",
        SLOPE,
        GRADIENT,
        back(
            dW_x=lambda s: s.dh.T @ s.x,
            dW_h=lambda s: s.dh.T @ s.h_prev,
            db=lambda s: s.dh.sum(axis=0),
        ),
    ),
    Mistake(
        "db-without-slope",
        "a backward pass whose db leaves out the slope of tanh",
        SLOPE,
        GRADIENT,
        back(db=lambda s: s.dh.sum(axis=0)),
    ),
    Mistake(
        "dW_h-from-new-h",
        "a backward pass whose dW_h is made with the new h",
        "Which h did W_h multiply in the forward pass?",
        GRADIENT,
        back(dW_h=lambda s: s.da.T @ s.h),
    ),
    Mistake(
        "dW_h-transposed",
        "a backward pass that returns the transpose of dW_h",
        "Which axis of W_h belongs to h_prev, and which to a?",
        GRADIENT,
        back(dW_h=lambda s: s.h_prev.T @ s.da),
    ),
    Mistake(
        "averaged-over-batch",
        "a backward pass that averages the gradients of the parameters over the batch",
        "Does dhs already hold the share of each sequence in the loss?",
        GRADIENT,
        back(
            dW_x=lambda s: s.da.T @ s.x / len(s.x),
            dW_h=lambda s: s.da.T @ s.h_prev / len(s.x),
            db=lambda s: s.da.mean(axis=0),
        ),
    ),
    Mistake(
        "db-averaged-over-batch",
        "a backward pass that averages db over the batch and sums the others",
        "W_x, W_h and b serve the same sequences. Is what you do over the batch the same?",
        GRADIENT,
        back(db=lambda s: s.da.mean(axis=0)),
    ),
]
