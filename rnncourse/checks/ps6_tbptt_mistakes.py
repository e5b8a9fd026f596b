"""What learners write instead of truncated backpropagation through time, as formulas that run."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray

TBPTT = "training-tbptt"


def stepped(
    slope: Callable[[Array], Array] = lambda h: 1 - h**2,
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
            da = (dh + dhs[t]) * slope(hs[t + 1])
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


def _every(steps: Callable[[int], int]) -> Function:
    return windowed(borders=lambda T, k: [*range(0, T, max(steps(k), 1)), T])


def _from(first: Callable[[int, int], int]) -> Function:
    """Windows of k steps after a first one of this length."""
    return windowed(borders=lambda T, k: [0, *range(min(first(T, k), T), T, k), T])


def _sliding(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple[Array, ...]:
    """Let the gradient of every output go back k steps, over windows that overlap."""
    hs, window = states(x, h0, W_x, W_h, b), stepped()
    totals = [np.zeros_like(parameter) for parameter in (W_x, W_h, b)]
    for t in range(len(x)):
        of = slice(max(t - k + 1, 0), t + 1)
        mine = hs[of.start : of.stop + 1]
        here = window(x[of], mine, W_x, W_h, _last_of(dhs[of]))[2:]
        totals = [total + part for total, part in zip(totals, here, strict=True)]
    return tuple(totals)


def _without_remainder(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple:
    whole = max(len(x) // k, 1) * k
    return windowed()(x[:whole], h0, W_x, W_h, b, dhs[:whole], k)


def _all_five(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple[Array, ...]:
    dx, dh0, *_ = stepped()(x, states(x, h0, W_x, W_h, b), W_x, W_h, dhs)
    return dx, dh0, *windowed()(x, h0, W_x, W_h, b, dhs, k)


def _last_of(dhs: Array) -> Array:
    only = np.zeros_like(dhs)
    only[-1] = dhs[-1]
    return only


CARRIED = "With which state does your second window start, and where did the first one leave off?"
WHERE = "With k = 3, which steps make your first window, and which your second?"
ADDED = "How many windows use the same W_x, W_h and b, and does each of them add its gradient?"
SHARE = "Does dhs already hold the share of each sequence and of each step in the loss?"
SLOPE = "How much does h move when a moves, if h is already near 1?"
MISTAKES = [
    Mistake(
        "never-cut",
        "full backpropagation through time, never cut",
        "In your loop, which value has the gradient of the state when a window begins?",
        TBPTT,
        windowed(borders=lambda T, k: [0, T]),
    ),
    Mistake(
        "cut-at-every-step",
        "a gradient that is cut at every step",
        "How many steps can a gradient go back in your loop before it is set to zero?",
        TBPTT,
        _every(lambda k: 1),
    ),
    Mistake("windows-one-longer", "windows of k + 1 steps", WHERE, TBPTT, _every(lambda k: k + 1)),
    Mistake("windows-one-shorter", "windows of k - 1 steps", WHERE, TBPTT, _every(lambda k: k - 1)),
    Mistake(
        "cut-one-step-early",
        "windows whose borders lie one step early: a first window of k - 1 steps",
        WHERE,
        TBPTT,
        _from(lambda T, k: k - 1),
    ),
    Mistake(
        "cut-one-step-late",
        "windows whose borders lie one step late: a first window of a single step",
        WHERE,
        TBPTT,
        _from(lambda T, k: 1),
    ),
    Mistake(
        "first-window-one-longer",
        "windows of k steps after a first one of k + 1",
        WHERE,
        TBPTT,
        _from(lambda T, k: k + 1),
    ),
    Mistake(
        "aligned-to-the-end",
        "windows counted from the end, so that the first one is the short one",
        WHERE,
        TBPTT,
        _from(lambda T, k: T % k or k),
    ),
    Mistake(
        "k-windows",
        "k windows in the place of windows of k steps",
        "Is k the number of windows or the number of steps in one?",
        TBPTT,
        windowed(borders=lambda T, k: [*range(0, T, -(-T // k)), T]),
    ),
    Mistake(
        "sliding-windows",
        "another convention, in which the gradient of every output goes back k steps, over windows "
        "that overlap (k1 = 1, k2 = k)",
        "How far back does the gradient of the first output of a window go in this course?",
        TBPTT,
        _sliding,
    ),
    Mistake(
        "each-window-from-h0",
        "windows that all start from h0",
        CARRIED,
        TBPTT,
        windowed(start=lambda hs, t: hs[0]),
    ),
    Mistake(
        "state-set-to-zero",
        "windows that start from a state of zeros, after the first one",
        CARRIED,
        TBPTT,
        windowed(start=lambda hs, t: hs[t] * (t == 0)),
    ),
    Mistake(
        "all-from-zero",
        "windows that all start from a state of zeros, the first one too",
        CARRIED,
        TBPTT,
        windowed(start=lambda hs, t: hs[t] * 0),
    ),
    Mistake(
        "state-one-step-late",
        "windows that start from the state which their own first step leaves",
        CARRIED,
        TBPTT,
        windowed(start=lambda hs, t: hs[t + 1] if t else hs[0]),
    ),
    Mistake(
        "state-one-step-early",
        "windows that start from the state before the last one of the window before",
        CARRIED,
        TBPTT,
        windowed(start=lambda hs, t: hs[max(t - 1, 0)]),
    ),
    Mistake(
        "remainder-dropped",
        "the whole windows, without the shorter one at the end",
        "How many steps do your windows cover, if T is 7 and k is 3?",
        TBPTT,
        _without_remainder,
    ),
    Mistake(
        "last-window-alone",
        "the last window alone",
        ADDED,
        TBPTT,
        windowed(keep=lambda parts: parts[-1:]),
    ),
    Mistake(
        "first-window-alone",
        "the first window alone",
        ADDED,
        TBPTT,
        windowed(keep=lambda parts: parts[:1]),
    ),
    Mistake(
        "overwritten-within-windows",
        "windows in which each step overwrites the gradients of the parameters",
        "In how many steps of a window are the same W_x, W_h and b used?",
        TBPTT,
        windowed(window=stepped(steps=lambda T: range(1))),
    ),
    Mistake(
        "overwritten-by-the-first-step",
        "a loop over all steps that keeps the gradients of the parameters of one step alone",
        "In how many steps are the same W_x, W_h and b used?",
        TBPTT,
        windowed(window=stepped(steps=lambda T: range(1)), keep=lambda parts: parts[:1]),
    ),
    Mistake(
        "loss-at-window-ends",
        "windows that read the gradient of their last output alone",
        "Which of the T gradients in dhs does your loop read?",
        TBPTT,
        windowed(within=_last_of),
    ),
    Mistake(
        "averaged-over-windows",
        "the mean over the windows",
        ADDED,
        TBPTT,
        windowed(share=lambda T, B, k: 1 / -(-T // k)),
    ),
    Mistake(
        "divided-by-k",
        "gradients divided by k",
        SHARE,
        TBPTT,
        windowed(share=lambda T, B, k: 1 / k),
    ),
    Mistake(
        "averaged-over-time",
        "gradients averaged over time",
        SHARE,
        TBPTT,
        windowed(share=lambda T, B, k: 1 / T),
    ),
    Mistake(
        "averaged-over-batch",
        "gradients averaged over the batch",
        SHARE,
        TBPTT,
        windowed(share=lambda T, B, k: 1 / B),
    ),
    Mistake(
        "slope-missing",
        "a backward pass without the slope of tanh",
        SLOPE,
        TBPTT,
        windowed(window=stepped(slope=np.ones_like)),
    ),
    Mistake(
        "slope-of-tanh-from-h",
        "a backward pass with 1 - tanh(h)**2 for the slope of tanh",
        "Of which number is 1 - y**2 the slope, of tanh's input or of its output?",
        TBPTT,
        windowed(window=stepped(slope=lambda h: 1 - np.tanh(h) ** 2)),
    ),
    Mistake(
        "W_h-transposed",
        "a backward pass that uses W_h the other way round",
        "If a = h W.T, which matrix takes da back to h?",
        TBPTT,
        windowed(window=stepped(back=lambda W_h: W_h.T)),
    ),
    Mistake(
        "dW_h-from-new-h",
        "a backward pass whose dW_h is made with the new h",
        "Which h did W_h multiply in the forward pass?",
        TBPTT,
        windowed(window=stepped(read_by_dW_h=lambda h_prev, h: h)),
    ),
    Mistake(
        "all-five-gradients",
        "the five gradients of rnn_backward, dx and dh0 before those of the parameters",
        "Which three gradients does the signature name?",
        TBPTT,
        _all_five,
    ),
]
