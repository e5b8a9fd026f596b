"""What learners write instead of one step of the RNN, each mistake as a formula that runs."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import sigmoid
from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

AT_A_STEP = "rnn-step"


def cell(h: Formula) -> Function:
    """Make a step of this formula, which sees what comes from x and from h_prev, and b."""

    def step(x: Array, h_prev: Array, W_x: Array, W_h: Array, b: Array) -> Array:
        s = SimpleNamespace(from_x=x @ W_x.T, from_h=h_prev @ W_h.T, b=b)
        s.x, s.h_prev, s.W_x, s.W_h = x, h_prev, W_x, W_h
        s.a = s.from_x + s.from_h + b
        return h(s)

    return step


def _reshaped(W: Array) -> Array:
    return W.reshape(W.shape[::-1])


TERMS = "Which three things are added up before the tanh?"
ONE_TANH = "Which parts of the sum does your tanh go around, and how often?"
STEP = [
    Mistake(
        "sigmoid-for-tanh",
        "a step with the sigmoid in the place of the tanh",
        "Can your h be negative?",
        AT_A_STEP,
        cell(lambda s: sigmoid(s.a)),
    ),
    Mistake(
        "relu-for-tanh",
        "a step with max(0, a) in the place of the tanh, the option nonlinearity='relu' of PyTorch",
        "Between which two numbers does your h stay?",
        AT_A_STEP,
        cell(lambda s: np.maximum(s.a, 0)),
    ),
    Mistake(
        "no-tanh",
        "a step that returns the sum as it is, without a tanh",
        "If every step doubles h, where does your h end after fifty steps?",
        AT_A_STEP,
        cell(lambda s: s.a),
    ),
    Mistake(
        "tanh-twice",
        "a step whose sum goes through tanh twice",
        ONE_TANH,
        AT_A_STEP,
        cell(lambda s: np.tanh(np.tanh(s.a))),
    ),
    Mistake(
        "h_prev-squashed-again",
        "a step that takes the tanh of h_prev before W_h",
        "Through how many curves has h_prev gone when your step gets it?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + np.tanh(s.h_prev) @ s.W_h.T + s.b)),
    ),
    Mistake(
        "tanh-of-each-term",
        "a step that adds the tanh of the input's part to the tanh of the state's part",
        ONE_TANH,
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.b) + np.tanh(s.from_h)),
    ),
    Mistake(
        "recurrent-term-outside-tanh",
        "a step that adds the state's part after the tanh",
        ONE_TANH,
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.b) + s.from_h),
    ),
    Mistake(
        "input-term-outside-tanh",
        "a step that adds the input's part after the tanh",
        ONE_TANH,
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_h + s.b) + s.from_x),
    ),
    Mistake(
        "bias-outside-tanh",
        "a step that adds b after the tanh",
        ONE_TANH,
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.from_h) + s.b),
    ),
    Mistake(
        "bias-forgotten",
        "a step without b",
        "What is your h when x and h_prev are all zero?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.from_h)),
    ),
    Mistake(
        "bias-added-twice",
        "a step that adds b twice, once with each product",
        "What is your h when x and h_prev are all zero?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.a + s.b)),
    ),
    Mistake(
        "recurrent-term-forgotten",
        "a step that does not see h_prev",
        "Does anything change in your h when h_prev does?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.b)),
    ),
    Mistake(
        "input-term-forgotten",
        "a step that does not see x",
        "Does anything change in your h when x does?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_h + s.b)),
    ),
    Mistake(
        "terms-multiplied",
        "a step that multiplies the input's part with the state's",
        TERMS,
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x * s.from_h + s.b)),
    ),
    Mistake(
        "h_prev-added",
        "a step that adds h_prev to its tanh, a residual connection",
        "With all weights and b at zero, what is left of h_prev in your h?",
        AT_A_STEP,
        cell(lambda s: s.h_prev + np.tanh(s.a)),
    ),
    Mistake(
        "h_prev-without-W_h",
        "a step in which h_prev enters the sum without W_h",
        "Which matrix carries the state from one step to the next?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.h_prev + s.b)),
    ),
    Mistake(
        "W_h-not-transposed",
        "a step that multiplies with W_h where the equation has its transpose",
        "Which axis of W_h belongs to h_prev, and which to the new h?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.from_x + s.h_prev @ s.W_h + s.b)),
    ),
    Mistake(
        "W_x-reshaped",
        "a step that reshapes W_x to (I, H)",
        "Where does W_x[0, 1] go in a reshape, and where in a transpose?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.x @ _reshaped(s.W_x) + s.from_h + s.b)),
    ),
    Mistake(
        "weights-reshaped",
        "a step that reshapes W_x to (I, H) and W_h to (H, H)",
        "Where does W_h[0, 1] go in a reshape, and where in a transpose?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.x @ _reshaped(s.W_x) + s.h_prev @ s.W_h + s.b)),
    ),
    Mistake(
        "columns-for-rows",
        "a step that returns h as (H, B), one column a sequence",
        "Which axis of h is the batch in this course?",
        AT_A_STEP,
        cell(lambda s: np.tanh(s.a).T),
    ),
]
