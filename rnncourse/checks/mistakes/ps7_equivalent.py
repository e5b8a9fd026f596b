"""What learners write instead of a test of equivalence."""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps7_answers import equivalent, sign_flip_p, t_quantile

SAME = "fair-equivalence"


def interval(
    inside: Callable[..., bool], width: Callable[[int, float, float], float] | None = None
) -> Function:
    """Make a test of ``inside(mean, half, delta)``; the interval is mean ± half.

    ``half`` is ``width(n, sd, alpha)``.
    """

    def verdict(differences: np.ndarray, delta: float, alpha: float = 0.05) -> bool:
        n, sd = len(differences), float(np.std(differences, ddof=1))
        half = (width or half_width)(n, sd, alpha)
        return bool(inside(float(np.mean(differences)), half, delta))

    return verdict


def half_width(n: int, sd: float, alpha: float) -> float:
    return t_quantile(1 - alpha, n - 1) * sd / float(np.sqrt(n))


def is_inside(mean: float, half: float, delta: float) -> bool:
    return abs(mean) + half < delta


def with_quantile(quantile: Callable[[float, int], float]) -> Function:
    """Make a verdict whose interval is right but for this quantile, of alpha and n."""
    return interval(is_inside, lambda n, sd, alpha: quantile(alpha, n) * sd / float(np.sqrt(n)))


ONE = "To say that two cells are the same, from how many sides must you have looked?"
ZERO = "With three noisy seeds, what would your test say of two very different cells?"
EQUIVALENT = [
    Mistake(
        "not-significant",
        "a test that takes no significant difference (by the t test) for no difference",
        ZERO,
        SAME,
        interval(
            lambda mean, half, delta: abs(mean) < half,
            lambda n, sd, alpha: half_width(n, sd, alpha / 2),
        ),
    ),
    Mistake(
        "not-significant-sign-flip",
        "a test that takes a sign-flip p above alpha for no difference",
        ZERO,
        SAME,
        lambda d, delta, alpha=0.05: sign_flip_p(d) > alpha,
    ),
    Mistake(
        "interval-holds-zero",
        "a test that asks whether the interval holds 0",
        ZERO,
        SAME,
        interval(lambda mean, half, delta: abs(mean) < half),
    ),
    Mistake(
        "mean-alone",
        "a test that asks whether the mean lies inside, without an interval",
        "How well do you know the mean from these seeds?",
        SAME,
        interval(lambda mean, half, delta: abs(mean) < delta),
    ),
    Mistake(
        "every-difference-inside",
        "a test that asks whether every single difference lies inside",
        "What becomes of your answer when you add seeds, and nothing else changes?",
        SAME,
        lambda d, delta, alpha=0.05: bool((abs(d) < delta).all()),
    ),
    Mistake(
        "alpha-halved",
        "a test with the (1 - alpha) interval, the 95 % one where alpha is 0.05",
        "Each of the two tests may err with probability alpha: how much lies beyond each end?",
        SAME,
        with_quantile(lambda alpha, n: t_quantile(1 - alpha / 2, n - 1)),
    ),
    Mistake(
        "alpha-doubled-twice",
        "a test with the (1 - 4 alpha) interval, the 80 % one where alpha is 0.05",
        "How much lies beyond each end of a 90 % interval?",
        SAME,
        with_quantile(lambda alpha, n: t_quantile(1 - 2 * alpha, n - 1)),
    ),
    Mistake(
        "alpha-ignored",
        "a test with alpha at 0.05, whatever it is given",
        "Where does alpha go in your function?",
        SAME,
        with_quantile(lambda alpha, n: t_quantile(0.95, n - 1)),
    ),
    Mistake(
        "default-alpha-of-a-tenth",
        "a test with alpha at 0.1 where none is named",
        "Which alpha does the signature promise where none is named?",
        SAME,
        lambda d, delta, alpha=0.1: equivalent(d, delta, alpha),
    ),
    Mistake(
        "normal-quantile",
        "a test with the quantile of the normal distribution",
        "From how many seeds did you estimate the standard deviation?",
        SAME,
        with_quantile(lambda alpha, n: NormalDist().inv_cdf(1 - alpha)),
    ),
    Mistake(
        "n-degrees-of-freedom",
        "a test with n degrees of freedom",
        "How many of the n deviations from their mean are free?",
        SAME,
        with_quantile(lambda alpha, n: t_quantile(1 - alpha, n)),
    ),
    Mistake(
        "n-minus-2-degrees-of-freedom",
        "a test with n - 2 degrees of freedom",
        "How many of the n deviations from their mean are free?",
        SAME,
        with_quantile(lambda alpha, n: t_quantile(1 - alpha, n - 2)),
    ),
    Mistake(
        "root-of-n-minus-1",
        "a test that takes off 1 twice: in the deviation, and under the root of n",
        "For how many seeds is your standard error the deviation of a single one?",
        SAME,
        interval(
            is_inside, lambda n, sd, alpha: half_width(n, sd, alpha) / float(np.sqrt(1 - 1 / n))
        ),
    ),
    Mistake(
        "deviation-of-n",
        "a test whose standard deviation divides by n (ddof=0)",
        "What does np.std divide by?",
        SAME,
        interval(
            is_inside, lambda n, sd, alpha: half_width(n, sd, alpha) * float(np.sqrt(1 - 1 / n))
        ),
    ),
    Mistake(
        "deviation-for-error",
        "a test whose interval is as wide as single differences scatter, not their mean",
        "Does the mean of 100 seeds scatter as much as a single seed?",
        SAME,
        interval(is_inside, lambda n, sd, alpha: t_quantile(1 - alpha, n - 1) * sd),
    ),
    Mistake(
        "upper-end-alone",
        "a test of the upper end of the interval alone",
        ONE,
        SAME,
        interval(lambda mean, half, delta: mean + half < delta),
    ),
    Mistake(
        "lower-end-alone",
        "a test of the lower end of the interval alone",
        ONE,
        SAME,
        interval(lambda mean, half, delta: mean - half > -delta),
    ),
    Mistake(
        "either-end",
        "a test that is content when one of the two ends lies inside",
        "With a mean of -100 and a delta of 1, which of your two tests says yes?",
        SAME,
        interval(lambda mean, half, delta: mean + half < delta or mean - half > -delta),
    ),
    Mistake(
        "intervals-meet",
        "a test that is content when the interval and (-delta, delta) meet",
        "Which values of the true difference has your interval not ruled out?",
        SAME,
        interval(lambda mean, half, delta: abs(mean) - half < delta),
    ),
    Mistake(
        "delta-halved",
        "a test with half of delta on each side",
        "How wide is the range from -delta to delta?",
        SAME,
        interval(lambda mean, half, delta: abs(mean) + half < delta / 2),
    ),
]
