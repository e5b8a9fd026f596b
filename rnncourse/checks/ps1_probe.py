"""How to ask a function that takes a function: hand it one made of drawn numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs
from rnncourse.checks.probe import MisfitError, Returning


class AskNumericalGradient:
    """Asks for the gradient at x of a function made of whole numbers f (K, *shape of x)."""

    def __init__(self) -> None:
        self.shapes = {"gradient": "B I"}

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        x = inputs["x"]
        if not x.flags.writeable:  # to move x and take it back is a style, so x can be written to
            x = np.repeat(x, 2, axis=-1)[..., ::2]
        axes = " ".join("TBI"[: x.ndim])
        made = Returning(f"gradient: {axes}")(
            lambda: function(sines(inputs["f"], x.shape), x, inputs["eps"]), {}
        )
        got = made["gradient"].shape
        if got != x.shape:
            raise MisfitError(f"returned an array of shape {got}, expected {x.shape}, that of x.")
        return made


def sines(waves: np.ndarray, shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """Make f(x) = Σ_k k sin(Σ waves_k x), k from 1, of arrays of this shape alone.

    Every entry of x has a part in every sine, so that it shows where one moves with another.
    """

    def f(point: Any) -> Any:
        point = np.asarray(point)
        if point.shape != shape:
            given = f"called f with an array of shape {point.shape}"
            raise MisfitError(f"{given}, expected {shape}, the shape of x.")
        heights = np.arange(1, len(waves) + 1)
        angles = np.sum(waves * point, axis=tuple(range(1, waves.ndim)))
        return point.dtype.type(np.sum(heights * np.sin(angles)))

    return f
