"""What learners write instead of the LSTM over time, each mistake as a formula that runs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rnncourse.cells import lstm_forward, lstm_step
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.lstm import Array, over_time
from rnncourse.checks.mistakes.lstm_step import STEP

TIME = "lstm-over-time"


def _returning(change: Callable[[Array, tuple, Array], tuple[Array, tuple]]) -> Function:
    """Make a layer that is right but for what it returns; ``change`` sees hs, (h, c) and h0."""
    return lambda x, h0, *rest: change(*lstm_forward(x, h0, *rest), h0)


def _cell_states(*arguments: Array) -> tuple:
    hs, last = over_time(lambda *given: lstm_step(*given)[::-1], lambda new, _: new[::-1])(
        *arguments
    )
    return hs, last[::-1]


def _backward_in_time(x: Array, *rest: Array) -> tuple:
    hs, last = lstm_forward(x[::-1], *rest)
    return hs[::-1], last


def _one_step_short(x: Array, h0: Array, c0: Array, *rest: Array) -> tuple:
    if len(x) == 1:
        return np.zeros_like(h0)[None], (h0, c0)
    hs, last = lstm_forward(x[:-1], h0, c0, *rest)
    return np.concatenate([hs, np.zeros_like(hs[:1])]), last


def _all_states(*arguments: Array) -> tuple:
    hs, _ = lstm_forward(*arguments)
    return hs, (hs, _cell_states(*arguments)[0])


STARTS = "Which two arrays does step 1 start from in your loop?"
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
        STARTS,
        TIME,
        lambda x, h0, c0, *rest: lstm_forward(x, 0 * h0, 0 * c0, *rest),
    ),
    Mistake(
        "h0-ignored",
        "a loop whose h starts from zeros, and c from c0",
        STARTS,
        TIME,
        lambda x, h0, *rest: lstm_forward(x, 0 * h0, *rest),
    ),
    Mistake(
        "c0-ignored",
        "a loop whose c starts from zeros, and h from h0",
        STARTS,
        TIME,
        lambda x, h0, c0, *rest: lstm_forward(x, h0, 0 * c0, *rest),
    ),
    Mistake(
        "first-states-swapped",
        "a loop whose h starts from c0, and c from h0",
        STARTS,
        TIME,
        lambda x, h0, c0, *rest: lstm_forward(x, c0, h0, *rest),
    ),
    Mistake(
        "time-runs-backward",
        "a loop that runs from the last step to the first, and stores each state at its step",
        "Which step's state does your step 2 start from?",
        TIME,
        _backward_in_time,
    ),
    Mistake(
        "last-step-left-out",
        "a loop that ends one step early, and leaves the last state at zero",
        "How many times does your loop run for a sequence of 4 steps?",
        TIME,
        _one_step_short,
    ),
    Mistake(
        "hs-reversed",
        "a loop whose hs has its last step first",
        "At which end of your hs is the state of step 1?",
        TIME,
        _returning(lambda hs, last, h0: (hs[::-1], last)),
    ),
    Mistake(
        "last-state-alone",
        "a layer that returns the last state in the place of hs",
        "How many steps has x, and how many states are in your hs?",
        TIME,
        _returning(lambda hs, last, h0: (hs[-1], last)),
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
    Mistake(
        "hs-repeats-the-last-state",
        "a loop whose hs holds the last state at every step",
        "If a list holds the same array twice and you write to one, what does the other show?",
        TIME,
        _returning(lambda hs, last, h0: (np.stack([hs[-1]] * len(hs)), last)),
    ),
    Mistake(
        "last-state-is-the-first",
        "a layer that returns h0 and c0 as its last state",
        "Which names hold the state after the last step of your loop?",
        TIME,
        lambda x, h0, c0, *rest: (lstm_forward(x, h0, c0, *rest)[0], (h0, c0)),
    ),
    Mistake(
        "all-states-for-the-last",
        "a layer that returns all states in the place of the last",
        "How many axes does the state after the last step have?",
        TIME,
        _all_states,
    ),
]
# over products that are ready before the loop this is another mistake
ONE_INPUT = Mistake(
    "one-input-for-all-steps",
    "a loop in which every step reads the first step of x",
    "Which part of x does step 2 read in your loop?",
    TIME,
    lambda x, *rest: lstm_forward(np.stack([x[0]] * len(x)), *rest),
)
