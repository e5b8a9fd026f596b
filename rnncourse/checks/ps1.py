"""Problem set 1: the vanilla RNN in NumPy, its gradient, and how far back the gradient reaches."""

from dataclasses import replace
from functools import partial

import numpy as np

from rnncourse.cells import rnn_backward, rnn_forward, rnn_step
from rnncourse.checks.declare import Check, Inputs, Item
from rnncourse.checks.draws import Letters, as_float32, draw, extreme, items
from rnncourse.checks.mistakes.ps1_backward import BACKWARD as BACKWARD_MISTAKES
from rnncourse.checks.mistakes.ps1_differences import NUMERICAL as NUMERICAL_MISTAKES
from rnncourse.checks.mistakes.ps1_forward import FORWARD as FORWARD_MISTAKES
from rnncourse.checks.mistakes.ps1_lag import BY_LAG as BY_LAG_MISTAKES
from rnncourse.checks.mistakes.ps1_step import STEP as STEP_MISTAKES
from rnncourse.checks.probe import Returning
from rnncourse.checks.ps1_answers import gradient_by_lag, numerical_gradient
from rnncourse.checks.ps1_probe import AskNumericalGradient

FORWARD_PAGE, BACKWARD_PAGE = "book/1-memory/rnn.html", "book/1-memory/bptt.html"
PARAMETERS = {"W_x": "H I", "W_h": "H H", "b": "H"}
STEP = {"x": "B I", "h_prev": "B H", **PARAMETERS}
FORWARD = {"x": "T B I", "h0": "B H", **PARAMETERS}
BACKWARD = {**FORWARD, "dhs": "T B H"}
# Jacobians may be taken by central differences, whose own error at the best eps and at those near
# it is up to 6e-6 in float64 and 9e-3 in float32; the smallest recognised mistake is 7e-2 away
BY_DIFFERENCES = {"float64": 1e-5, "float32": 1e-2}


def a_function(rng: np.random.Generator, x: str = "B I") -> Inputs:
    """Draw what f is made of, x, and an eps so large that the difference is no derivative."""
    drawn = draw(rng, {"f": f"T {x}", "x": x})
    waves = rng.integers(1, 4, drawn["f"].shape) * rng.choice([-1, 1], drawn["f"].shape)
    return {"f": waves, "x": drawn["x"], "eps": float(rng.uniform(0.1, 0.3))}


def single(rng: np.random.Generator) -> Inputs:
    return as_float32(a_function(rng))


def usual(letters: Letters, points: float) -> tuple[Item, ...]:
    """The usual five items, with saturated draws of more units.

    With one unit of two at ±1000 it happens that every draw has the same sign.
    """
    saturated = (partial(extreme, letters=letters, H=5),) * 4
    return tuple(
        replace(item, cases=saturated) if "1000" in item.name else item
        for item in items(letters, points)
    )


DIFFERENCES = (
    Item("random functions", 2, (a_function,) * 5),
    Item(
        "x of one axis and of three",
        1,
        (partial(a_function, x="I"), partial(a_function, x="B H I")),
        "Which line knows how many axes x has?",
    ),
    Item(
        "inputs in float32",
        1,
        (single,),
        "Which dtype has the array that you fill?",
    ),
    Item(
        "x left as it was",
        1,
        (a_function,),
        "Is every entry of x back at the very number it started from?",
        read_only=True,
    ),
)

CHECKS = (
    Check(
        id="rnn-step",
        title="One step of the RNN",
        page=FORWARD_PAGE,
        section="rnn-step",
        reference=rnn_step,
        probe=Returning("h: B H"),
        items=usual(STEP, points=1),
        mistakes=tuple(STEP_MISTAKES),
    ),
    Check(
        id="rnn-forward",
        title="The RNN over time",
        page=FORWARD_PAGE,
        section="rnn-over-time",
        reference=rnn_forward,
        probe=Returning("hs: T B H"),
        items=usual(FORWARD, points=2),
        mistakes=tuple(FORWARD_MISTAKES),
    ),
    Check(
        id="numerical-gradient",
        title="A gradient by central differences",
        page=BACKWARD_PAGE,
        section="bptt-differences",
        reference=numerical_gradient,
        probe=AskNumericalGradient(),
        items=DIFFERENCES,
        mistakes=tuple(NUMERICAL_MISTAKES),
    ),
    Check(
        id="rnn-backward",
        title="Back through time",
        page=BACKWARD_PAGE,
        section="bptt-gradient",
        reference=rnn_backward,
        probe=Returning("dx: T B I", "dh0: B H", "dW_x: H I", "dW_h: H H", "db: H"),
        items=usual(BACKWARD, points=4),
        mistakes=tuple(BACKWARD_MISTAKES),
    ),
    Check(
        id="gradient-by-lag",
        title="The gradient by lag",
        page=BACKWARD_PAGE,
        section="bptt-lag",
        reference=gradient_by_lag,
        probe=Returning("norms: T"),
        items=usual(FORWARD, points=2),
        mistakes=tuple(BY_LAG_MISTAKES),
        tolerance=BY_DIFFERENCES,
    ),
)
