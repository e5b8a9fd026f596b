"""What learners write instead of truncated backpropagation through time, as formulas that run."""

import numpy as np

from rnncourse.checks.declare import Mistake
from rnncourse.checks.ps6_tbptt_variants import (
    after_a_first,
    all_five,
    every,
    last_of,
    sliding,
    stepped,
    windowed,
    without_remainder,
)

TBPTT = "training-tbptt"

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
        every(lambda k: 1),
    ),
    Mistake("windows-one-longer", "windows of k + 1 steps", WHERE, TBPTT, every(lambda k: k + 1)),
    Mistake("windows-one-shorter", "windows of k - 1 steps", WHERE, TBPTT, every(lambda k: k - 1)),
    Mistake(
        "cut-one-step-early",
        "windows whose borders lie one step early: a first window of k - 1 steps",
        WHERE,
        TBPTT,
        after_a_first(lambda T, k: k - 1),
    ),
    Mistake(
        "cut-one-step-late",
        "windows whose borders lie one step late: a first window of a single step",
        WHERE,
        TBPTT,
        after_a_first(lambda T, k: 1),
    ),
    Mistake(
        "first-window-one-longer",
        "windows of k steps after a first one of k + 1",
        WHERE,
        TBPTT,
        after_a_first(lambda T, k: k + 1),
    ),
    Mistake(
        "aligned-to-the-end",
        "windows counted from the end, so that the first one is the short one",
        WHERE,
        TBPTT,
        after_a_first(lambda T, k: T % k or k),
    ),
    Mistake(
        "aligned-to-the-end-one-early",
        "windows counted from the end, with k - 1 steps in the last one",
        WHERE,
        TBPTT,
        after_a_first(lambda T, k: (T + 1) % k or k),
    ),
    Mistake(
        "last-k-steps-alone",
        "the last k steps alone, without the windows before them",
        ADDED,
        TBPTT,
        windowed(borders=lambda T, k: [0, max(T - k, 0), T], keep=lambda parts: parts[-1:]),
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
        sliding,
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
        without_remainder,
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
        windowed(within=last_of),
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
        all_five,
    ),
]
