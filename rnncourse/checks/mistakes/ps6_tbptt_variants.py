"""Backpropagation through windows of time, with each part open to change."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from rnncourse.checks.declare import Function

Array = np.ndarray


def stepped(
    slope: Callable[[Array], Array] = lambda h: 1 - h**2,
    slope_of: Callable[[Array, Array], Array] = lambda h_prev, h: h,
    back: Callable[[Array], Array] = lambda W_h: W_h,
    read_by_dW_h: Callable[[Array, Array], Array] = lambda h_prev, h: h_prev,
    steps: Callable[[int], range] = range,
) -> Function:
    """Go back through one window, but for these formulas, and add up ``steps``: all five gradients.

    Written out here, since the package's own RNN is slow where every call is watched.
    """

    def window(x: Array, hs: Array, W_x: Array, W_h: Array, dhs: Array) -> list[Array]:
        dx, dh = np.zeros_like(x), np.zeros_like(hs[0])
        dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(len(W_h), x.dtype)
        for t in reversed(range(len(x))):
            da = (dh + dhs[t]) * slope(slope_of(hs[t], hs[t + 1]))
            dx[t], dh = da @ W_x, da @ back(W_h)
            if t in steps(len(x)):
                dW_x += da.T @ x[t]
                dW_h += da.T @ read_by_dW_h(hs[t], hs[t + 1])
                db += da.sum(axis=0)
        return [dx, dh, dW_x, dW_h, db]

    return window


def states(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    """Run the RNN: hs (T + 1, B, H), with h0 first."""
    hs = [h0]
    for x_t in x:
        hs.append(np.tanh(x_t @ W_x.T + hs[-1] @ W_h.T + b))
    return np.stack(hs)


def windowed(
    borders: Callable[[int, int], list[int]] = lambda T, k: [*range(0, T, k), T],
    start: Callable[[Array, int], Array] = lambda hs, t: hs[t],
    within: Callable[[Array], Array] = lambda dhs: dhs,
    window: Function = stepped(),  # noqa: B008  holds nothing that changes
    keep: Callable[[list], list] = lambda parts: parts,
    share: Callable[[int, int, int], float] = lambda T, B, k: 1,
) -> Function:
    """Go back window by window, but for what the options change.

    ``borders`` gives the first step of each window and the end, ``start`` its state out of h0 and
    all of hs, ``within`` what it takes of its dhs, ``keep`` the windows that count.
    """

    def wrong(
        x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
    ) -> tuple[Array, ...]:
        T, B, _ = x.shape
        hs = states(x, h0, W_x, W_h, b)
        parts = []
        for t, end in pairwise(borders(T, k)):
            mine = states(x[t:end], start(hs, t), W_x, W_h, b)
            parts.append(window(x[t:end], mine, W_x, W_h, within(dhs[t:end]))[2:])
        sums = [sum(gradients) for gradients in zip(*keep(parts), strict=True)]
        return tuple(gradient * share(T, B, k) for gradient in sums)

    return wrong


def every(steps: Callable[[int], int]) -> Function:
    return windowed(borders=lambda T, k: [*range(0, T, max(steps(k), 1)), T])


def after_a_first(first: Callable[[int, int], int]) -> Function:
    """Windows of k steps after a first one of this length."""
    return windowed(borders=lambda T, k: [0, *range(min(first(T, k), T), T, k), T])


def sliding(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple[Array, ...]:
    """Let the gradient of every output go back k steps, over windows that overlap."""
    hs, window = states(x, h0, W_x, W_h, b), stepped()
    totals = [np.zeros_like(parameter) for parameter in (W_x, W_h, b)]
    for t in range(len(x)):
        of = slice(max(t - k + 1, 0), t + 1)
        mine = hs[of.start : of.stop + 1]
        here = window(x[of], mine, W_x, W_h, last_of(dhs[of]))[2:]
        totals = [total + part for total, part in zip(totals, here, strict=True)]
    return tuple(totals)


def without_remainder(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple:
    whole = max(len(x) // k, 1) * k
    return windowed()(x[:whole], h0, W_x, W_h, b, dhs[:whole], k)


def all_five(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple[Array, ...]:
    dx, dh0, *_ = stepped()(x, states(x, h0, W_x, W_h, b), W_x, W_h, dhs)
    return dx, dh0, *windowed()(x, h0, W_x, W_h, b, dhs, k)


def last_of(dhs: Array) -> Array:
    only = np.zeros_like(dhs)
    only[-1] = dhs[-1]
    return only
