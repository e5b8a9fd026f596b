"""Problem set 3: the GRU in NumPy in both its forms, the way back, and the two meanings of z."""

from dataclasses import replace
from functools import partial
from typing import Any

from rnncourse.cells import flip_update_gate, gru_backward, gru_forward, gru_step
from rnncourse.checks.declare import Arrays, Check, Function, Inputs, Item
from rnncourse.checks.draws import Letters, draw, extreme, items
from rnncourse.checks.mistakes.gru_bptt import BPTT
from rnncourse.checks.mistakes.gru_flip import FLIP
from rnncourse.checks.mistakes.gru_form import STEP as STEP_MISTAKES
from rnncourse.checks.mistakes.gru_forward import FORWARD as FORWARD_MISTAKES
from rnncourse.checks.values import MisfitError, Returning

PAGE = "book/2-cells/gru.html"
PARAMETERS = {"W_x": "3H I", "W_h": "3H H", "b_x": "3H", "b_h": "3H"}
STEP = {"x": "B I", "h_prev": "B H", **PARAMETERS}
FORWARD = {"x": "T B I", "h0": "B H", **PARAMETERS}
BACKWARD = {**FORWARD, "dhs": "T B H"}
AFTER, BEFORE = {"reset_after": True}, {"reset_after": False}
ONE = "Which line drops or mixes an axis of length 1?"
DEFAULT = "Which form does your function take where reset_after is not given?"
FORM = "What does r multiply in this form, the state or its product with W_hn?"


class Flipped:
    """Ask for the four parameters, and add up the two biases of the gates.

    Only their sum counts there, so that a right answer may put all of it into one.
    """

    given = Returning("W_x: 3H I", "W_h: 3H H", "b_x: 3H", "b_h: 3H")
    shapes = {  # noqa: RUF012  read alone
        "W_x": "3H I",
        "W_h": "3H H",
        "b_x + b_h of r and z": "2H",
        "b_x of n": "H",
        "b_h of n": "H",
    }

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        flipped = self.given(function, inputs)
        for name, array in flipped.items():
            if array.shape != inputs[name].shape:
                wanted = f"{inputs[name].shape} = ({', '.join(self.given.shapes[name].split())})"
                raise MisfitError(f"returned {name} of shape {array.shape}, expected {wanted}.")
        W_x, W_h, b_x, b_h = flipped.values()
        H = W_h.shape[1]
        both, n = b_x[: 2 * H] + b_h[: 2 * H], slice(2 * H, None)
        return dict(zip(self.shapes, (W_x, W_h, both, b_x[n], b_h[n]), strict=True))


def usual(letters: Letters, points: float, also: Any = None) -> list[Item]:
    """The usual five items, with a saturated draw of more units.

    With two units it happens that all that reads r is saturated itself.
    """
    saturated = (partial(extreme, letters=letters, also=also, H=5),) * 4
    return [
        replace(item, cases=saturated) if "1000" in item.name else item
        for item in items(letters, points, also)
    ]


def both_forms(letters: Letters, points: float) -> tuple[Item, ...]:
    """The usual items in the default form, the first in both, and one for each form alone.

    The draws with reset_after=True come first, so that an answer without the other form is told
    about what it has.
    """
    after, before = usual(letters, points, AFTER), usual(letters, points, BEFORE)
    first, *rest = after
    other_form = tuple(case for item in before[:-1] for case in item.cases)
    first = replace(first, cases=first.cases + before[0].cases)
    default = (partial(draw, letters=letters),) * 2
    alone = (
        Item("reset after the product, the default", 1, default, DEFAULT),
        Item("reset before the product", 1, other_form, FORM),
    )
    return (first, *alone, *rest)


def flip_items(points: float) -> tuple[Item, ...]:
    drawn = partial(draw, letters=PARAMETERS)
    random, _, single, _, untouched = items(PARAMETERS, points)  # no batch, no pre-activations
    return (
        random,
        Item("a single unit, a single input", 1, (partial(drawn, H=1), partial(drawn, I=1)), ONE),
        single,
        untouched,
    )


step, forward = Returning("h: B H"), Returning("hs: T B H")
gradients = Returning("dx: T B I", "dh0: B H", *(f"d{p}: {s}" for p, s in PARAMETERS.items()))
bonus = Item(
    "the gradients of reset_after=False",
    0,
    (partial(draw, letters=BACKWARD, also=BEFORE),) * 2,
    "What does r multiply in this form, and what multiplies r's product?",
    bonus=True,
)

CHECKS = (
    Check(
        id="gru-step",
        title="One step of the GRU, in both its forms",
        page=PAGE,
        section="gru-gates",
        reference=gru_step,
        probe=step,
        items=both_forms(STEP, points=2),
        mistakes=tuple(STEP_MISTAKES),
    ),
    Check(
        id="gru-forward",
        title="The GRU over time",
        page=PAGE,
        section="gru-over-time",
        reference=gru_forward,
        probe=forward,
        items=both_forms(FORWARD, points=1),
        mistakes=tuple(FORWARD_MISTAKES),
    ),
    Check(
        id="gru-backward",
        title="Back through time",
        page=PAGE,
        section="gru-backward",
        reference=gru_backward,
        probe=gradients,
        items=(*usual(BACKWARD, points=6), bonus),
        mistakes=tuple(BPTT),
    ),
    Check(
        id="flip-update-gate",
        title="The other meaning of z",
        page=PAGE,
        section="gru-z",
        reference=flip_update_gate,
        probe=Flipped(),
        items=flip_items(points=2),
        mistakes=tuple(FLIP),
    ),
)
