"""What learners write instead of the gradient by lag, each mistake as a formula that runs."""

from collections.abc import Callable

import numpy as np

from rnncourse.cells import rnn_backward, rnn_forward
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps1_answers import gradient_by_lag, products

Array = np.ndarray

LAG, VANISHING = "bptt-lag", "bptt-vanishing"


def frobenius(J: Array) -> Array:
    return np.linalg.norm(J, axis=(2, 3)).mean(axis=1)


def norms(
    summary: Callable[[Array], Array] = frobenius,
    slopes: Callable[[Array, Array], Array] = lambda hs, before: 1 - hs**2,
    chain: Callable[[Array, Array], Array] = products,
    last: Callable[[Array, Array], Array] = lambda W_x, W_h: W_x,
) -> Function:
    """Make norms by another formula.

    ``slopes`` sees the states after and before each step; ``chain`` makes the Jacobians (T, B, H,
    H) from the slopes and W_h, they are multiplied with ``last``, and ``summary`` makes (T,).
    """

    def wrong(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
        hs = rnn_forward(x, h0, W_x, W_h, b)
        before = np.concatenate([h0[None], hs[:-1]])
        return summary(chain(slopes(hs, before), W_h) @ last(W_x, W_h))

    return wrong


def _without_last(slopes: Array, W_h: Array) -> Array:
    return products(np.concatenate([slopes[:-1], np.ones_like(slopes[-1:])]), W_h)


def _states(slopes: Array, W_h: Array) -> Array:
    """∂h_T/∂h_{T-k}: at lag 0 the identity, then all but the last slopes of the product."""
    identity = np.broadcast_to(np.eye(len(W_h), dtype=W_h.dtype), (*slopes.shape[1:2], *W_h.shape))
    return np.concatenate([identity[None], (products(slopes, W_h) @ W_h)[:-1]])


def _slopes_first(slopes: Array, W_h: Array) -> Array:
    by_lag = [slopes[-1][:, :, None] * np.eye(len(W_h), dtype=W_h.dtype)]
    for earlier in slopes[-2::-1]:
        by_lag.append(by_lag[-1] @ (earlier[:, :, None] * W_h))
    return np.stack(by_lag)


def _of_all_states(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    rows = []
    for unit in np.eye(len(b), dtype=x.dtype):
        dhs = np.broadcast_to(unit, (*x.shape[:2], len(b)))
        rows.append(rnn_backward(x, h0, W_x, W_h, b, dhs)[0][::-1])
    return frobenius(np.stack(rows, axis=2))


def _from_the_first(x: Array, *rest: Array) -> Array:
    return np.stack([gradient_by_lag(x[: k + 1], *rest)[-1] for k in range(len(x))])


NORM = "Over which axes does your norm go, and what is done with the numbers under the root?"
BATCH = "With two sequences that pull in opposite directions, what does your number become?"
SLOPES = "Through how many tanh does a change of x_{T-k} go on its way to h_T?"
PRODUCT = "Which matrices does the product for lag 1 hold, and in which order?"
ORDER = "Which input does the last entry of your norms belong to?"
BY_LAG = [
    Mistake(
        "lag-reversed",
        "norms whose first entry belongs to the first input, the one T - 1 steps back",
        ORDER,
        LAG,
        norms(lambda J: frobenius(J)[::-1]),
    ),
    Mistake(
        "starts-at-lag-1",
        "norms that start one step back and have T - 1 entries",
        "How many steps lie between h_T and x_T?",
        LAG,
        norms(lambda J: frobenius(J)[1:]),
    ),
    Mistake(
        "from-the-first-input",
        "norms that follow x_1 forwards: entry k is what it does to the state k steps later",
        "Of which state does every entry of your norms take the gradient?",
        LAG,
        _from_the_first,
    ),
    Mistake(
        "of-all-states",
        "norms of the gradient of all states together, where the last alone is asked for",
        "Of which state does every entry of your norms take the gradient?",
        LAG,
        _of_all_states,
    ),
    Mistake(
        "of-the-sum-of-h_T",
        "norms of the gradient of the sum of h_T, one number where a Jacobian has H rows",
        "What happens in your norm where one unit of h_T goes up and another down?",
        LAG,
        norms(lambda J: np.linalg.norm(J.sum(axis=2), axis=2).mean(axis=1)),
    ),
    Mistake(
        "of-a-for-x",
        "norms of the Jacobian in the sum a_{T-k}, without W_x",
        "Which matrix lies between x_{T-k} and the state of its own step?",
        LAG,
        norms(last=lambda W_x, W_h: np.eye(len(W_h))),
    ),
    Mistake(
        "of-h-for-x",
        "norms of the Jacobian in the state h_{T-k}, the identity at lag 0",
        "How does h_T change with x_T, and how with itself?",
        LAG,
        norms(chain=_states, last=lambda W_x, W_h: np.eye(len(W_h))),
    ),
    Mistake(
        "of-h_prev-for-x",
        "norms of the Jacobian in the state before step T-k, with W_h in the place of W_x",
        "Which matrix lies between x_{T-k} and the state of its own step?",
        LAG,
        norms(last=lambda W_x, W_h: W_h),
    ),
    Mistake(
        "slopes-missing",
        "norms without the slopes of tanh, those of a linear network",
        SLOPES,
        VANISHING,
        norms(slopes=lambda hs, before: np.ones_like(hs)),
    ),
    Mistake(
        "last-slope-missing",
        "norms without the slope of the tanh of step T",
        SLOPES,
        VANISHING,
        norms(chain=_without_last),
    ),
    Mistake(
        "input-slope-missing",
        "norms without the slope of the tanh of step T-k, the one that x_{T-k} goes through",
        SLOPES,
        VANISHING,
        norms(chain=_states),
    ),
    Mistake(
        "slopes-twice",
        "norms in which each slope of tanh is squared",
        SLOPES,
        VANISHING,
        norms(slopes=lambda hs, before: (1 - hs**2) ** 2),
    ),
    Mistake(
        "slope-of-tanh-of-h",
        "norms that take the tanh of h once more for the slope",
        "Has h gone through tanh already when your slope gets it?",
        VANISHING,
        norms(slopes=lambda hs, before: 1 - np.tanh(hs) ** 2),
    ),
    Mistake(
        "slope-not-squared",
        "norms with 1 - h for the slope of tanh",
        "What is the slope of tanh where h is -0.9, and what does your line give?",
        VANISHING,
        norms(slopes=lambda hs, before: 1 - hs),
    ),
    Mistake(
        "slopes-from-old-h",
        "norms whose slopes are taken at the state before each step",
        "Which h did the tanh of step t make?",
        VANISHING,
        norms(slopes=lambda hs, before: 1 - before**2),
    ),
    Mistake(
        "slopes-on-the-other-side",
        "norms in which the slopes of step t-1 multiply the rows of W_h",
        PRODUCT,
        VANISHING,
        norms(chain=_slopes_first),
    ),
    Mistake(
        "W_h-transposed",
        "norms of a product with the transpose of W_h",
        PRODUCT,
        VANISHING,
        norms(chain=lambda slopes, W_h: products(slopes, W_h.T)),
    ),
    Mistake(
        "W_h-missing",
        "norms of a product of slopes, without W_h",
        PRODUCT,
        VANISHING,
        norms(chain=lambda slopes, W_h: products(slopes, np.eye(len(W_h)))),
    ),
    Mistake(
        "initial-state-ignored",
        "norms along the states that start from zeros",
        "Which array does step 1 start from in your code?",
        LAG,
        lambda x, h0, *rest: gradient_by_lag(x, 0 * h0, *rest),
    ),
    Mistake(
        "spectral-norm",
        "the spectral norm, the largest singular value of each Jacobian",
        "How many singular values has a Jacobian, and how many of them does your norm see?",
        LAG,
        norms(lambda J: np.linalg.norm(J, ord=2, axis=(2, 3)).mean(axis=1)),
    ),
    Mistake(
        "largest-entry",
        "the largest entry of each Jacobian in absolute value",
        NORM,
        LAG,
        norms(lambda J: np.abs(J).max(axis=(2, 3)).mean(axis=1)),
    ),
    Mistake(
        "sum-of-absolute-values",
        "the sum of the absolute values of each Jacobian",
        NORM,
        LAG,
        norms(lambda J: np.abs(J).sum(axis=(2, 3)).mean(axis=1)),
    ),
    Mistake(
        "root-missing",
        "the squares of the norms",
        NORM,
        LAG,
        norms(lambda J: (J**2).sum(axis=(2, 3)).mean(axis=1)),
    ),
    Mistake(
        "root-mean-square",
        "the root of the mean square of each Jacobian, the norm over the root of its size",
        NORM,
        LAG,
        norms(lambda J: np.sqrt((J**2).mean(axis=(2, 3))).mean(axis=1)),
    ),
    Mistake(
        "summed-over-batch",
        "norms that are added up over the batch",
        "If every sequence came twice, what would your numbers become?",
        LAG,
        norms(lambda J: np.linalg.norm(J, axis=(2, 3)).sum(axis=1)),
    ),
    Mistake(
        "norm-over-batch",
        "norms that go over the batch as well, as if it were one more axis of the Jacobian",
        "If every sequence came twice, what would your numbers become?",
        LAG,
        norms(lambda J: np.sqrt((J**2).sum(axis=(1, 2, 3)))),
    ),
    Mistake(
        "root-after-the-mean",
        "the root of the mean of the squared norms over the batch",
        "Which comes first in your line, the root or the mean over the batch?",
        LAG,
        norms(lambda J: np.sqrt((J**2).sum(axis=(2, 3)).mean(axis=1))),
    ),
    Mistake(
        "norm-of-the-batch-sum",
        "the norms of Jacobians that were added up over the batch first",
        BATCH,
        LAG,
        norms(lambda J: np.linalg.norm(J.sum(axis=1), axis=(1, 2))),
    ),
    Mistake(
        "norm-of-the-batch-mean",
        "the norms of the mean Jacobian of the batch",
        BATCH,
        LAG,
        norms(lambda J: np.linalg.norm(J.mean(axis=1), axis=(1, 2))),
    ),
    Mistake(
        "relative-to-lag-0",
        "norms that are divided by the one at lag 0",
        "What would your first entry be for a W_x ten times as large?",
        LAG,
        norms(lambda J: frobenius(J) / frobenius(J)[0]),
    ),
]
