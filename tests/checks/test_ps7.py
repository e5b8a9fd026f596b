"""Problem set 7: the answers agree with others' software, and the draws are what they say."""

from fractions import Fraction
from itertools import product
from math import sqrt

import mpmath
import numpy as np
import pytest

from rnncourse.checks import ps7_answers as answers
from rnncourse.checks import ps7_draws as draws
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.mistakes import ps7_compare as compare
from rnncourse.checks.mistakes.ps7_sign_flip import t_test_p


def mpmath_t_tail(t, df):
    """P(|T| > t), by the incomplete beta function."""
    return float(mpmath.betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True))


# --- the answers, against others ---


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 11, 30])
@pytest.mark.parametrize("p", [0.6, 0.9, 0.95, 0.975, 0.995])
def test_the_t_quantile_is_that_of_mpmath(p, df):
    t = answers.t_quantile(p, df)
    assert mpmath_t_tail(t, df) == pytest.approx(2 * (1 - p), abs=1e-7)
    assert answers.t_quantile(1 - p, df) == pytest.approx(-t)


@pytest.mark.parametrize("n", [2, 5, 9])
def test_the_p_of_the_t_test_is_that_of_mpmath(n):
    d = np.random.default_rng(n).normal(0.5, size=n)
    t = abs(d.mean()) / (d.std(ddof=1) / sqrt(n))
    assert t_test_p(d) == pytest.approx(mpmath_t_tail(t, n - 1), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_sign_flip_p_is_that_of_fractions_and_of_a_great_many_random_signs(seed):
    d = draws.mixed(8, 1, zeros=1, ties=2)(np.random.default_rng(seed))["differences"]
    exact = [Fraction(x) for x in d]
    means = [abs(sum(s * x for s, x in zip(signs, exact, strict=True)))
             for signs in product((1, -1), repeat=8)]  # fmt: skip
    assert answers.sign_flip_p(d) == sum(m >= abs(sum(exact)) for m in means) / 2**8
    signs = np.random.default_rng(seed + 10).choice([-1, 1], size=(100_000, 8))
    often = (abs(signs @ d) >= abs(d.sum())).mean()
    assert answers.sign_flip_p(d) == pytest.approx(often, abs=0.008)  # five standard errors


def test_scipy_agrees_where_it_is_installed():
    stats = pytest.importorskip("scipy.stats")
    for seed in range(20):
        d = draws.mixed(9, -1, zeros=1, ties=2)(np.random.default_rng(seed))["differences"]
        there = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert answers.sign_flip_p(d) == pytest.approx(there.pvalue, abs=1e-12)
        assert t_test_p(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=1e-12)
        for alpha, delta in product((0.01, 0.05, 0.2), (0.1, 0.5, 1.0, 2.0)):
            tests = (
                stats.ttest_1samp(d, -delta, alternative="greater"),
                stats.ttest_1samp(d, delta, alternative="less"),
            )
            both = max(test.pvalue for test in tests) < alpha
            assert answers.equivalent(d, delta, alpha) == both


def test_the_mistakes_that_are_tests_of_their_own_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    wrong = {m.slug: m.wrong for m in CHECKS["sign-flip-p"].mistakes}
    for seed in range(20):
        gru, lstm = np.random.default_rng(seed).normal(size=(2, 7))
        d = gru - lstm
        up = int((d > 0).sum())
        assert wrong["sign-test"](d) == pytest.approx(stats.binomtest(up, 7).pvalue)
        ranked = stats.wilcoxon(d, method="exact").pvalue
        assert wrong["rank-test"](d) == pytest.approx(ranked)
        there = stats.permutation_test((gru, lstm), lambda a, b: a.mean() - b.mean())
        assert compare.unpaired_p(gru, lstm) == pytest.approx(there.pvalue, abs=1e-12)


def test_significant_small_and_not_ruled_out_is_undecided():
    d = np.array([-0.1, -0.2, -0.1, -0.2, -0.1, -3.0]) / 10
    p = answers.sign_flip_p(d)
    assert p < 0.05
    assert not answers.equivalent(d, 0.1)
    assert abs(d.mean()) < 0.1
    assert answers.decide(d, p, 0.1) == "undecided"
    assert answers.decide(d, p, 0.05) == "gru"


@pytest.mark.parametrize(("n", "least"), [(2, 0.5), (5, 0.0625), (6, 0.03125), (12, 2 / 4096)])
def test_the_smallest_p_is_2_in_2_to_the_n(n, least):
    for sign in (-1, 1):
        d = draws.one_sided(n, sign)(np.random.default_rng(n))["differences"]
        assert answers.sign_flip_p(d) == least


def test_under_no_difference_p_is_at_most_alpha_as_often_as_alpha_says():
    rng = np.random.default_rng(0)
    found = [answers.sign_flip_p(rng.normal(size=7)) for _ in range(2000)]
    for alpha in (0.125, 0.25, 0.5):  # exact: multiples of 2 / 2^7
        assert np.mean(np.array(found) <= alpha) == pytest.approx(alpha, abs=0.05)


def test_equivalence_errs_as_often_as_alpha_says_at_the_edge():
    rng = np.random.default_rng(1)
    said = [answers.equivalent(rng.normal(1, 0.1, size=8), 1.0) for _ in range(2000)]
    assert np.mean(said) == pytest.approx(0.05, abs=0.015)


def test_a_draw_ends_as_its_name_says():
    wanted = {"gru": "gru", "lstm": "lstm", "tiny": "comparable", "comparable": "comparable",
              "wide": "undecided", "noisy": "undecided", "nearly": "undecided",
              "close": "comparable", "equal": "comparable"}  # fmt: skip
    check = CHECKS["compare-cells"]
    for kind, verdict in wanted.items():
        for seed in range(20):
            found = check.probe(check.reference, draws.losses(kind, 7)(np.random.default_rng(seed)))
            assert found["verdict"] == verdict
            # the one case in which reasonable rules differ is not drawn
            mean, p = abs(found["differences"].mean()), found["p"]
            assert (p < 0.05) == (kind in ("gru", "lstm", "tiny"))
            assert kind in ("tiny", "comparable", "wide", "close", "equal") or mean > 1 / 64
            if kind == "nearly":
                assert 0.05 < p < 0.1


def test_lstm_28_32_is_compared_with_gru_39():
    calls = []

    def run(cell, hidden_size, seed):
        calls.append((cell, hidden_size, seed))
        return 1.0 if cell == "gru" else 2.0

    differences, p, verdict = answers.compare_cells(run, [7, 3, 11, 5, 2, 13], 28, 32, 0.5)
    assert sorted(set(calls)) == sorted(
        (cell, size, seed)
        for cell, size in (("gru", 39), ("lstm", 32))
        for seed in (7, 3, 11, 5, 2, 13)
    )
    assert differences.tolist() == [-1.0] * 6
    assert (p, verdict) == (2 / 64, "gru")
