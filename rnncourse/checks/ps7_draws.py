"""Random inputs for problem set 7.

Differences and losses are multiples of 1/64: every sum of them is exact, so two means that are
equal on paper are equal in the computer.
"""

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np

from rnncourse.cells.costs import matched_hidden_size
from rnncourse.checks.declare import Inputs
from rnncourse.checks.ps7_answers import sign_flip_p, t_quantile

Draw = Callable[[np.random.Generator], Inputs]
GRID = 64

# LSTM sizes (input, hidden) whose GRU in parameters is another with one bias vector than with two,
# and others whose GRU is another without biases
ONE_BIAS_TELLS = (
    (37, 14),
    (27, 15),
    (15, 17),
    (37, 19),
    (30, 20),
    (24, 21),
    (19, 22),
    (40, 24),
    (33, 25),
)
NO_BIAS_TELLS = (
    (12, 18),
    (16, 17),
    (20, 22),
    (25, 21),
    (28, 15),
    (31, 20),
    (38, 14),
    (34, 25),
    (24, 27),
)


def mixed(n: int, sign: int, zeros: int = 0, ties: int = 0) -> Draw:
    """Differences of both signs whose mean has this one; some may be 0, others equal in size."""

    def draw(rng: np.random.Generator) -> Inputs:
        while True:
            steps = rng.integers(1, 3 * GRID, size=n) * rng.choice([-1, 1], size=n)
            steps[:ties] = np.sign(steps[:ties]) * abs(steps[0])
            steps[n - zeros :] = 0
            steps = rng.permutation(steps) * (sign * np.sign(steps.sum()))
            flips = sign_flip_p(steps)
            if steps.any() and 1.5 / 2**n < flips < 0.8 and {-1, 1} <= set(np.sign(steps)):
                return {"differences": steps / GRID}

    return draw


def slight(n: int, sign: int) -> Draw:
    """Differences of both signs that nearly cancel."""

    def draw(rng: np.random.Generator) -> Inputs:
        while True:
            inputs = mixed(n, sign)(rng)
            if abs(inputs["differences"].mean()) < abs(inputs["differences"]).mean() / 4:
                return inputs

    return draw


def one_sided(n: int, sign: int) -> Draw:
    """Differences that all have this sign: nothing but all signs or none is as far out."""
    return lambda rng: {"differences": sign * rng.integers(1, 3 * GRID, size=n) / GRID}


def balanced(rng: np.random.Generator) -> Inputs:
    """Differences whose mean is exactly 0."""
    half = rng.integers(1, GRID, size=3)
    return {"differences": rng.permutation(np.concatenate([half, -half])) / GRID}


def ladder(n: int, mean: float, delta: float, **options: float) -> Draw:
    """Differences with this mean, asked about this delta.

    Both are in units of the half-width of the interval: it lies inside where |mean| + 1 < delta.
    """

    def draw(rng: np.random.Generator) -> Inputs:
        noise = rng.integers(-GRID, GRID + 1, size=n) / GRID
        noise[:2] = 1, -1  # they are never all equal
        unit = t_quantile(1 - options.get("alpha", 0.05), n - 1) * noise.std(ddof=1) / np.sqrt(n)
        shift = np.round(GRID * (mean * unit - noise.mean())) / GRID
        asked = round(float(delta * unit), 3)
        return {"differences": rng.permutation(noise + shift), "delta": asked, **options}

    return draw


def anywhere(rng: np.random.Generator) -> Inputs:
    """Differences and a delta at random, the verdict not by a hair."""
    n, mean, beyond = int(rng.integers(4, 13)), rng.uniform(0, 2.5), rng.uniform(0.1, 1.2)
    delta = max(mean + 1 + beyond * rng.choice([-1, 1]), 0.2)
    return ladder(n, float(mean * rng.choice([-1, 1])), float(delta))(rng)


def constant(delta: float) -> Draw:
    """Differences that are all the same and negative, asked about delta times their size.

    delta is at most 1: where a t of 0 / 0 comes up, as in scipy, "no" is what follows from nan.
    """

    def draw(rng: np.random.Generator) -> Inputs:
        size = int(rng.integers(1, GRID)) / GRID
        return {"differences": np.full(int(rng.integers(3, 8)), -size), "delta": delta * size}

    return draw


