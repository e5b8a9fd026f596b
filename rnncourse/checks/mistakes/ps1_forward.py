"""What learners write instead of the RNN over time, each mistake as a formula that runs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rnncourse.cells import rnn_forward, rnn_step, unroll
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.ps1_step import STEP, cell

Array = np.ndarray

OVER_TIME = "rnn-over-time"


def over_time(
    step: Function, carry: Callable[[Array, Array, Array], Array] = lambda new, old, first: new
) -> Function:
    """Run a step over time; ``carry(new, old, first)`` is the h that the next step sees."""

    def forward(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
        made: list[Array] = []

        def one(x_t: Array, h_prev: Array, *parameters: Array) -> Array:
            made.append(step(x_t, h_prev, *parameters))
            return carry(made[-1], h_prev, h0)

        unroll(one, x, (h0,), (W_x, W_h, b))
        return np.stack(made)

    return forward


def _reading(change: Callable[[Array], Array]) -> Function:
    """Make a loop that is right but for the x it reads."""
    return lambda x, *rest: rnn_forward(change(x), *rest)


def _returning(change: Callable[[Array, Array], Array]) -> Function:
    """Make a loop that is right but for what it returns; ``change`` sees hs and h0."""
    return lambda x, h0, *rest: change(rnn_forward(x, h0, *rest), h0)


def _carrying_the_sum(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    return np.tanh(over_time(cell(lambda s: s.a))(x, h0, W_x, W_h, b))


SHAPE = "How many steps has x, and which states does your hs hold?"
AXES = "Which axis of hs is time in this course?"
FORWARD = [
    *(replace(m, wrong=over_time(m.wrong)) for m in STEP if m.slug != "columns-for-rows"),
    Mistake(
        "state-not-carried",
        "a loop in which every step starts from h0",
        "Which array does step 2 start from in your loop?",
        OVER_TIME,
        over_time(rnn_step, lambda new, old, first: first),
    ),
    Mistake(
        "states-added-up",
        "a loop that hands the sum of all states so far to the next step",
        "Which array does step 2 start from in your loop?",
        OVER_TIME,
        over_time(rnn_step, lambda new, old, first: old + new),
    ),
    Mistake(
        "sum-carried",
        "a loop that hands its sum to the next step, and takes the tanh for the output alone",
        "Has the array that step 2 starts from gone through the tanh?",
        OVER_TIME,
        _carrying_the_sum,
    ),
    Mistake(
        "initial-state-ignored",
        "a loop that starts from zeros",
        "Which array does step 1 start from in your loop?",
        OVER_TIME,
        lambda x, h0, *rest: rnn_forward(x, 0 * h0, *rest),
    ),
    Mistake(
        "time-reversed",
        "a loop that reads x from its last step to its first",
        "Which part of x does your first step read?",
        OVER_TIME,
        _reading(lambda x: x[::-1]),
    ),
    Mistake(
        "time-runs-backward",
        "a loop that runs from the last step to the first, and stores each state at its step",
        "Which step's state does your step 2 start from?",
        OVER_TIME,
        lambda x, *rest: rnn_forward(x[::-1], *rest)[::-1],
    ),
    Mistake(
        "first-input-every-time",
        "a loop in which every step reads the x of step 1",
        "Which part of x does your second step read?",
        OVER_TIME,
        _reading(lambda x: np.broadcast_to(x[:1], x.shape)),
    ),
    Mistake(
        "x-reshaped",
        "a loop that reshapes x to (B, T, I) and reads x[:, t]",
        "Which sequence does x[0, 1] belong to, before a reshape and after it?",
        OVER_TIME,
        _reading(lambda x: x.reshape(x.shape[1], x.shape[0], -1).swapaxes(0, 1)),
    ),
    Mistake(
        "hs-reversed",
        "a loop whose hs has the last step first",
        "At which end of hs is the state of step 1?",
        OVER_TIME,
        _returning(lambda hs, h0: hs[::-1]),
    ),
    Mistake(
        "hs-batch-first",
        "a loop that returns hs as (B, T, H), the batch-first convention",
        AXES,
        OVER_TIME,
        _returning(lambda hs, h0: hs.swapaxes(0, 1)),
    ),
    Mistake(
        "hs-time-last",
        "a loop that returns hs as (B, H, T)",
        AXES,
        OVER_TIME,
        _returning(lambda hs, h0: np.moveaxis(hs, 0, -1)),
    ),
    Mistake(
        "hs-concatenated",
        "a loop that puts the states end to end, as (T B, H)",
        "Which of NumPy's functions makes a new axis, and which lengthens one that is there?",
        OVER_TIME,
        _returning(lambda hs, h0: np.concatenate(hs)),
    ),
    Mistake(
        "hs-holds-h0",
        "a loop that returns h0 as part of hs",
        SHAPE,
        OVER_TIME,
        _returning(lambda hs, h0: np.concatenate([h0[None], hs])),
    ),
    Mistake(
        "hs-one-step-behind",
        "a loop whose hs holds the state before each step",
        "Do you store h before or after the step that makes it?",
        OVER_TIME,
        _returning(lambda hs, h0: np.concatenate([h0[None], hs[:-1]])),
    ),
    Mistake(
        "last-step-missing",
        "a loop that ends one step early",
        SHAPE,
        OVER_TIME,
        _returning(lambda hs, h0: hs[:-1]),
    ),
    Mistake(
        "last-state-left-at-zero",
        "a loop that ends one step early, and leaves the last state at zero",
        "How many times does your loop run for a sequence of 4 steps?",
        OVER_TIME,
        _returning(lambda hs, h0: np.concatenate([hs[:-1], 0 * hs[-1:]])),
    ),
    Mistake(
        "returns-after-one-step",
        "a loop that returns after its first step, and leaves the later states at zero",
        "How far is your return indented, and how often is it reached?",
        OVER_TIME,
        _returning(lambda hs, h0: np.concatenate([hs[:1], 0 * hs[1:]])),
    ),
    Mistake(
        "last-state-alone",
        "a loop that returns the last state and no other",
        SHAPE,
        OVER_TIME,
        _returning(lambda hs, h0: hs[-1]),
    ),
    Mistake(
        "hs-is-one-buffer",
        "a loop whose hs holds the last state T times, as one array that every step overwrites",
        "Is each entry of your hs an array of its own?",
        OVER_TIME,
        _returning(lambda hs, h0: np.broadcast_to(hs[-1:], hs.shape)),
    ),
]
