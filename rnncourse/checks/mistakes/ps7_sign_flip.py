"""What learners write instead of the sign-flip test."""

from collections.abc import Callable
from functools import lru_cache
from math import comb

import numpy as np

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps7_answers import sign_flip_p, sign_patterns

Array = np.ndarray

PAIRS, FLIP = "fair-pairs", "fair-sign-flip"


def counted(
    share: Callable[[Array, float], float],
    signs: Callable[[int], Array] = sign_patterns,
    values: Callable[[Array], Array] = lambda d: d,
) -> Function:
    """Make a test of ``share(flipped sums, observed sum)``; these signs change these values."""

    def p(differences: Array) -> float:
        d = values(np.asarray(differences, dtype=float))
        return float(share(signs(len(d)) @ d, d.sum()))

    return p


def as_far(flipped: Array, observed: float) -> Array:
    return abs(flipped) >= abs(observed)


def two_sided(flipped: Array, observed: float) -> float:
    return float(as_far(flipped, observed).mean())


def sign_test(differences: Array) -> float:
    up, down = int(np.sum(differences > 0)), int(np.sum(differences < 0))
    tail = sum(comb(up + down, k) for k in range(max(up, down), up + down + 1))
    return min(1.0, 2 * tail / 2 ** (up + down))


def signed_ranks(differences: Array) -> Array:
    """Ranks of the sizes with their signs; equal sizes share a rank, zeros are left out."""
    d = differences[differences != 0]
    size = abs(d)
    ranks = (size[:, None] > size).sum(axis=1) + ((size[:, None] == size).sum(axis=1) + 1) / 2
    return np.sign(d) * ranks


def median_flipped(differences: Array) -> float:
    flipped = np.median(sign_patterns(len(differences)) * differences, axis=1)
    return two_sided(flipped, float(np.median(differences)))


@lru_cache
def angles() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(60)


def t_test_p(differences: Array) -> float:
    """Two-sided p of the t test; the integral is that of ps7_answers.t_quantile."""
    n = len(differences)
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(n)
    end = np.arctan2(abs(mean), error * np.sqrt(n - 1))
    nodes, weights = angles()

    def below(angle: float) -> float:
        return float(angle * np.sum(weights * np.cos(angle * (nodes + 1) / 2) ** (n - 2)))

    return 1 - below(end) / below(np.pi / 2)


def one_at_a_time(n: int) -> Array:
    return np.concatenate([np.ones((1, n)), 1 - 2 * np.eye(n)])


