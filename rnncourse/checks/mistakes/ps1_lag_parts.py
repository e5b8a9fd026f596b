"""The gradient by lag by other formulas, which ps1_lag_mistakes names."""

from collections.abc import Callable

import numpy as np

from rnncourse.cells import rnn_backward, rnn_forward
from rnncourse.checks.declare import Function
from rnncourse.checks.ps1_answers import gradient_by_lag, products

Array = np.ndarray


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


def without_last(slopes: Array, W_h: Array) -> Array:
    return products(np.concatenate([slopes[:-1], np.ones_like(slopes[-1:])]), W_h)


def states(slopes: Array, W_h: Array) -> Array:
    """∂h_T/∂h_{T-k}: at lag 0 the identity, then all but the last slopes of the product."""
    identity = np.broadcast_to(np.eye(len(W_h), dtype=W_h.dtype), (*slopes.shape[1:2], *W_h.shape))
    return np.concatenate([identity[None], (products(slopes, W_h) @ W_h)[:-1]])


def slopes_first(slopes: Array, W_h: Array) -> Array:
    by_lag = [slopes[-1][:, :, None] * np.eye(len(W_h), dtype=W_h.dtype)]
    for earlier in slopes[-2::-1]:
        by_lag.append(by_lag[-1] @ (earlier[:, :, None] * W_h))
    return np.stack(by_lag)


def other_way_round(slopes: Array, W_h: Array) -> Array:
    """Every factor on the left of those that came before it."""
    by_lag = [slopes[-1][:, :, None] * np.eye(len(W_h), dtype=W_h.dtype)]
    for earlier in slopes[-2::-1]:
        by_lag.append(earlier[:, :, None] * (W_h @ by_lag[-1]))
    return np.stack(by_lag)


def of_the_sum_of_all_states(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    dhs = np.ones((*x.shape[:2], len(b)), x.dtype)
    dx = rnn_backward(x, h0, W_x, W_h, b, dhs)[0]
    return np.linalg.norm(dx[::-1], axis=2).mean(axis=1)


def of_all_states(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    rows = []
    for unit in np.eye(len(b), dtype=x.dtype):
        dhs = np.broadcast_to(unit, (*x.shape[:2], len(b)))
        rows.append(rnn_backward(x, h0, W_x, W_h, b, dhs)[0][::-1])
    return frobenius(np.stack(rows, axis=2))


def from_the_first(x: Array, *rest: Array) -> Array:
    return np.stack([gradient_by_lag(x[: k + 1], *rest)[-1] for k in range(len(x))])
