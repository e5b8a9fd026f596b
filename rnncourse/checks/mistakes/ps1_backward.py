"""What learners write instead of the RNN's backward pass, each mistake as a formula that runs."""

from collections.abc import Callable

from rnncourse.cells import rnn_backward
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.ps1_backward_step import AT_A_STEP, GRADIENT, Array, back
from rnncourse.checks.mistakes.ps1_step import STEP as FORWARD_STEP


def _changed(change: Callable[..., tuple[Array, ...]]) -> Function:
    """Make a backward pass that is right but for what it returns; ``change`` sees x, and that."""
    return lambda x, *rest: change(x, *rnn_backward(x, *rest))


def _over_states_of(mistake: Mistake) -> Mistake:
    """Go back rightly over the states of a wrong forward pass, as code on top of rnn_step does."""
    return Mistake(
        f"states-of-{mistake.slug}",
        f"a right backward pass over the states of {mistake.says}",
        "Which function makes your states, and does it pass its own check?",
        GRADIENT,
        back(step=mistake.wrong),
    )


PARAMETERS = "What did each parameter multiply in the forward pass, and in how many steps?"
BACKWARD = [
    *AT_A_STEP,
    *(_over_states_of(m) for m in FORWARD_STEP if m.slug != "columns-for-rows"),
    Mistake(
        "dh-carry-dropped",
        "a loop in which each step sees the gradient of its own output alone, as after a detach",
        "Which two roads lead from h_t to the loss?",
        GRADIENT,
        back(da=lambda s: s.out * (1 - s.h**2)),
    ),
    Mistake(
        "only-the-last-output",
        "a loop into which only the gradient of the last output goes",
        "Which of the T gradients in dhs does your loop read?",
        GRADIENT,
        back(read=lambda dhs, t: dhs[t] * (t == len(dhs) - 1)),
    ),
    Mistake(
        "dhs-reversed",
        "a loop that reads dhs from its front while it goes through the steps from the back",
        "Which entry of dhs does your loop read when it is at the last step?",
        GRADIENT,
        back(read=lambda dhs, t: dhs[len(dhs) - 1 - t]),
    ),
    Mistake(
        "time-runs-forward",
        "a loop that runs from the first step to the last",
        "Which step's gradient must be known before that of step t?",
        GRADIENT,
        back(steps=lambda T: list(range(T))),
    ),
    Mistake(
        "first-step-missing",
        "a loop that ends before it has reached the first step",
        "At which t does your loop stop, and does range include its end?",
        GRADIENT,
        back(steps=lambda T: list(range(1, T))[::-1]),
    ),
    Mistake(
        "dW_h-without-h0",
        "a loop in which the first step adds nothing to dW_h",
        "Which state did W_h multiply in step 1?",
        GRADIENT,
        back(dW_h=lambda s: s.da.T @ s.h_prev * (s.t > 0)),
    ),
    Mistake(
        "dW_h-with-the-last-state-at-step-1",
        "a loop in which dW_h gets the last state where it needs h0",
        "Which entry of hs is hs[t - 1] where t is 0?",
        GRADIENT,
        back(dW_h=lambda s: s.da.T @ (s.h_prev if s.t else s.last)),
    ),
    Mistake(
        "initial-state-ignored",
        "a backward pass over states that start from zeros",
        "Which array did step 1 start from in the forward pass?",
        GRADIENT,
        lambda x, h0, *rest: rnn_backward(x, 0 * h0, *rest),
    ),
    Mistake(
        "last-output-twice",
        "a loop that starts from the gradient of the last output, and adds it at the last step",
        "What has your dh got when the loop begins, and what is added to it at step T?",
        GRADIENT,
        back(read=lambda dhs, t: dhs[t] * (1 + (t == len(dhs) - 1))),
    ),
    Mistake(
        "parameter-gradients-overwritten",
        "a loop that keeps the gradients of the parameters of one step alone",
        PARAMETERS,
        GRADIENT,
        back(add=lambda total, part: part),
    ),
    Mistake(
        "averaged-over-time",
        "a loop that averages the gradients of the parameters over time",
        "If b moves a little, do the effects at all steps add up or average out?",
        GRADIENT,
        _changed(lambda x, dx, dh0, *rest: (dx, dh0, *(part / len(x) for part in rest))),
    ),
    Mistake(
        "dx-reversed",
        "a loop whose dx has its last step first",
        "At which end of dx is the gradient of step 1?",
        GRADIENT,
        _changed(lambda x, dx, *rest: (dx[::-1], *rest)),
    ),
    Mistake(
        "dx-batch-first",
        "a loop whose dx is (B, T, I), the batch-first convention",
        "Which axis of x is time in this course?",
        GRADIENT,
        _changed(lambda x, dx, *rest: (dx.swapaxes(0, 1), *rest)),
    ),
    Mistake(
        "dh0-left-at-zero",
        "a backward pass that returns zeros for dh0",
        "Where is the gradient that your first step sends back?",
        GRADIENT,
        _changed(lambda x, dx, dh0, *rest: (dx, 0 * dh0, *rest)),
    ),
    Mistake(
        "dh0-is-dh_1",
        "a backward pass that returns the gradient of h_1 in the place of dh0",
        "Through which product does the gradient of h_1 go on its way to h0?",
        GRADIENT,
        back(dh_prev=lambda s: s.da @ s.W_h if s.t else s.dh),
    ),
    Mistake(
        "dh0-is-da_1",
        "a backward pass that returns the gradient of a_1 in the place of dh0",
        "Through which product does the gradient of a_1 go on its way to h0?",
        GRADIENT,
        back(dh_prev=lambda s: s.da @ s.W_h if s.t else s.da),
    ),
    Mistake(
        "parameters-first",
        "a backward pass that returns dW_x, dW_h and db before dx and dh0",
        "In which order does the signature promise the gradients?",
        GRADIENT,
        _changed(lambda x, dx, dh0, *rest: (*rest, dx, dh0)),
    ),
]
