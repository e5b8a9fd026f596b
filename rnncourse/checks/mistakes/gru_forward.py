"""What learners write over time instead of the GRU's forward pass, as formulas that run."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from rnncourse.cells import gru_forward, gru_step, unroll
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.gru_form import STEP

Array = np.ndarray

TIME = "gru-over-time"


def over_time(
    step: Function, carry: Callable[[Array, Array], Array] = lambda new, first: new
) -> Function:
    """Run a step over time; ``carry(new, first)`` is the state that the next step sees."""

    def forward(x: Array, h0: Array, *rest: Any) -> Array:
        made: list[Array] = []

        def one(*arguments: Any) -> Array:
            made.append(step(*arguments))
            return carry(made[-1], h0)

        unroll(one, x, (h0,), rest)
        return np.stack(made)

    return forward


def _returning(change: Callable[[Array, Array], Array]) -> Function:
    """Make a layer that is right but for what it returns; ``change`` sees hs and h0."""
    return lambda x, h0, *rest: change(gru_forward(x, h0, *rest), h0)


HANDED_ON = {"always-after": "Which line of your loop hands reset_after on to the step?"}
CARRIED = "Which state does step 2 start from in your loop?"
FORWARD = [
    *(
        replace(
            mistake, wrong=over_time(mistake.wrong), asks=HANDED_ON.get(mistake.slug, mistake.asks)
        )
        for mistake in STEP
    ),
    Mistake(
        "h-not-carried",
        "a loop in which every step sees h0",
        CARRIED,
        TIME,
        over_time(gru_step, lambda new, first: first),
    ),
    Mistake(
        "initial-state-ignored",
        "a loop that starts from zeros",
        "Which state does step 1 start from in your loop?",
        TIME,
        lambda x, h0, *rest: gru_forward(x, 0 * h0, *rest),
    ),
    Mistake(
        "initial-state-added-at-each-step",
        "a loop in which every step starts from the last state plus h0",
        CARRIED,
        TIME,
        over_time(gru_step, lambda new, first: new + first),
    ),
    Mistake(
        "one-input-for-all-steps",
        "a loop in which every step reads the first step of x",
        "Which part of x does step 2 read in your loop?",
        TIME,
        lambda x, *rest: gru_forward(np.stack([x[0]] * len(x)), *rest),
    ),
    Mistake(
        "time-reversed",
        "a loop that reads x from its last step to its first",
        "Which part of x does your first step read?",
        TIME,
        lambda x, *rest: gru_forward(x[::-1], *rest),
    ),
    Mistake(
        "time-runs-backward",
        "a loop that runs from the last step to the first, and stores each state at its step",
        "Which step's state does your step 2 start from?",
        TIME,
        lambda x, *rest: gru_forward(x[::-1], *rest)[::-1],
    ),
    Mistake(
        "last-step-left-out",
        "a loop that ends one step early, and leaves the last state at zero",
        "How many times does your loop run for a sequence of 4 steps?",
        TIME,
        _returning(lambda hs, h0: np.concatenate([hs[:-1], 0 * hs[-1:]])),
    ),
    Mistake(
        "hs-reversed",
        "a loop whose hs has its last step first",
        "At which end of your hs is the state of step 1?",
        TIME,
        _returning(lambda hs, h0: hs[::-1]),
    ),
    Mistake(
        "hs-batch-first",
        "a layer that returns hs as (B, T, H), the batch-first convention",
        "Which axis is time in this course?",
        TIME,
        _returning(lambda hs, h0: hs.swapaxes(0, 1)),
    ),
    Mistake(
        "hs-reshaped-to-batch-first",
        "a layer that reshapes hs to (B, T, H)",
        "Which axis is time in this course, and what does a reshape do to the order of numbers?",
        TIME,
        _returning(lambda hs, h0: hs.reshape(hs.shape[1], hs.shape[0], -1)),
    ),
    Mistake(
        "last-state-alone",
        "a layer that returns the last state alone",
        "How many steps has x, and how many states do you return?",
        TIME,
        _returning(lambda hs, h0: hs[-1]),
    ),
    Mistake(
        "last-state-at-every-step",
        "a loop whose hs holds the last state at every step, as a list of one and the same array",
        "How many arrays are in your list, and how many times is the same one?",
        TIME,
        _returning(lambda hs, h0: np.stack([hs[-1]] * len(hs))),
    ),
    Mistake(
        "hs-holds-h0",
        "a loop that returns h0 as part of hs",
        "How many steps has x, and how many states are in your hs?",
        TIME,
        _returning(lambda hs, h0: np.concatenate([h0[None], hs])),
    ),
    Mistake(
        "hs-one-step-behind",
        "a loop whose hs holds the state before each step",
        "Do you store h before or after the step that makes it?",
        TIME,
        _returning(lambda hs, h0: np.concatenate([h0[None], hs[:-1]])),
    ),
    Mistake(
        "hs-along-the-features",
        "a layer that joins the states of all steps along the last axis",
        "What is the shape of your hs, and which of its axes is time?",
        TIME,
        _returning(lambda hs, h0: np.concatenate(list(hs), axis=-1)),
    ),
]
