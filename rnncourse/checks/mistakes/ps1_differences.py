"""What learners write instead of central differences, each mistake as a formula that runs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps1_answers import numerical_gradient

Array = np.ndarray
Scalar = Callable[[Array], float]

DIFFERENCES = "bptt-differences"


def differences(
    formula: Callable[[Callable[[float], float], float], float],
    moved: Callable[[tuple], Any] = lambda index: index,
    shift: Callable[[Array, tuple, float], Array | float] = lambda x, index, eps: 0.0,
) -> Function:
    """Make a gradient of another formula, which sees f along one entry of x, and eps.

    ``moved`` are the entries that move together with the one at ``index``, ``shift`` is what the
    entries before it left in x.
    """

    def wrong(f: Scalar, x: Array, eps: float) -> Array:
        gradient = np.empty_like(x)
        for index in np.ndindex(x.shape):
            start = x + shift(x, index, eps)
            direction = np.zeros_like(x)
            direction[moved(index)] = 1
            gradient[index] = formula(_along(f, start, direction), eps)
        return gradient

    return wrong


def _along(f: Scalar, start: Array, direction: Array) -> Callable[[float], float]:
    return lambda by: f(start + by * direction)


def central(f: Callable[[float], float], eps: float) -> float:
    return (f(eps) - f(-eps)) / (2 * eps)


def _earlier(x: Array, index: tuple) -> Array:
    """1 at the entries before index, 0 at the others."""
    return (np.arange(x.size) < np.ravel_multi_index(index, x.shape)).reshape(x.shape)


def _copies_made_once(f: Scalar, x: Array, eps: float) -> Array:
    gradient, above, below = np.empty_like(x), x.copy(), x.copy()
    for index in np.ndindex(x.shape):
        above[index] += eps
        below[index] -= eps
        gradient[index] = (f(above) - f(below)) / (2 * eps)
    return gradient


def _in_proportion(f: Scalar, x: Array, eps: float) -> Array:
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = eps * x[index]
        gradient[index] = (f(x + step) - f(x - step)) / (2 * step[index])
    return gradient


BOTH_SIDES = "At which two points does your line evaluate f, and how far apart are they?"
MOVED = "When one entry of x moves, where are all the others?"
NUMERICAL = [
    Mistake(
        "forward-difference",
        "a forward difference, from x to x + eps",
        BOTH_SIDES,
        DIFFERENCES,
        differences(lambda f, eps: (f(eps) - f(0)) / eps),
    ),
    Mistake(
        "backward-difference",
        "a backward difference, from x - eps to x",
        BOTH_SIDES,
        DIFFERENCES,
        differences(lambda f, eps: (f(0) - f(-eps)) / eps),
    ),
    Mistake(
        "divided-by-eps",
        "a central difference divided by eps",
        BOTH_SIDES,
        DIFFERENCES,
        differences(lambda f, eps: (f(eps) - f(-eps)) / eps),
    ),
    Mistake(
        "forward-difference-divided-by-2-eps",
        "a forward difference divided by 2 eps",
        BOTH_SIDES,
        DIFFERENCES,
        differences(lambda f, eps: (f(eps) - f(0)) / (2 * eps)),
    ),
    Mistake(
        "not-divided",
        "a central difference that is not divided by anything",
        "If eps is halved, what becomes of your number, and what of a slope?",
        DIFFERENCES,
        differences(lambda f, eps: f(eps) - f(-eps)),
    ),
    Mistake(
        "times-eps",
        "a central difference divided by 2 and multiplied by eps",
        "In which order does Python compute a / 2 * eps?",
        DIFFERENCES,
        differences(lambda f, eps: (f(eps) - f(-eps)) / 2 * eps),
    ),
    Mistake(
        "divided-by-eps-squared",
        "a central difference divided by 2 eps**2",
        "If eps is halved, what becomes of your number, and what of a slope?",
        DIFFERENCES,
        differences(lambda f, eps: (f(eps) - f(-eps)) / (2 * eps**2)),
    ),
    Mistake(
        "second-difference",
        "the second difference, f(x + eps) - 2 f(x) + f(x - eps) over eps**2",
        "Which derivative of a straight line does your formula give?",
        DIFFERENCES,
        differences(lambda f, eps: (f(eps) - 2 * f(0) + f(-eps)) / eps**2),
    ),
    Mistake(
        "sign-flipped",
        "a central difference with its two points the other way round",
        "Where f goes up with x, which sign has your number?",
        DIFFERENCES,
        differences(lambda f, eps: (f(-eps) - f(eps)) / (2 * eps)),
    ),
    Mistake(
        "half-the-step",
        "a central difference whose points are eps apart, half of eps on each side",
        BOTH_SIDES,
        DIFFERENCES,
        differences(lambda f, eps: central(f, eps / 2)),
    ),
    Mistake(
        "double-step",
        "a central difference whose points are 2 eps away from x, on each side",
        BOTH_SIDES,
        DIFFERENCES,
        differences(lambda f, eps: central(f, 2 * eps)),
    ),
    Mistake(
        "five-points",
        "the formula with four points, x ± eps and x ± 2 eps",
        "How many values of f does a central difference need?",
        DIFFERENCES,
        differences(lambda f, eps: (4 * central(f, eps) - central(f, 2 * eps)) / 3),
    ),
    Mistake(
        "eps-not-used",
        "a derivative that does not depend on the eps it was given",
        "What changes in your numbers when the caller asks for eps = 0.2?",
        DIFFERENCES,
        lambda f, x, eps: numerical_gradient(f, x, 1e-6),
    ),
    Mistake(
        "step-in-proportion-to-x",
        "a central difference whose step is eps times the entry of x",
        "By how much does an entry of 0 move in your code, and one of 100?",
        DIFFERENCES,
        _in_proportion,
    ),
    Mistake(
        "all-entries-at-once",
        "a difference that moves all entries of x at once",
        MOVED,
        DIFFERENCES,
        differences(central, moved=lambda index: ...),
    ),
    Mistake(
        "whole-rows-at-once",
        "a difference that moves x[i], with all that lies in it, at once",
        MOVED,
        DIFFERENCES,
        differences(central, moved=lambda index: index[0]),
    ),
    Mistake(
        "not-undone",
        "a difference that leaves each entry at x - eps when it goes on to the next",
        MOVED,
        DIFFERENCES,
        differences(central, shift=lambda x, index, eps: -eps * _earlier(x, index)),
    ),
    Mistake(
        "left-at-plus-eps",
        "a difference that leaves each entry at x + eps when it goes on to the next",
        MOVED,
        DIFFERENCES,
        differences(central, shift=lambda x, index, eps: eps * _earlier(x, index)),
    ),
    Mistake(
        "copies-made-once",
        "a difference between one copy of x that moves up entry by entry, and one that moves down",
        MOVED,
        DIFFERENCES,
        _copies_made_once,
    ),
    Mistake(
        "one-array-under-two-names",
        "a difference between f and itself, zero everywhere",
        "Are x + eps and x - eps two arrays in your code, or two names for one?",
        DIFFERENCES,
        lambda f, x, eps: np.zeros_like(x),
    ),
]
