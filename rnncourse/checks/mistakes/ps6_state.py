"""What learners write for the last true state and for perplexity, as formulas that run."""

from collections.abc import Callable

import numpy as np

from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray

LENGTHS, PERPLEXITY = "training-lengths", "training-perplexity"


def _valid(hs: Array, lengths: Array) -> Array:
    """True where step t of sequence b is no padding: (T, B, 1)."""
    return (np.arange(len(hs))[:, None] < lengths)[..., None]


def _at(step: Callable[[Array, Array], Array]) -> Function:
    """Take h of each sequence at the step that this formula gives from hs and lengths."""
    return lambda hs, lengths: hs[step(hs, lengths), np.arange(len(lengths))]


def _by_length(hs: Array, lengths: Array) -> Array:
    order = np.argsort(-lengths, kind="stable")
    return hs[lengths[order] - 1, order]


def _reshaped(hs: Array, lengths: Array) -> Array:
    T, B, H = hs.shape
    return hs.reshape(B, T, H)[np.arange(B), lengths - 1]


PLACE = "Which entry of hs is the last one that belongs to the first sequence, if its length is 1?"
AFTER = "What do the steps after a sequence's length hold, and does your answer read them?"
LAST_STATE = [
    Mistake(
        "last-step",
        "the states of the last step, whatever the lengths",
        AFTER,
        LENGTHS,
        lambda hs, lengths: hs[-1],
    ),
    Mistake(
        "one-step-late",
        "states one step after the last true one",
        PLACE,
        LENGTHS,
        _at(lambda hs, lengths: np.minimum(lengths, len(hs) - 1)),
    ),
    Mistake(
        "one-step-early",
        "states one step before the last true one",
        PLACE,
        LENGTHS,
        _at(lambda hs, lengths: lengths - 2),
    ),
    Mistake(
        "batch-index-missing",
        "hs indexed along time alone, which gives the whole batch for every length",
        "How many indices does it take to pick one row of H numbers out of (T, B, H)?",
        LENGTHS,
        lambda hs, lengths: hs[lengths - 1],
    ),
    Mistake(
        "first-sequence-for-all",
        "the states of the first sequence at the steps of all of them",
        "From which sequence does each row of your answer come?",
        LENGTHS,
        lambda hs, lengths: hs[lengths - 1, 0],
    ),
    Mistake(
        "longest-for-all",
        "the states of the step at which the longest sequence ends",
        AFTER,
        LENGTHS,
        lambda hs, lengths: hs[lengths.max() - 1],
    ),
    Mistake(
        "shortest-for-all",
        "the states of the step at which the shortest sequence ends",
        "Where does each of the longer sequences end?",
        LENGTHS,
        lambda hs, lengths: hs[lengths.min() - 1],
    ),
    Mistake(
        "first-step",
        "the states of the first step",
        "How many steps of a sequence has the state seen that you return?",
        LENGTHS,
        lambda hs, lengths: hs[0],
    ),
    Mistake(
        "counted-from-the-end",
        "states counted from the end, as if the padding stood before the sequences",
        "Does the padding of this course stand before or after a sequence?",
        LENGTHS,
        _at(lambda hs, lengths: -lengths),
    ),
    Mistake(
        "sorted-by-length",
        "states in the order of the lengths, longest sequence first, as packing sorts them",
        "To which sequence does the first row of your answer belong?",
        LENGTHS,
        _by_length,
    ),
    Mistake(
        "lengths-sorted-alone",
        "states taken with the lengths sorted and the sequences not",
        "To which sequence does the first of your lengths belong?",
        LENGTHS,
        lambda hs, lengths: _at(lambda _, n: np.sort(n)[::-1] - 1)(hs, lengths),
    ),
    Mistake(
        "reshaped-to-batch-first",
        "states out of hs.reshape(B, T, H)",
        "Does reshape move an axis, or does it cut the same row of numbers elsewhere?",
        LENGTHS,
        _reshaped,
    ),
    Mistake(
        "mean-over-true-steps",
        "the mean over the true steps, which is pooling",
        "At how many steps does your answer read each sequence?",
        LENGTHS,
        lambda hs, lengths: (hs * _valid(hs, lengths)).sum(axis=0) / lengths[:, None],
    ),
    Mistake(
        "max-over-true-steps",
        "the maximum over the true steps, which is pooling",
        "At how many steps does your answer read each sequence?",
        LENGTHS,
        lambda hs, lengths: np.where(_valid(hs, lengths), hs, -np.inf).max(axis=0),
    ),
    Mistake(
        "max-over-all-steps",
        "the maximum over all steps, padding included",
        "At how many steps does your answer read each sequence?",
        LENGTHS,
        lambda hs, lengths: hs.max(axis=0),
    ),
    Mistake(
        "transposed",
        "the right states, with the units first",
        "Which of the two sizes of your answer is that of the batch?",
        LENGTHS,
        lambda hs, lengths: hs[lengths - 1, np.arange(len(lengths))].T,
    ),
    Mistake(
        "sum-over-true-steps",
        "the sum over the true steps",
        "At how many steps does your answer read each sequence?",
        LENGTHS,
        lambda hs, lengths: (hs * _valid(hs, lengths)).sum(axis=0),
    ),
    Mistake(
        "mean-over-all-steps",
        "the mean over all steps, padding included",
        AFTER,
        LENGTHS,
        lambda hs, lengths: hs.mean(axis=0),
    ),
]


def _nats(formula: Callable[[float, int], float]) -> Function:
    return lambda nll_sum, n_tokens: float(formula(nll_sum, n_tokens))


BASE = "If the mean loss is log(4) in nats, between how many tokens does the model waver?"
MEAN = "What does the perplexity do when the same text is read twice?"
PERPLEXITIES = [
    Mistake("power-of-2", "2 to the power of the mean in nats", BASE, PERPLEXITY,
            _nats(lambda nll, n: 2 ** (nll / n))),
    Mistake("power-of-10", "10 to the power of the mean in nats", BASE, PERPLEXITY,
            _nats(lambda nll, n: 10 ** (nll / n))),
    Mistake("exp-of-bits", "exp of the mean in bits", BASE, PERPLEXITY,
            _nats(lambda nll, n: np.exp(nll / n / np.log(2)))),
    Mistake("bits-per-token", "the mean in bits, the cross-entropy", BASE, PERPLEXITY,
            _nats(lambda nll, n: nll / n / np.log(2))),
    Mistake("nats-per-token", "the mean in nats, the cross-entropy", BASE, PERPLEXITY,
            _nats(lambda nll, n: nll / n)),
    Mistake("exp-of-the-sum", "exp of the sum", MEAN, PERPLEXITY,
            _nats(lambda nll, n: np.exp(nll))),
    Mistake("exp-of-the-sum-divided", "exp of the sum, divided by the number of tokens", MEAN,
            PERPLEXITY, _nats(lambda nll, n: np.exp(nll) / n)),
    Mistake("fraction-upside-down", "exp of n_tokens / nll_sum", MEAN, PERPLEXITY,
            _nats(lambda nll, n: np.exp(n / nll))),
    Mistake("mean-probability", "exp of minus the mean, the probability of a typical token",
            "Is a good model one of high or of low perplexity?", PERPLEXITY,
            _nats(lambda nll, n: np.exp(-nll / n))),
    Mistake("log-of-the-mean", "the logarithm of the mean", BASE, PERPLEXITY,
            _nats(lambda nll, n: np.log(nll / n))),
]  # fmt: skip
