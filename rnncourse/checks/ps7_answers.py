"""Problem set 7 answered: the sign-flip test, equivalence, and two cells compared with both."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from rnncourse.cells.costs import matched_hidden_size

Array = np.ndarray
Run = Callable[[str, int, int], float]


def sign_patterns(n: int) -> Array:
    """Return every way to give n numbers a sign, (2^n, n), the one that changes none first."""
    return 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)


def sign_flip_p(differences: Array) -> float:
    """Exact two-sided sign-flip test on the mean (eq-fair-sign-flip).

    The share of all 2^n sign patterns whose mean is at least as far from 0 as the observed one,
    which is among them.
    """
    far = np.abs(sign_patterns(len(differences)) @ differences)
    return float(np.mean(far >= far[0] * (1 - 1e-9)))  # equal sums may differ in their last bit


@lru_cache
def t_quantile(p: float, df: int) -> float:
    """Return the p quantile of Student's t with df degrees of freedom, to about 7 digits.

    With t = √df tan(u) the density of u is proportional to cos(u)^(df − 1), which a plain sum
    integrates well.
    """
    angle = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    density = np.cos(angle) ** (df - 1)
    below = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    return float(np.sqrt(df) * np.tan(np.interp(p * below[-1], below, angle)))


def equivalent(differences: Array, delta: float, alpha: float = 0.05) -> bool:
    """Two one-sided t tests: is the (1 − 2 alpha) interval inside (−delta, delta)?

    (eq-fair-interval) and (eq-fair-equivalent).
    """
    n = len(differences)
    half_width = t_quantile(1 - alpha, n - 1) * np.std(differences, ddof=1) / np.sqrt(n)
    return bool(np.abs(np.mean(differences)) + half_width < delta)


def decide(differences: Array, p: float, delta: float) -> str:
    """Apply the rule of (fair-verdict) to differences GRU − LSTM of a loss."""
    mean = np.mean(differences)
    if equivalent(differences, delta):
        return "comparable"
    if p < 0.05 and abs(mean) >= delta:
        return "gru" if mean < 0 else "lstm"
    return "undecided"


def compare_cells(
    run: Run, seeds: Sequence[int], input_size: int, hidden_size: int, delta: float
) -> tuple[Array, float, str]:
    """Compare LSTM(hidden_size) with the GRU of as many parameters, seed by seed.

    ``run(cell, hidden_size, seed)`` returns a loss. Returns the differences GRU − LSTM (n,), their
    sign-flip p and the verdict.
    """
    matched = matched_hidden_size("lstm", "gru", input_size, hidden_size)
    pairs = [(run("gru", matched, seed), run("lstm", hidden_size, seed)) for seed in seeds]
    differences = np.array([gru - lstm for gru, lstm in pairs])
    p = sign_flip_p(differences)
    return differences, p, decide(differences, p, delta)
