"""What learners write instead of the way back through time, each mistake as a formula that runs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rnncourse.cells import lstm_backward, lstm_step, lstm_step_backward, unroll
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.lstm import Array, gate_orders
from rnncourse.checks.mistakes.lstm_step import STEP as FORWARD_STEP
from rnncourse.checks.mistakes.lstm_step_backward import BACKWARD, results
from rnncourse.checks.mistakes.lstm_step_backward import STEP as STEP_BACKWARD


def over_time(
    step_backward: Function = lstm_step_backward,
    step: Function = lstm_step,
    late: int = 0,
    carry_h: bool = True,
    carry_c: bool = True,
    add: Callable[[Array, Array], Array] = np.add,
    steps: Callable[[int], list[int]] = lambda T: list(range(T))[::-1],
) -> Function:
    """Go back through time, but for what the options change."""

    def backward(
        x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
    ) -> tuple:
        states = unroll(step, x, (h0, c0), (W_x, W_h, b))
        dx, dh, dc = np.zeros_like(x), np.zeros_like(h0), np.zeros_like(c0)
        gradients = [np.zeros_like(parameter) for parameter in (W_x, W_h, b)]
        for t in steps(len(x)):
            dh = dhs[t] + dh * carry_h
            dx[t], dh, dc, *here = step_backward(
                x[t], *states[t + late], W_x, W_h, b, dh, dc * carry_c
            )
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


def _the_last_twice(
    x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
) -> tuple:
    twice = np.concatenate([dhs[:-1], 2 * dhs[-1:]])
    return lstm_backward(x, h0, c0, W_x, W_h, b, twice)


def _dhs_forwards(
    x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
) -> tuple:
    return lstm_backward(x, h0, c0, W_x, W_h, b, dhs[::-1])


def _a_step_early(
    x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
) -> tuple:
    moved = np.concatenate([dhs[1:], np.zeros_like(dhs[:1])])
    dx, dh0, *rest = lstm_backward(x, h0, c0, W_x, W_h, b, moved)
    return dx, dh0 + dhs[0], *rest


def _averaged(*arguments: Array) -> tuple:
    dx, dh0, dc0, *gradients = lstm_backward(*arguments)
    return dx, dh0, dc0, *(gradient / len(dx) for gradient in gradients)


def _dx_reversed(*arguments: Array) -> tuple:
    dx, *rest = lstm_backward(*arguments)
    return dx[::-1], *rest


# made over all steps at once: a loop cannot add gradients whose shapes have changed
AS_A_WHOLE = [
    *(replace(m, section=BACKWARD) for m in gate_orders(lstm_backward)),
    *results(lstm_backward),
]
OVER_TIME = [
    *(
        replace(mistake, wrong=over_time(mistake.wrong))
        for mistake in STEP_BACKWARD
        if mistake.slug not in {other.slug for other in AS_A_WHOLE}
    ),
    *AS_A_WHOLE,
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
        over_time(steps=lambda T: list(range(T))),
    ),
    Mistake(
        "first-step-missing",
        "a loop that ends before it has reached the first step",
        "At which t does your loop stop, and does range include its end?",
        BACKWARD,
        over_time(steps=lambda T: list(range(1, T))[::-1]),
    ),
    Mistake(
        "initial-state-ignored",
        "a backward pass over states that start from zeros",
        "Which two arrays did step 1 start from in the forward pass?",
        BACKWARD,
        lambda x, h0, c0, *rest: lstm_backward(x, 0 * h0, 0 * c0, *rest),
    ),
    Mistake(
        "last-output-twice",
        "a loop that starts from the gradient of the last output, and adds it at the last step",
        "What has your dh got when the loop begins, and what is added to it at step T?",
        BACKWARD,
        _the_last_twice,
    ),
    Mistake(
        "dx-reversed",
        "a loop whose dx has its last step first",
        "At which end of your list is the dx of step 1?",
        BACKWARD,
        _dx_reversed,
    ),
    Mistake(
        "dhs-read-forwards",
        "a loop that goes back in time and reads dhs from its first step to its last",
        "Which entry of dhs does the last step of your network read?",
        BACKWARD,
        _dhs_forwards,
    ),
    Mistake(
        "dhs-added-a-step-early",
        "a loop that adds dhs[t] after it has gone back through step t",
        "Has the gradient of h_t to go through step t, or through step t - 1 alone?",
        BACKWARD,
        _a_step_early,
    ),
    Mistake(
        "states-after-the-step",
        "a loop that gives step t the states that step t has made",
        "Which states went into step t, those before it or those after it?",
        BACKWARD,
        over_time(late=1),
    ),
]