SIGN_FLIP = [
    Mistake(
        "one-sided",
        "a test that counts only the means on the side of the observed one, or half of a p",
        "Would a mean as large on the other side have surprised you less?",
        FLIP,
        lambda d: sign_flip_p(d) / 2,
    ),
    Mistake(
        "p-doubled",
        "a p that is doubled, although it counts both sides",
        "Which patterns have you counted when you take the size of a mean?",
        FLIP,
        lambda d: 2 * sign_flip_p(d),
    ),
    Mistake(
        "one-sided-upward",
        "a test that counts the means of at least the observed one, with its sign",
        "What p do you get for the same differences with all signs turned round?",
        FLIP,
        counted(lambda flipped, observed: (flipped >= observed).mean()),
    ),
    Mistake(
        "one-sided-downward",
        "a test that counts the means of at most the observed one, with its sign",
        "What p do you get for the same differences with all signs turned round?",
        FLIP,
        counted(lambda flipped, observed: (flipped <= observed).mean()),
    ),
    Mistake(
        "observed-without-its-size",
        "a test that compares the sizes of the flipped means with the observed mean and its sign",
        "What does your test compare with when the observed mean is negative?",
        FLIP,
        counted(lambda flipped, observed: (abs(flipped) >= observed).mean()),
    ),
    Mistake(
        "ties-not-counted",
        "a test that counts the means farther out than the observed one, and none as far",
        "The signs that you observed are one of the patterns: does your count hold them?",
        FLIP,
        counted(lambda flipped, observed: (abs(flipped) > abs(observed)).mean()),
    ),
    Mistake(
        "observed-excluded",
        "a test over the 2^n - 1 other sign patterns, without the observed one",
        "If all patterns are equally likely, is the one that you observed among them?",
        FLIP,
        counted(lambda flipped, observed: as_far(flipped, observed)[1:].mean()),
    ),
    Mistake(
        "observed-not-counted",
        "a test that leaves the observed pattern out of its count, and in the total",
        "With all differences positive, how many of your patterns are as far out as the observed?",
        FLIP,
        counted(lambda flipped, observed: as_far(flipped, observed)[1:].sum() / len(flipped)),
    ),
    Mistake(
        "observed-and-its-mirror-excluded",
        "a test over the 2^n - 2 sign patterns other than the observed one and its mirror image",
        "If all patterns are equally likely, is the one that you observed among them?",
        FLIP,
        counted(lambda flipped, observed: as_far(flipped, observed)[1:-1].mean()),
    ),
    Mistake(
        "percent",
        "a p in percent",
        "Between which two numbers lies a probability?",
        FLIP,
        lambda d: 100 * sign_flip_p(d),
    ),
    Mistake(
        "sizes-in-place-of-the-mean",
        "a test that compares with the mean of the sizes of the differences",
        "Does the observed mean change when one of the differences changes its sign?",
        FLIP,
        lambda d: two_sided(sign_patterns(len(d)) @ d, abs(d).sum()),
    ),
    Mistake(
        "one-added",
        "a test that adds one to the count and to the total, as one does for random patterns",
        "Is the observed pattern already among your 2^n?",
        FLIP,
        counted(
            lambda flipped, observed: (as_far(flipped, observed).sum() + 1) / (len(flipped) + 1)
        ),
    ),
    Mistake(
        "count-not-divided",
        "a test that returns how many patterns are as far out",
        "Which values can a probability have?",
        FLIP,
        counted(lambda flipped, observed: as_far(flipped, observed).sum()),
    ),
    Mistake(
        "one-minus-p",
        "1 - p",
        "Is a small p the sign of a small difference or of a surprising one?",
        FLIP,
        lambda d: 1 - sign_flip_p(d),
    ),
    Mistake(
        "as-near",
        "a test that counts the means that lie as near to 0 as the observed one or nearer",
        "Which flipped means speak against you: those nearer to 0 or those farther out?",
        FLIP,
        counted(lambda flipped, observed: (abs(flipped) <= abs(observed)).mean()),
    ),
    Mistake(
        "signs-of-0-and-1",
        "a test that multiplies the differences by 0 and 1",
        "What becomes of a difference whose two cells trade places?",
        FLIP,
        counted(two_sided, lambda n: (1 - sign_patterns(n)) // 2),
    ),
    Mistake(
        "one-flip-at-a-time",
        "a test that flips no difference, or one alone",
        "How many ways are there to give n numbers a sign?",
        FLIP,
        counted(two_sided, one_at_a_time),
    ),
    Mistake(
        "differences-reordered",
        "a test that reorders the differences, whose mean never changes",
        "What has no meaning when the two cells are the same: the order of the seeds, or the sign?",
        PAIRS,
        lambda d: 1.0,
    ),
    Mistake(
        "differences-centred",
        "a test that takes the mean off the differences before it flips them",
        "Which mean do your differences have when their signs are a matter of chance?",
        FLIP,
        lambda d: two_sided(sign_patterns(len(d)) @ (d - d.mean()), d.sum()),
    ),
    Mistake(
        "median-for-mean",
        "a sign-flip test on the median",
        "Which number does the exercise ask you to compare?",
        FLIP,
        median_flipped,
    ),
    Mistake(
        "sign-test",
        "the sign test: a binomial test of how many differences are positive",
        "Does your p change when the largest difference becomes ten times as large?",
        FLIP,
        sign_test,
    ),
    Mistake(
        "rank-test",
        "Wilcoxon's signed-rank test",
        "Does your p change when the largest difference becomes ten times as large?",
        FLIP,
        counted(two_sided, values=signed_ranks),
    ),
    Mistake(
        "t-test",
        "the t test on the differences",
        "Which shape do you take the differences to have, and who told you?",
        FLIP,
        t_test_p,
    ),
]
