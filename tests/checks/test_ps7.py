"""Problem set 7: the answers agree with others' software, and right code passes in any style."""

import random
from fractions import Fraction
from itertools import product
from math import atan, cos, pi, sqrt

import mpmath
import numpy as np
import pytest

from rnncourse.checks import ps7_answers as answers
from rnncourse.checks import ps7_compare_mistakes as compare
from rnncourse.checks import ps7_draws as draws
from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.ps7_sign_flip_mistakes import t_test_p


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
        ranked = stats.wilcoxon(d[d != 0], method="exact" if len(set(abs(d))) == len(d) else "auto")
        assert 0 < ranked.pvalue <= 1


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
              "wide": "undecided", "noisy": "undecided", "equal": "comparable"}  # fmt: skip
    check = CHECKS["compare-cells"]
    for kind, verdict in wanted.items():
        for seed in range(20):
            found = check.probe(check.reference, draws.losses(kind, 7)(np.random.default_rng(seed)))
            assert found["verdict"] == verdict
            # the one case in which reasonable rules differ is not drawn
            mean, p = abs(found["differences"].mean()), found["p"]
            assert (p < 0.05) == (kind in ("gru", "lstm", "tiny"))
            assert kind in ("tiny", "comparable", "wide", "equal") or mean > 1 / 64


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


# --- right answers in many styles ---


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


COMPARISONS = (in_lists, one_arm_after_the_other, every_run_twice_in_random_order, winner_first)


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


# --- bad answers ---


def asks_for_lstm_in_capitals(run, seeds, input_size, hidden_size, delta):
    return in_lists(
        lambda cell, size, seed: run(cell.upper(), size, seed),
        seeds,
        input_size,
        hidden_size,
        delta,
    )


def asks_for_half_a_unit(run, seeds, input_size, hidden_size, delta):
    return in_lists(
        lambda cell, size, seed: run(cell, size + 0.5, seed), seeds, input_size, hidden_size, delta
    )


def asks_for_the_seed_as_a_word(run, seeds, input_size, hidden_size, delta):
    return in_lists(
        lambda cell, size, seed: run(cell, size, str(seed)), seeds, input_size, hidden_size, delta
    )


def says_it_as_a_number(*arguments):
    differences, p, _ = in_lists(*arguments)
    return differences, p, 1


def has_an_opinion_of_its_own(*arguments):
    differences, p, _ = in_lists(*arguments)
    return differences, p, "GRU"


def forgets_the_verdict(*arguments):
    return in_lists(*arguments)[:2]


def runs_nothing(run, seeds, input_size, hidden_size, delta):
    return np.zeros(len(seeds)), 1.0, "comparable"


def tries_a_few_sizes(run, seeds, input_size, hidden_size, delta):
    for size in range(5, 9):
        run("gru", size, seeds[0])
    return in_lists(run, seeds, input_size, hidden_size, delta)


def forgets_half_of_the_seeds(run, seeds, *rest):
    return in_lists(run, seeds[::2], *rest)


def knows_no_alpha(differences, delta):
    return by_two_tests(differences, delta)


def p_of_random_signs(differences):
    signs = np.random.default_rng(0).choice([-1, 1], size=(999, len(differences)))
    return float((1 + (abs(signs @ differences) >= abs(differences.sum())).sum()) / 1000)


@pytest.mark.parametrize(
    ("id", "function", "message"),
    [
        ("compare-cells", asks_for_lstm_in_capitals, "called run with cell 'GRU', expected"),
        ("compare-cells", asks_for_half_a_unit, "expected a whole number."),
        ("compare-cells", asks_for_the_seed_as_a_word, "called run with seed '"),
        ("compare-cells", says_it_as_a_number, "for verdict, expected a string."),
        ("compare-cells", has_an_opinion_of_its_own, "verdict is GRU, and that is not it"),
        ("compare-cells", forgets_the_verdict, "expected 3: differences, p, verdict."),
        ("compare-cells", runs_nothing, "the LSTM's hidden_size is 0, and that is not it"),
        ("compare-cells", tries_a_few_sizes, "the GRU's hidden_size is 0, and that is not it"),
        ("compare-cells", forgets_half_of_the_seeds, "differences has shape (4,), expected (7,)"),
        ("sign-flip-p", p_of_random_signs, "p times 2^n a whole number?"),
        ("sign-flip-p", lambda d: None, "returned None, expected p."),
        ("sign-flip-p", lambda d: float("nan"), "p is not finite (nan or inf)"),
        ("equivalent", lambda d, delta, alpha=0.05: 0.3, "expected True or False."),
        (
            "equivalent",
            knows_no_alpha,
            "could not be called as knows_no_alpha(differences, delta, alpha)",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_gets_its_own_sentence(id, function, message):
    found = report(id, function)
    assert message in found.message
    assert found.score <= 1
    assert found.diagnosis is None


def closed_at_the_ends(differences, delta, alpha=0.05):
    half = quantile(1 - alpha, len(differences) - 1) * np.std(differences, ddof=1)
    return bool(abs(np.mean(differences)) + half / np.sqrt(len(differences)) <= delta)


def doubled_without_a_limit(differences):
    signs = np.array(list(product([1, -1], repeat=len(differences))))
    return 2 * float(np.mean(signs @ differences >= abs(differences.sum())))


def sorts_its_differences(differences):
    differences.sort()
    return by_bits(differences)


def needs_a_list(run, seeds, *rest):
    return in_lists(run, [seeds.pop(0) for _ in range(len(seeds))], *rest)


@pytest.mark.parametrize(
    ("id", "function", "item"),
    [
        ("equivalent", closed_at_the_ends, "differences that are all equal"),
        ("sign-flip-p", doubled_without_a_limit, "zeros and ties"),
        ("sign-flip-p", sorts_its_differences, "differences left as they were"),
        ("compare-cells", needs_a_list, "seeds in an array, left as they were"),
    ],
)
def test_one_fault_costs_one_item_and_asks_about_it(id, function, item):
    found = report(id, function)
    assert [i.name for i in found.items if not i.passed] == [item]
    assert found.score == found.max_score - 1
    assert next(i.asks for i in CHECKS[id].items if i.name == item) in found.message or (
        "read-only" in found.message or "pop" in found.message
    )


# --- two mistakes at once ---

SIZES = {"equal-hidden-sizes": compare.own_size, "four-thirds": lambda I, H: round(4 * H / 3)}
DIFFERENCES = {"lstm-minus-gru-throughout": lambda gru, lstm: lstm - gru, "ratio": np.divide}
VERDICTS = {"p-alone": compare.by_p_alone, "loser-named": compare.loser,
            "comparable-if-not-significant": compare.comparable_if_not_significant,
            "never-comparable": compare.never_comparable}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("difference", DIFFERENCES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_mistakes_that_combine_still_fail_and_are_not_taken_for_a_third(size, difference, verdict):
    pairs = [
        {"gru_size": SIZES[size], "difference": DIFFERENCES[difference]},
        {"gru_size": SIZES[size], "verdict": VERDICTS[verdict]},
        {"difference": DIFFERENCES[difference], "verdict": VERDICTS[verdict]},
    ]
    for made in pairs:
        wrong = compare.comparison(**made)

        def combined(*arguments, wrong=wrong):
            return wrong(*arguments)

        found = report("compare-cells", combined)
        assert not found.passed
        assert found.score <= 2
        known = {None, size, difference, verdict}
        if {difference, verdict} == {"lstm-minus-gru-throughout", "loser-named"}:
            known.add("lstm-minus-gru")  # two turns round: this is what it is
        assert found.diagnosis in known
