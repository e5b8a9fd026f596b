"""Problem set 6: two mistakes at once fail, and are not taken for a third."""

from itertools import combinations

import numpy as np
import pytest
from ps6_right_answers import fancy, kept, timed

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.mistakes.ps6_clip import clipping
from rnncourse.checks.mistakes.ps6_loss import entropy
from rnncourse.checks.mistakes.ps6_tbptt_variants import windowed

LOSS_PARTS = {
    "divided-by-all-tokens": {"weight": lambda s: s.mask / s.mask.size},
    "mean-of-sequence-means": {"weight": lambda s: s.mask / s.mask.sum(axis=0) / s.B},
    "padding-counted": {"weight": lambda s: np.full(s.mask.shape, 1 / s.mask.size)},
    "softmax-over-batch": {
        "log_p": lambda s: s.logits - np.logaddexp.reduce(s.logits, axis=1, keepdims=True)
    },
    "one-hot-not-subtracted": {"dlogits": lambda s: s.p * s.weight[..., None]},
    "gradient-unmasked": {"dlogits": lambda s: (s.p - s.y) / s.n},
    "loss-of-the-sum": {"loss": lambda s: (s.nll * s.mask).sum()},
}
TBPTT_PARTS = {
    "each-window-from-h0": {"start": lambda hs, t: hs[0]},
    "state-set-to-zero": {"start": lambda hs, t: hs[t] * (t == 0)},
    "cut-one-step-early": {"borders": lambda T, k: [0, *range(k - 1, T, k), T]},
    "last-window-alone": {"keep": lambda parts: parts[-1:]},
    "averaged-over-batch": {"share": lambda T, B, k: 1 / B},
    "averaged-over-time": {"share": lambda T, B, k: 1 / T},
    "loss-at-window-ends": {
        "within": lambda dhs: dhs * (np.arange(len(dhs)) == len(dhs) - 1)[:, None, None]
    },
}
CLIP_PARTS = {
    "sum-of-norms": {"norm": lambda grads: float(sum(np.linalg.norm(g) for g in grads))},
    "squared-norm": {"norm": lambda grads: float(sum((g**2).sum() for g in grads))},
    "always-scaled-to-max-norm": {"scale": lambda norm, most: most / norm},
    "norm-after-clipping": {"shown": min},
}


def kept_twice_and_negative(cell, hidden_size, value=1.0):
    b_x, _ = kept(cell, hidden_size, -value)
    return b_x, b_x


def half_of_one(cell, hidden_size, value=1.0):
    b_x, _ = kept(cell, hidden_size, 0.5)
    return b_x, b_x


def last_block_and_chung(cell, hidden_size, value=1.0):
    b_x = np.zeros((4 if cell == "lstm" else 3) * hidden_size)
    b_x[-hidden_size:] = value if cell == "lstm" else -value
    return b_x, np.zeros_like(b_x)


def no_log_and_no_input_gate(cell, timescales):
    b_x, b_h = timed(cell, np.exp(timescales))
    b_x[: len(timescales)] = 0
    return b_x, b_h


def base_2_and_chung(cell, timescales):
    b_x, b_h = timed(cell, timescales)
    return b_x / np.log(2) * (1 if cell == "lstm" else -1), b_h


def early_and_sorted(hs, lengths):
    return fancy(hs, np.maximum(np.sort(lengths)[::-1] - 1, 1))


def mean_of_the_first_sequence(hs, lengths):
    return np.stack([hs[:n, 0].mean(axis=0) for n in lengths])


BY_HAND = [
    ("keep-bias", kept_twice_and_negative, {"both-vectors", "sign-swapped"}),
    ("keep-bias", half_of_one, {"half-in-each", "value-unused"}),
    ("keep-bias", last_block_and_chung, {"last-block", "gru-sign-of-chung"}),
    ("chrono-bias", no_log_and_no_input_gate, {"timescale-without-log", "b_i-missing"}),
    ("chrono-bias", base_2_and_chung, {"log-to-base-2", "gru-sign-of-chung"}),
    ("last-valid-state", early_and_sorted, {"one-step-early", "lengths-sorted-alone"}),
    (
        "last-valid-state",
        mean_of_the_first_sequence,
        {"mean-over-true-steps", "first-sequence-for-all"},
    ),
    ("perplexity", lambda nll, n: 2.0 ** (n / nll), {"power-of-2", "fraction-upside-down"}),
    ("perplexity", lambda nll, n: 2.0**nll, {"power-of-2", "exp-of-the-sum"}),
]


def pairs(id, make, parts):
    for (one, first), (other, second) in combinations(parts.items(), 2):
        if not first.keys() & second.keys():
            yield pytest.param(id, make(**first, **second), {one, other}, id=f"{one} and {other}")


@pytest.mark.parametrize(
    ("id", "function", "slugs"),
    [
        *pairs("masked-cross-entropy", entropy, LOSS_PARTS),
        *pairs("tbptt-gradients", windowed, TBPTT_PARTS),
        *pairs("clip-by-global-norm", clipping, CLIP_PARTS),
        *BY_HAND,
    ],
)
def test_two_mistakes_at_once_fail_and_are_not_taken_for_a_third(id, function, slugs):
    found = report(id, function)
    assert not found.passed
    assert found.score <= 1
    assert found.diagnosis is None or found.diagnosis in slugs
    assert slugs <= {mistake.slug for mistake in CHECKS[id].mistakes}