def losses(
    kind: str,
    n: int,
    as_array: bool = False,
    sizes: Sequence[tuple[int, int]] = ONE_BIAS_TELLS,
) -> Draw:
    """Two tables of losses, LSTM and GRU, whose comparison ends in this way.

    The rows are (hidden size, seed, loss).

    "gru" and "lstm": significant and large; "tiny": significant and within delta; "comparable":
    neither significant nor large, with an interval inside ±delta; "wide": the mean is within delta,
    its interval is not; "noisy" and "nearly": the mean is beyond delta, and not significant, by far
    or with p below 0.1; "close": comparable, but with an interval of 95 % it would not be; "equal":
    no difference at all. Seeds differ much more than cells do.
    """

    def draw(rng: np.random.Generator) -> Inputs:
        steps = _steps(rng, kind, n)
        mean = abs(steps.mean())
        unit = t_quantile(0.95, n - 1) * steps.std(ddof=1) / np.sqrt(n)
        delta = {
            "gru": 0.7 * mean,
            "lstm": 0.7 * mean,
            "noisy": 0.7 * mean,
            "nearly": 0.7 * mean,
            "tiny": 2.5 * (mean + unit),  # half of it holds the interval as well
            "comparable": 1.2 * (mean + unit),
            "close": mean + 1.12 * unit,
            "wide": mean + 0.6 * unit,
            "equal": 5.0,
        }[kind] / GRID
        lstm = rng.permutation(np.arange(2 * n))[:n] * GRID // 4 + 2 * GRID
        seeds = rng.permutation(np.arange(20, 100))[:n]
        I, H = sizes[int(rng.integers(len(sizes)))]
        arms = (H, lstm), (matched_hidden_size("lstm", "gru", I, H), lstm + steps)
        return {
            "run": [_rows(size, seeds, arm) for size, arm in arms],
            "seeds": seeds if as_array else seeds.tolist(),
            "input_size": I,
            "hidden_size": H,
            "delta": round(float(delta), 4),
        }

    return draw


def _rows(size: int, seeds: np.ndarray, losses: np.ndarray) -> list[tuple[int, int, float]]:
    return [(size, int(s), float(k) / GRID) for s, k in zip(seeds, losses, strict=True)]


def _steps(rng: np.random.Generator, kind: str, n: int) -> np.ndarray:
    if kind == "equal":
        return np.zeros(n, dtype=int)
    if kind in ("gru", "lstm", "tiny"):
        sign = {"gru": -1, "lstm": 1, "tiny": int(rng.choice([-1, 1]))}[kind]
        return sign * rng.integers(8, GRID, size=n)
    low, high = (0.05, 0.1) if kind == "nearly" else (0.1, 0.8)
    while True:
        steps = rng.integers(-GRID, GRID, size=n)
        if len(set(abs(steps))) == n and low < sign_flip_p(steps) < high:
            return steps


def kinds(sizes: tuple[int, ...], as_array: bool = False) -> tuple[Draw, ...]:
    """One draw of every way to end, but for "equal", with these numbers of seeds in turn."""
    names = ("gru", "lstm", "tiny", "comparable", "wide", "noisy", "nearly", "close")
    return tuple(
        losses(kind, n, as_array, tells)
        for kind, n, tells in zip(
            names, cycle(sizes), cycle((ONE_BIAS_TELLS, NO_BIAS_TELLS)), strict=False
        )
    )


# For n = 5 and alpha = 0.05 the intervals of the recognised mistakes have half-widths of 0.72
# (alpha doubled twice), 0.77 (normal), 0.89 (ddof=0), 0.94 (n degrees of freedom), 1.30 (alpha
# halved) and 2.24 (deviation for error). A delta between two of them tells these two apart. With
# n - 2 degrees of freedom it is 1.10, with n - 1 under the root 1.12; for n = 4, 1.24 and 1.15.
LADDER = (
    ladder(5, 1.6, 1.0),
    ladder(5, -1.6, 1.9),
    ladder(5, 1.6, 1.6 + 0.745),
    ladder(5, -1.6, 1.6 + 0.83),
    ladder(5, 1.6, 1.6 + 0.92),
    ladder(5, -1.6, 1.6 + 0.972),
    ladder(5, 1.6, 1.6 + 1.15),
    ladder(5, -1.6, 1.6 + 2.1),
    ladder(7, 5, 9),  # half of delta is too little
    ladder(7, -3, 1),  # one end lies inside -delta or delta, all of the interval outside
    ladder(6, 0.3, 0.2),  # not significant, and known badly
    ladder(6, -1.15, 0.5),  # 0 lies in the 95 % interval and not in the 90 % one
    ladder(12, -3, 9),  # significant, and small
    ladder(12, 0.5, 1.79),  # some differences lie outside, their mean well inside
    ladder(5, 1.6, 1.6 + 1.05),
    ladder(4, -1.6, 1.6 + 1.2),
    ladder(8, 0.8, 0.8 + 1.5, alpha=0.2),
    ladder(8, -0.8, 0.8 + 0.6, alpha=0.2),
    ladder(8, -0.8, 0.8 + 0.8, alpha=0.01),
)
