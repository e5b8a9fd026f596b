"""Problem set 7: right code passes in any style, none of it calling ours."""

import random
from fractions import Fraction
from itertools import product
from math import atan, cos, pi, sqrt

import numpy as np
import pytest

from rnncourse.checks import report


def by_product(differences):
    n = len(differences)
    hits = 0
    for signs in product([1, -1], repeat=n):
        mean = sum(s * d for s, d in zip(signs, differences, strict=True)) / n
        hits += abs(mean) >= abs(sum(differences) / n)
    return hits / 2**n


def by_bits(differences):
    d = np.array(differences)
    count = 0
    for k in range(1 << len(d)):
        signs = np.where(k >> np.arange(len(d)) & 1, -1.0, 1.0)
        if abs(np.mean(signs * d)) > abs(np.mean(d)) - 1e-12:
            count = count + 1
    return np.float64(count) / (1 << len(d))


def by_recursion(differences):
    target = abs(differences.sum())

    def count(k, total):
        if k == len(differences):
            return int(abs(total) >= target)
        return count(k + 1, total + differences[k]) + count(k + 1, total - differences[k])

    return count(0, 0.0) / 2 ** len(differences)


def by_half_of_the_signs(differences):
    d = np.asarray(differences)
    signs = np.array(list(product([1], *[[1, -1]] * (len(d) - 1))))
    return float(np.mean(np.abs((signs * d).mean(axis=1)) >= abs(d.mean()) * (1 - 1e-9)))


def by_doubling(differences):
    signs = np.stack(np.meshgrid(*[[-1, 1]] * len(differences)), -1).reshape(-1, len(differences))
    means = (signs * differences).mean(1)
    return min(1.0, 2 * np.mean(means >= abs(differences.mean()) - 1e-9))


def by_t_statistic(differences):
    """The squares never change, so t and the mean put the patterns in the same order."""
    d, n = np.asarray(differences), len(differences)
    if not d.any():
        return 1.0
    signs = np.array(list(product([1, -1], repeat=n)))

    def size(x):
        mean = x.mean(axis=-1)
        return np.abs(mean) / np.sqrt((x**2).mean(axis=-1) - mean**2 + 1e-300)

    with np.errstate(all="ignore"):
        return float((size(signs * d) >= size(d) * (1 - 1e-9)).mean())


def without_zeros(differences):
    return by_product([x for x in differences.tolist() if x != 0])


def as_fraction_with_more(differences):
    return float(Fraction(by_product(differences))), "and more"


def by_counting_sums(differences):
    """The distribution of the sum, one difference after the other."""
    sums = {0.0: 1}
    for d in differences:
        new = {}
        for total, ways in sums.items():
            for moved in (total + d, total - d):
                new[moved] = new.get(moved, 0) + ways
        sums = new
    far = sum(ways for total, ways in sums.items() if abs(total) >= abs(differences.sum()))
    return far / 2 ** len(differences)


SIGN_FLIPS = (by_product, by_bits, by_recursion, by_half_of_the_signs, by_doubling,
              by_t_statistic, without_zeros, as_fraction_with_more, by_counting_sums)  # fmt: skip


def t_cdf(t, df):
    """Student's t, in closed form for whole df."""
    angle = atan(t / sqrt(df))
    term, total = (1.0, 1.0) if df % 2 == 0 else (cos(angle), cos(angle))
    for k in range(2 if df % 2 == 0 else 3, df, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        total += term
    if df == 1:
        inside = angle * 2 / pi
    elif df % 2 == 0:
        inside = total * np.sin(angle)
    else:
        inside = 2 / pi * (angle + np.sin(angle) * total)
    return 0.5 + inside / 2


def quantile(p, df):
    low, high = 0.0, 1000.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, df) < p else (low, middle)
    return low


TABLE = {0.95: (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796),
         0.80: (1.376, 1.061, 0.978, 0.941, 0.920, 0.906, 0.896, 0.889, 0.883, 0.879, 0.876),
         0.99: (31.821, 6.965, 4.541, 3.747, 3.365, 3.143, 2.998, 2.896, 2.821, 2.764,
                2.718)}  # fmt: skip


def by_a_printed_table(differences, delta, alpha=0.05):
    n = len(differences)
    t = TABLE[round(1 - alpha, 2)][n - 2]
    low, high = (
        np.mean(differences) + s * t * np.std(differences, ddof=1) / n**0.5 for s in (-1, 1)
    )
    return -delta < low and high < delta


