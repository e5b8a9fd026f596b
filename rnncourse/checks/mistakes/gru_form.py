"""What learners write about the two forms of the GRU's step, as formulas that run."""

from dataclasses import replace

import numpy as np

from rnncourse.cells import gru_step
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.gru import BIASES, IN_BOTH_FORMS, READS_W_H, RESET, UPDATE, cell

Array = np.ndarray

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
    Mistake(
        "reset-on-the-input",
        "a cell whose r multiplies the input's part of the candidate, and not that of the past",
        "With r at 0, does your candidate still hear of x, and of h_prev?",
        RESET,
        cell(after=lambda s: s.r * s.a_n + s.u_n),
    ),
]
IN_THE_OTHER_FORM = [  # the default form is right
    Mistake(
        "product-reset-in-both-forms",
        "a cell that multiplies the product by r with reset_after=False, too, b_hn left outside",
        "With reset_after=False, what does W_hn multiply?",
        RESET,
        cell(before=lambda s: s.a_n + s.r * (s.u_n - s.b_hn) + s.b_hn),
    ),
    Mistake(
        "b_hn-forgotten-before",
        "a cell that has no b_hn where it resets before the product",
        "With reset_after=False, what is your candidate when x and h_prev are zero?",
        BIASES,
        cell(before=lambda s: s.a_n + (s.r * s.h_prev) @ s.W_hn.T),
    ),
    Mistake(
        "b_hn-times-r-before",
        "a cell that multiplies b_hn by r where it resets before the product, too",
        "With reset_after=False and r at 0, is b_hn still heard?",
        BIASES,
        cell(before=lambda s: s.a_n + (s.r * s.h_prev) @ s.W_hn.T + s.r * s.b_hn),
    ),
    Mistake(
        "candidate-block-not-transposed-before",
        "a cell that uses W_hn the other way round where it resets before the product",
        READS_W_H,
        RESET,
        cell(before=lambda s: s.a_n + (s.r * s.h_prev) @ s.W_hn + s.b_hn),
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
    *IN_THE_OTHER_FORM,
    *UNDISTINGUISHED,
    *FLAG,
    *map(_always_after, [*IN_BOTH_FORMS, *IN_ONE_FORM]),
]
