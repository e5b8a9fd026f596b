"""What learners write about reset_after, and over time, instead of the GRU's forward pass."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from rnncourse.cells import gru_forward, gru_step, unroll
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.gru_mistakes import BIASES, IN_BOTH_FORMS, RESET, UPDATE, cell

Array = np.ndarray

TIME = "gru-over-time"
FORMS = "What does r multiply with reset_after=True, and what with False?"
TWO_BIASES = "With r at 0, which of the two biases does your candidate still hear?"


def answering(after: bool, before: bool) -> Function:
    """Make a step that computes the form ``after`` for reset_after=True, ``before`` for False."""

    def step(
        x: Array, h_prev: Array, W_x: Array, W_h: Array, b_x: Array, b_h: Array,
        reset_after: bool = True,
    ) -> Array:  # fmt: skip
        return gru_step(x, h_prev, W_x, W_h, b_x, b_h, after if reset_after else before)

    return step


# what is written in one of the two forms alone
IN_ONE_FORM = [
    Mistake(
        "b_hn-outside-the-reset",
        "a cell that adds b_hn outside the product with r, as if there were one bias b_x + b_h",
        TWO_BIASES,
        BIASES,
        cell(after=lambda s: s.a_n + s.r * (s.u_n - s.b_hn) + s.b_hn),
    ),
    Mistake(
        "b_xn-inside-the-reset",
        "a cell that adds b_xn inside the product with r, together with b_hn",
        TWO_BIASES,
        BIASES,
        cell(after=lambda s: s.a_n - s.b_xn + s.r * (s.u_n + s.b_xn)),
    ),
    Mistake(
        "reset-on-the-input-too",
        "a cell whose r multiplies the input's part of the candidate, too",
        "With r at 0, does your candidate still hear of x?",
        RESET,
        cell(after=lambda s: s.r * (s.a_n + s.u_n)),
    ),
]
UNDISTINGUISHED = [  # the two forms of these are one
    Mistake(
        "reset-gate-unused",
        "a cell whose candidate hears all of the past, whatever its reset gate says",
        "With b_r at -1000, does your candidate hear of h_prev?",
        RESET,
        cell(after=lambda s: s.a_n + s.u_n, before=lambda s: s.a_n + s.u_n),
    ),
    Mistake(
        "candidate-without-the-past",
        "a cell whose candidate sees x alone",
        "With r at 1, what does your candidate hear of h_prev?",
        RESET,
        cell(after=lambda s: s.a_n, before=lambda s: s.a_n),
    ),
]
FLAG = [
    Mistake(
        "always-after",
        "a cell that resets after the product, whatever reset_after says",
        FORMS,
        RESET,
        answering(after=True, before=True),
    ),
    Mistake(
        "always-before",
        "a cell that resets before the product, whatever reset_after says",
        FORMS,
        RESET,
        answering(after=False, before=False),
    ),
    Mistake(
        "flag-the-other-way-round",
        "a cell that resets before the product for reset_after=True, and after it for False",
        FORMS,
        RESET,
        answering(after=False, before=True),
    ),
    Mistake(
        "h-prev-overwritten-by-the-reset",
        "a cell that, to reset before the product, puts r h_prev in the place of h_prev for good",
        "Which h does z multiply, the one before the reset or the one after it?",
        UPDATE,
        cell(h=lambda s: (1 - s.z) * s.n + s.z * (s.h_prev if s.reset_after else s.r * s.h_prev)),
    ),
]


def _always_after(mistake: Mistake) -> Mistake:
    """The same mistake by whoever has written the first form and not yet the second."""
    return replace(
        mistake,
        slug=f"{mistake.slug}-always-after",
        says=f"{mistake.says}, and that resets after the product whatever reset_after says",
        wrong=lambda *arguments: mistake.wrong(*arguments[:6]),
    )


STEP = [
    *IN_BOTH_FORMS,
    *IN_ONE_FORM,
    *UNDISTINGUISHED,
    *FLAG,
    *map(_always_after, [*IN_BOTH_FORMS, *IN_ONE_FORM]),
]


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
