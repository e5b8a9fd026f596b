"""Problem set 7: bad answers get their own sentence, and mistakes that combine still fail."""

from functools import cache
from itertools import product
from math import sqrt

import mpmath
import numpy as np
import pytest

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.mistakes import ps7_compare as compare
from rnncourse.checks.mistakes import ps7_verdict as verdicts


def flip(differences):
    signs = np.array(list(product([1, -1], repeat=len(differences))))
    return float(np.mean(abs(signs @ differences) >= abs(differences.sum())))


@cache
def quantile(p, df):
    low, high = 0.0, 200.0
    for _ in range(50):
        middle = (low + high) / 2
        beyond = mpmath.betainc(df / 2, 0.5, 0, df / (df + middle**2), regularized=True)
        if beyond > 2 * (1 - p):
            low = middle
        else:
            high = middle
    return low


def margin(differences, alpha=0.05):
    n = len(differences)
    return quantile(1 - alpha, n - 1) * np.std(differences, ddof=1) / sqrt(n)


def same(differences, delta, alpha=0.05):
    return bool(abs(np.mean(differences)) + margin(differences, alpha) < delta)


def right(run, seeds, input_size, hidden_size, delta):
    target = hidden_size * (input_size + hidden_size + 2) * 4 / 3
    wide = min(range(1, 99), key=lambda size: abs(size * (input_size + size + 2) - target))
    d = np.array([run("gru", wide, seed) - run("lstm", hidden_size, seed) for seed in seeds])
    p, winner = flip(d), "gru" if d.mean() < 0 else "lstm"
    large = p < 0.05 and abs(d.mean()) >= delta
    return d, p, "comparable" if same(d, delta) else winner if large else "undecided"


@pytest.mark.parametrize(
    ("id", "function"), [("sign-flip-p", flip), ("equivalent", same), ("compare-cells", right)]
)
def test_what_the_bad_answers_are_made_of_is_right(id, function):
    assert report(id, function).passed


def asks_for_lstm_in_capitals(run, seeds, input_size, hidden_size, delta):
    return right(
        lambda cell, size, seed: run(cell.upper(), size, seed),
        seeds,
        input_size,
        hidden_size,
        delta,
    )


def asks_for_half_a_unit(run, seeds, input_size, hidden_size, delta):
    return right(
        lambda cell, size, seed: run(cell, size + 0.5, seed), seeds, input_size, hidden_size, delta
    )


def asks_for_the_seed_as_a_word(run, seeds, input_size, hidden_size, delta):
    return right(
        lambda cell, size, seed: run(cell, size, str(seed)), seeds, input_size, hidden_size, delta
    )


def says_it_as_a_number(*arguments):
    differences, p, _ = right(*arguments)
    return differences, p, 1


def has_an_opinion_of_its_own(*arguments):
    differences, p, _ = right(*arguments)
    return differences, p, "GRU"


def forgets_the_verdict(*arguments):
    return right(*arguments)[:2]


def runs_nothing(run, seeds, input_size, hidden_size, delta):
    return np.zeros(len(seeds)), 1.0, "comparable"


def forgets_half_of_the_seeds(run, seeds, *rest):
    return right(run, seeds[::2], *rest)


def knows_no_alpha(differences, delta):
    return same(differences, delta)


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
        ("compare-cells", has_an_opinion_of_its_own, 'returned "GRU" for verdict, expected "gru"'),
        ("compare-cells", forgets_the_verdict, "expected 3: differences, p, verdict."),
        ("compare-cells", runs_nothing, 'did not call run with cell "lstm".'),
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
    return bool(abs(np.mean(differences)) + margin(differences, alpha) <= delta)


def doubled_without_a_limit(differences):
    signs = np.array(list(product([1, -1], repeat=len(differences))))
    return 2 * float(np.mean(signs @ differences >= abs(differences.sum())))


def sorts_its_differences(differences):
    differences.sort()
    return flip(differences)


def needs_a_list(run, seeds, *rest):
    return right(run, [seeds.pop(0) for _ in range(len(seeds))], *rest)


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


