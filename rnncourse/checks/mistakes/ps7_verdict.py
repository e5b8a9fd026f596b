"""What learners conclude from the differences and their p, beside the rule of the course."""

from collections.abc import Callable

import numpy as np

from rnncourse.checks.declare import Mistake
from rnncourse.checks.mistakes.ps7_compare import comparison
from rnncourse.checks.ps7_answers import decide, equivalent

Array = np.ndarray

SAME, RULES = "fair-equivalence", "fair-verdict"


def lower(differences: Array) -> str:
    return "gru" if np.mean(differences) < 0 else "lstm"


def loser(differences: Array, p: float, delta: float) -> str:
    found = decide(differences, p, delta)
    return {"gru": "lstm", "lstm": "gru"}.get(found, found)


def by_p_alone(differences: Array, p: float, delta: float) -> str:
    if p < 0.05:
        return lower(differences)
    return "comparable" if equivalent(differences, delta) else "undecided"


def comparable_if_not_significant(differences: Array, p: float, delta: float) -> str:
    found = decide(differences, p, delta)
    return "comparable" if found == "undecided" else found


def comparable_in_place_of_equivalent(differences: Array, p: float, delta: float) -> str:
    if p >= 0.05:
        return "comparable"
    return lower(differences) if abs(np.mean(differences)) >= delta else "undecided"


def winner_or_comparable(differences: Array, p: float, delta: float) -> str:
    return lower(differences) if p < 0.05 else "comparable"


def at_level(level: float, alpha: float = 0.05) -> Callable[[Array, float, float], str]:
    """Make a rule that asks for p below this level, and for an interval at this alpha."""

    def verdict(differences: Array, p: float, delta: float) -> str:
        if equivalent(differences, delta, alpha):
            return "comparable"
        large = abs(np.mean(differences)) >= delta
        return lower(differences) if p < level and large else "undecided"

    return verdict


def comparable_if_small(differences: Array, p: float, delta: float) -> str:
    small = abs(np.mean(differences)) < delta
    if p < 0.05:
        return "undecided" if small else lower(differences)
    return "comparable" if small else "undecided"


def by_mean_and_delta(differences: Array, p: float, delta: float) -> str:
    return "comparable" if abs(np.mean(differences)) < delta else lower(differences)


def never_comparable(differences: Array, p: float, delta: float) -> str:
    found = decide(differences, p, delta)
    return "undecided" if found == "comparable" else found


def comparable_alone(differences: Array, p: float, delta: float) -> str:
    return "comparable" if equivalent(differences, delta) else lower(differences)


MANY = "Which of the four verdicts has your rule for many seeds, a tiny difference and p = 0.001?"
VERDICT = [
    Mistake(
        "loser-named",
        "a verdict that names the cell with the higher loss",
        "Is a loss better when it is high or when it is low?",
        RULES,
        comparison(verdict=loser),
    ),
    Mistake(
        "p-alone",
        "a verdict for a cell wherever p is below 0.05",
        MANY,
        RULES,
        comparison(verdict=by_p_alone),
    ),
    Mistake(
        "mean-alone",
        "a verdict by the sign of the mean difference alone",
        "What does your rule say of two runs of the very same cell?",
        RULES,
        comparison(verdict=lambda d, p, delta: lower(d)),
    ),
    Mistake(
        "mean-and-delta-alone",
        "a verdict by the mean difference and delta, whatever p is",
        "What does your rule say of two noisy runs of the very same cell?",
        RULES,
        comparison(verdict=by_mean_and_delta),
    ),
    Mistake(
        "comparable-if-not-significant",
        "a verdict of comparable for whatever is not significant",
        "What does your rule say of two very different cells after three noisy seeds?",
        SAME,
        comparison(verdict=comparable_if_not_significant),
    ),
    Mistake(
        "p-in-place-of-equivalence",
        "a verdict of comparable where p is at least 0.05, and nowhere else",
        "What does your rule say of two very different cells after three noisy seeds?",
        SAME,
        comparison(verdict=comparable_in_place_of_equivalent),
    ),
    Mistake(
        "winner-or-comparable",
        "a verdict for a cell where p is below 0.05, and of comparable everywhere else",
        "What does your rule say of two very different cells after three noisy seeds?",
        SAME,
        comparison(verdict=winner_or_comparable),
    ),
    Mistake(
        "p-unused",
        "a verdict for a cell wherever the mean is at least delta in size, whatever p is",
        "What does your rule say of two noisy runs of the very same cell?",
        RULES,
        comparison(verdict=at_level(2.0)),
    ),
    Mistake(
        "level-of-a-tenth",
        "a verdict for a cell where p is below 0.1",
        "How small must p be in the rule of the exercise?",
        RULES,
        comparison(verdict=at_level(0.1)),
    ),
    Mistake(
        "level-of-a-hundredth",
        "a verdict for a cell only where p is below 0.01",
        "How small must p be in the rule of the exercise?",
        RULES,
        comparison(verdict=at_level(0.01)),
    ),
    Mistake(
        "interval-of-95-percent",
        "a verdict of comparable by the 95 % interval",
        "How much does your interval leave out at each end, where nobody names an alpha?",
        SAME,
        comparison(verdict=at_level(0.05, alpha=0.025)),
    ),
    Mistake(
        "comparable-if-small",
        "a verdict of comparable where p is at least 0.05 and the mean is within delta",
        "Which differences has your data not ruled out, when the mean is small and noisy?",
        SAME,
        comparison(verdict=comparable_if_small),
    ),
    Mistake(
        "comparable-or-a-winner",
        "a verdict for the cell with the lower loss wherever the two are not comparable",
        "What do you say when you know too little?",
        RULES,
        comparison(verdict=comparable_alone),
    ),
    Mistake(
        "never-comparable",
        "a verdict that is never comparable",
        "With which result would you say that the two are the same for your purpose?",
        SAME,
        comparison(verdict=never_comparable),
    ),
]