def by_two_tests(differences, delta, alpha=0.05):
    n, mean = len(differences), sum(differences) / len(differences)
    error = (sum((d - mean) ** 2 for d in differences) / (n - 1) / n) ** 0.5
    if error == 0:
        return abs(mean) < delta
    not_below = 1 - t_cdf((mean + delta) / error, n - 1)
    not_above = t_cdf((mean - delta) / error, n - 1)
    return max(not_below, not_above) < alpha


def in_numpy_bools(differences, delta, alpha=0.05):
    half = quantile(1 - alpha, differences.size - 1) * differences.std(ddof=1)
    half /= np.sqrt(differences.size)
    ends = differences.mean() + np.array([-half, half])
    return np.all((ends > -delta) & (ends < delta))


EQUIVALENTS = (by_a_printed_table, by_two_tests, in_numpy_bools)


def gru_size(input_size, hidden_size):
    target = 4 * hidden_size * (input_size + hidden_size + 2)
    gaps = [abs(3 * g * (input_size + g + 2) - target) for g in range(1, 3 * hidden_size)]
    return int(np.argmin(gaps)) + 1


def rule(differences, p, delta):
    mean = sum(differences) / len(differences)
    if by_two_tests(differences, delta):
        return "comparable"
    if p >= 0.05 or abs(mean) < delta:
        return "undecided"
    return "lstm" if mean > 0 else "gru"


def in_lists(run, seeds, input_size, hidden_size, delta):
    size = gru_size(input_size, hidden_size)
    differences = [run("gru", size, s) - run("lstm", hidden_size, s) for s in seeds]
    p = by_product(differences)
    return differences, p, rule(differences, p, delta)


def one_arm_after_the_other(run, seeds, input_size, hidden_size, delta):
    lstm = np.array([run("lstm", hidden_size=hidden_size, seed=s) for s in seeds])
    gru = np.empty_like(lstm)
    for k, seed in enumerate(seeds):
        gru[k] = run(cell="gru", hidden_size=gru_size(input_size, hidden_size), seed=int(seed))
    p = by_bits(gru - lstm)
    return [gru - lstm, p, np.str_(rule(gru - lstm, p, delta)), "more"]


def every_run_twice_in_random_order(run, seeds, input_size, hidden_size, delta):
    sizes = {"lstm": hidden_size, "gru": np.int64(gru_size(input_size, hidden_size))}
    jobs = [(cell, seed) for cell in sizes for seed in seeds] * 2
    random.Random(0).shuffle(jobs)
    losses = {(cell, int(seed)): run(cell, sizes[cell], seed) for cell, seed in jobs}
    d = np.array([losses["gru", int(s)] - losses["lstm", int(s)] for s in seeds])
    p = by_doubling(d)
    return tuple(d), p, rule(d, p, delta)


def winner_first(run, seeds, input_size, hidden_size, delta):
    """Another order of the rule, the same verdicts."""
    differences, p, _ = in_lists(run, seeds, input_size, hidden_size, delta)
    mean = np.mean(differences)
    if p < 0.05 and mean <= -delta:
        return differences, p, "gru"
    if p < 0.05 and mean >= delta:
        return differences, p, "lstm"
    return differences, p, "comparable" if by_two_tests(differences, delta) else "undecided"


def after_trying_other_sizes(run, seeds, input_size, hidden_size, delta):
    for size in range(5, 9):
        run("gru", size, seeds[0])
    return in_lists(run, seeds, input_size, hidden_size, delta)


COMPARISONS = (
    after_trying_other_sizes,
    in_lists,
    one_arm_after_the_other,
    every_run_twice_in_random_order,
    winner_first,
)


@pytest.mark.parametrize(
    ("id", "function"),
    [
        pytest.param(id, function, id=f"{id}: {function.__name__}")
        for id, functions in (
            ("sign-flip-p", SIGN_FLIPS),
            ("equivalent", EQUIVALENTS),
            ("compare-cells", COMPARISONS),
        )
        for function in functions
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_passes(id, function, seed):
    found = report(id, function, seed)
    assert found.passed, found.text()
    assert found.score == found.max_score


def test_the_interval_and_the_tests_of_scipy_pass():
    """They have no answer, nan, where all differences are equal."""
    stats = pytest.importorskip("scipy.stats")

    def by_interval(d, delta, alpha=0.05):
        low, high = stats.t.interval(1 - 2 * alpha, len(d) - 1, d.mean(), stats.sem(d))
        return -delta < low and high < delta

    def by_tests(d, delta, alpha=0.05):
        above = stats.ttest_1samp(d, -delta, alternative="greater").pvalue
        below = stats.ttest_1samp(d, delta, alternative="less").pvalue
        return max(above, below) < alpha

    with np.errstate(all="ignore"):
        for function in (by_interval, by_tests):
            assert report("equivalent", function).passed