@pytest.mark.parametrize(
    "function",
    [
        lambda d, delta, alpha=0.05: abs(np.mean(d)) + 2 * np.std(d) < delta,
        lambda d, delta, alpha=0.05: abs(np.mean(d)) + np.std(d) < delta,
        lambda d, delta, alpha=0.05: abs(np.mean(d)) + 3 * np.std(d) / np.sqrt(len(d)) < delta,
        lambda d, delta, alpha=0.05: abs(np.median(d)) + margin(d, alpha) < delta,
        lambda d, delta, alpha=0.05: not same(d, delta, alpha),
        lambda d, delta, alpha=0.05: True,
        lambda d, delta, alpha=0.05: False,
        lambda d, delta, alpha=0.05: flip(d) < alpha,
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_mistake_that_nobody_declared_is_not_taken_for_another(function, seed):
    found = report("equivalent", function, seed)
    assert not found.passed
    assert found.diagnosis is None


@pytest.mark.parametrize(
    "verdict",
    [
        lambda d, p, delta: verdicts.decide(d, p, delta / 2),
        lambda d, p, delta: verdicts.decide(d, p, 2 * delta),
        lambda d, p, delta: verdicts.decide(d + delta, p, delta),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_rule_that_nobody_declared_is_not_taken_for_another(verdict, seed):
    found = report("compare-cells", compare.comparison(verdict=verdict), seed)
    assert not found.passed
    assert found.diagnosis is None


# --- two mistakes at once ---

SIZES = {"equal-hidden-sizes": compare.own_size, "four-thirds": lambda I, H: round(4 * H / 3)}
DIFFERENCES = {"lstm-minus-gru-throughout": lambda gru, lstm: lstm - gru, "ratio": np.divide}
VERDICTS = {"p-alone": verdicts.by_p_alone, "loser-named": verdicts.loser,
            "comparable-if-not-significant": verdicts.comparable_if_not_significant,
            "never-comparable": verdicts.never_comparable}  # fmt: skip


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


WIDTHS = {
    "normal-quantile": lambda n, sd, alpha: 1.6448536 * sd / sqrt(n),
    "deviation-of-n": lambda n, sd, alpha: quantile(1 - alpha, n - 1) * sd * sqrt(n - 1) / n,
    "alpha-halved": lambda n, sd, alpha: quantile(1 - alpha / 2, n - 1) * sd / sqrt(n),
    "deviation-for-error": lambda n, sd, alpha: quantile(1 - alpha, n - 1) * sd,
}
ENDS = {
    "upper-end-alone": lambda mean, half, delta: mean + half < delta,
    "intervals-meet": lambda mean, half, delta: abs(mean) - half < delta,
    "interval-holds-zero": lambda mean, half, delta: abs(mean) < half,
    "delta-halved": lambda mean, half, delta: abs(mean) + half < delta / 2,
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("end", ENDS)
def test_two_mistakes_about_the_interval(width, end):
    def combined(d, delta, alpha=0.05):
        half = WIDTHS[width](len(d), float(np.std(d, ddof=1)), alpha)
        return bool(ENDS[end](d.mean(), half, delta))

    found = report("equivalent", combined)
    assert not found.passed
    known = {None, width, end}
    if (width, end) == ("alpha-halved", "interval-holds-zero"):
        known.add("not-significant")  # the 95 % interval holds 0: that is the t test
    assert found.diagnosis in known


COUNTS = {
    "ties-not-counted": lambda far, near: (far > near + 1e-9).mean(),
    "as-near": lambda far, near: (far <= near + 1e-9).mean(),
    "one-added": lambda far, near: ((far >= near - 1e-9).sum() + 1) / (len(far) + 1),
    "observed-excluded": lambda far, near: (far >= near - 1e-9)[1:].mean(),
}
MEANS = {
    "median-for-mean": lambda signed: np.median(signed, axis=1),
    "rank-test": lambda signed: (
        np.sign(signed) * (np.argsort(np.argsort(abs(signed), axis=1), axis=1) + 1)
    ).sum(axis=1),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("half", [1, 2])
def test_two_mistakes_about_the_signs(count, mean, half):
    def combined(d):
        signs = np.array(list(product([1, -1], repeat=len(d))))
        found = abs(MEANS[mean](signs * d))
        return float(COUNTS[count](found, found[0])) / half

    found = report("sign-flip-p", combined)
    assert not found.passed
    assert found.score <= 2
    assert found.diagnosis in (None, count, mean)
