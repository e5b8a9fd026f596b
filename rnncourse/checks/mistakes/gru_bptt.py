"""What learners write instead of the GRU's way back through time, as formulas that run."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from rnncourse.cells import (
    flip_update_gate,
    gru_backward,
    gru_step,
    gru_step_backward,
    unroll,
)
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.gru import BIASES, IN_BOTH_FORMS, RESET, Z, gate_orders
from rnncourse.checks.mistakes.gru_backward import BACKWARD
from rnncourse.checks.mistakes.gru_backward import STEP as STEP_BACK
from rnncourse.checks.mistakes.gru_form import IN_ONE_FORM, UNDISTINGUISHED

Array = np.ndarray

RIGHT: Function = gru_backward


def over_time(
    step_backward: Function = gru_step_backward,
    step: Function = gru_step,
    carry: bool = True,
    add: Callable[[Array, Array], Array] = np.add,
    order: Callable[[range], Iterable[int]] = reversed,
    ahead: int = 0,
) -> Function:
    """Go back through time, but for what the options change.

    ``ahead`` is 1 where step t reads the state that it made for the one that it started from.
    """

    def backward(
        x: Array, h0: Array, W_x: Array, W_h: Array, b_x: Array, b_h: Array, dhs: Array,
        reset_after: bool = True,
    ) -> tuple:  # fmt: skip
        parameters = W_x, W_h, b_x, b_h
        states = unroll(step, x, (h0,), parameters)
        dx, dh = np.zeros_like(x), np.zeros_like(h0)
        gradients = [np.zeros_like(parameter) for parameter in parameters]
        for t in order(range(len(x))):
            (h_prev,) = states[t + ahead]
            dh = dhs[t] + dh * carry
            dx[t], dh, *here = step_backward(x[t], h_prev, *parameters, dh)
            gradients = [add(total, part) for total, part in zip(gradients, here, strict=True)]
        return dx, dh, *gradients

    return backward


def _over_states_of(mistake: Mistake) -> Mistake:
    """Go back rightly over the states of a wrong forward pass, as code on top of gru_step does."""
    return Mistake(
        f"states-of-{mistake.slug}",
        f"a right backward pass over the states of {mistake.says}",
        "Which function makes your states, and does it pass its own check?",
        mistake.section,
        over_time(step=mistake.wrong),
    )


def _before(*arguments: Any) -> tuple:
    return RIGHT(*arguments[:7], False)


def _flip(*parameters: Array) -> list[Any]:
    return list(flip_update_gate(*parameters))


def _renewing(*arguments: Any) -> tuple:
    x, h0, *parameters, dhs = arguments[:7]
    dx, dh0, *gradients = RIGHT(x, h0, *_flip(*parameters), dhs)
    return dx, dh0, *_flip(*gradients)


def _one_bias(*arguments: Any) -> tuple:
    """The gradients of a cell whose b_hn is outside the reset, where it acts as b_xn does."""
    x, h0, W_x, W_h, b_x, b_h, dhs = arguments[:7]
    H = h0.shape[1]
    inside, outside = b_h.copy(), b_x.copy()
    inside[2 * H :] = 0
    outside[2 * H :] += b_h[2 * H :]
    dx, dh0, dW_x, dW_h, db, _ = gru_backward(x, h0, W_x, W_h, outside, inside, dhs)
    return dx, dh0, dW_x, dW_h, db, db.copy()


def _dhs(change: Callable[[Array], Array]) -> Function:
    def backward(*arguments: Any) -> tuple:
        *given, dhs = arguments[:7]
        return RIGHT(*given, change(dhs))

    return backward


def _one_step_short(*arguments: Any) -> tuple:
    x, h0, *parameters, dhs = arguments[:7]
    dx, _, *gradients = RIGHT(x, h0, *parameters, dhs)
    _, dh, *_ = RIGHT(x[1:], gru_step(x[0], h0, *parameters), *parameters, dhs[1:])
    return dx, dh + dhs[0], *gradients


def _only_the_last(dhs: Array) -> Array:
    return np.concatenate([0 * dhs[:-1], dhs[-1:]])


def _returning(change: Callable[..., tuple]) -> Function:
    return lambda *arguments: change(*RIGHT(*arguments[:7]))


BPTT = [
    *gate_orders(gru_backward),
    Mistake(
        "z-swapped",
        "the gradients of h = (1 - z) h_prev + z n, the convention of Chung et al. (2014)",
        "With z at 1, does a unit of this course keep what it has, or take the candidate?",
        Z,
        _renewing,
    ),
    Mistake(
        "reset-before",
        "the gradients of the form that resets before the product",
        "What does r multiply by default in this course, h_prev or its product with W_hn?",
        RESET,
        _before,
    ),
    Mistake(
        "one-bias",
        "the gradients of a cell whose b_hn stands outside the product with r",
        "With r at 0, which of the two biases does your candidate still hear?",
        BIASES,
        _one_bias,
    ),
    *(replace(mistake, wrong=over_time(mistake.wrong)) for mistake in STEP_BACK),
    *map(_over_states_of, [*IN_BOTH_FORMS, *IN_ONE_FORM, *UNDISTINGUISHED]),
    Mistake(
        "no-carry",
        "a loop in which nothing goes back from one step to the one before, as after a detach",
        "Which two roads lead from h_t to the loss?",
        BACKWARD,
        over_time(carry=False),
    ),
    Mistake(
        "parameter-gradients-overwritten",
        "a loop that keeps the gradients of the parameters of one step alone",
        "In how many steps are the same W_x, W_h, b_x and b_h used?",
        BACKWARD,
        over_time(add=lambda total, part: part),
    ),
    Mistake(
        "averaged-over-time",
        "a loop that averages the gradients of the parameters over time",
        "If b_x moves a little, do the effects at all steps add up or average out?",
        BACKWARD,
        _returning(lambda dx, dh0, *rest: (dx, dh0, *(d / len(dx) for d in rest))),
    ),
    Mistake(
        "only-the-last-output",
        "a loop into which only the gradient of the last output goes",
        "Which of the T gradients in dhs does your loop read?",
        BACKWARD,
        _dhs(_only_the_last),
    ),
    Mistake(
        "dhs-in-the-other-order",
        "a loop that gives the gradient of the first output to the last step, and so on",
        "Which entry of dhs does your loop read first, and at which step is it then?",
        BACKWARD,
        _dhs(lambda dhs: dhs[::-1]),
    ),
    Mistake(
        "time-runs-forward",
        "a loop that runs from the first step to the last",
        "Which step's gradients must be known before those of step t?",
        BACKWARD,
        over_time(order=iter),
    ),
    Mistake(
        "last-step-alone",
        "a backward pass through the last step alone",
        "Does h_1 have a share in the loss, and how does its gradient get back to W_x?",
        BACKWARD,
        over_time(order=lambda steps: steps[-1:]),
    ),
    Mistake(
        "dh0-is-the-gradient-of-h_1",
        "a loop that returns the gradient of h_1 in the place of dh0",
        "How many times has your dh gone back through a step when you return it?",
        BACKWARD,
        _one_step_short,
    ),
    Mistake(
        "one-state-ahead",
        "a loop whose step t starts from h_t, not from the state before it",
        "How many states are there with h0, and which of them did step 1 start from?",
        BACKWARD,
        over_time(ahead=1),
    ),
    Mistake(
        "initial-state-ignored",
        "a backward pass over states that start from zeros",
        "Which state did step 1 start from in the forward pass?",
        BACKWARD,
        lambda x, h0, *rest: RIGHT(x, 0 * h0, *rest[:5]),
    ),
    Mistake(
        "first-step-missing",
        "a loop that does not go back through the first step",
        "Which steps does your loop visit, and is step 1 among them?",
        BACKWARD,
        over_time(order=lambda steps: reversed(steps[1:])),
    ),
    Mistake(
        "every-step-from-h0",
        "a loop whose gradients are those of steps that all start from h0",
        "Which state did step 2 start from in the forward pass?",
        BACKWARD,
        over_time(step=lambda x, h, *rest: h),
    ),
    Mistake(
        "biases-averaged-over-batch",
        "a backward pass that averages db_x and db_h over the batch, and adds up the rest",
        "If b_x moves a little, do the effects on all sequences add up or average out?",
        BACKWARD,
        _returning(lambda dx, *rest: (dx, *rest[:3], *(db / dx.shape[1] for db in rest[3:]))),
    ),
    Mistake(
        "parameters-first",
        "a backward pass that returns dW_x, dW_h, db_x and db_h before dx and dh0",
        "In which order does the docstring name what is returned?",
        BACKWARD,
        _returning(lambda dx, dh0, *rest: (*rest, dx, dh0)),
    ),
    Mistake(
        "dx-reversed",
        "a loop whose dx has its last step first",
        "At which end of your list is the dx of step 1?",
        BACKWARD,
        _returning(lambda dx, *rest: (dx[::-1], *rest)),
    ),
    Mistake(
        "db_x-and-db_h-swapped",
        "a backward pass that returns db_x and db_h the other way round",
        "In which order does the signature promise the gradients of the two biases?",
        BACKWARD,
        _returning(lambda *rest: (*rest[:4], rest[5], rest[4])),
    ),
    Mistake(
        "db_x-equal-to-db_h",
        "a backward pass whose db_x is db_h",
        "With r at 0, does n still move when b_xn does?",
        BACKWARD,
        _returning(lambda *rest: (*rest[:4], rest[5], rest[5])),
    ),
    Mistake(
        "sign-of-everything",
        "a backward pass whose gradients all have the opposite sign",
        "If dh is positive and h_prev rises with z at 1, does the loss rise or fall?",
        BACKWARD,
        _returning(lambda *rest: tuple(-gradient for gradient in rest)),
    ),
]
