"""Problem set 2: the LSTM in NumPy, one step, over time, and back."""

from collections.abc import Callable
from functools import partial

import numpy as np

from rnncourse.cells import lstm_backward, lstm_forward, lstm_step, lstm_step_backward
from rnncourse.checks.declare import Check, Inputs, Item
from rnncourse.checks.lstm_backward_mistakes import OVER_TIME as BACKWARD_MISTAKES
from rnncourse.checks.lstm_backward_mistakes import STEP as STEP_BACKWARD_MISTAKES
from rnncourse.checks.lstm_mistakes import FORWARD as FORWARD_MISTAKES
from rnncourse.checks.lstm_mistakes import STEP as STEP_MISTAKES
from rnncourse.checks.probe import Returning

PAGE = "book/2-cells/lstm.html"
PARAMETERS = {"W_x": "4H I", "W_h": "4H H", "b": "4H"}
STEP = {"x": "B I", "h_prev": "B H", "c_prev": "B H", **PARAMETERS}
STEP_BACKWARD = {**STEP, "dh": "B H", "dc": "B H"}
FORWARD = {"x": "T B I", "h0": "B H", "c0": "B H", **PARAMETERS}
BACKWARD = {**FORWARD, "dhs": "T B H"}


def draw(rng: np.random.Generator, arguments: dict[str, str], **fixed: int) -> Inputs:
    """Draw every array from a normal distribution; all sizes differ unless they are ``fixed``."""
    B, I, H = (int(size) for size in rng.permutation([2, 3, 5]))
    sizes = {"T": int(rng.choice([4, 6])), "B": B, "I": I, "H": H, "4H": 4 * H} | fixed
    return {
        name: rng.normal(size=[sizes[letter] for letter in letters.split()])
        for name, letters in arguments.items()
    }


def single(rng: np.random.Generator, arguments: dict[str, str]) -> Inputs:
    return {n: a.astype(np.float32) for n, a in draw(rng, arguments).items()}


def extreme(rng: np.random.Generator, arguments: dict[str, str]) -> Inputs:
    """Put half of the pre-activations at ±1000; the others let gradients through."""
    inputs = draw(rng, arguments)
    where = rng.permutation(len(inputs["b"])) % 2 == 0
    inputs["b"][where] = rng.choice([-1000.0, 1000.0], size=where.sum())
    return inputs


def items(arguments: dict[str, str], points: float) -> tuple[Item, ...]:
    """The five items of every check in this set; ``points`` are those of the first."""

    def drawn(make: Callable = draw, **fixed: int) -> Callable[[np.random.Generator], Inputs]:
        return partial(make, arguments=arguments, **fixed)

    over_time = "T B I" in arguments.values()
    name = "a single step, a batch of one" if over_time else "a batch of one"
    ones = (drawn(B=1), *([drawn(T=1), drawn(T=1, B=1)] if over_time else []))
    return (
        Item("random inputs", points, (drawn(),) * 5),
        Item(name, 1, ones, "Which line drops or mixes an axis of length 1?"),
        Item(
            "float32 in, float32 out",
            1,
            (drawn(single),),
            "Which line brings float64 into a float32 computation?",
        ),
        Item(
            "pre-activations of ±1000",
            1,
            (drawn(extreme),) * 2,
            "What is np.exp(1000), and what does your code do with it?",
        ),
        Item(
            "inputs left as they were",
            1,
            (drawn(),),
            "Which line writes into an array that the caller still needs?",
            read_only=True,
        ),
    )


step_values = Returning("h: B H", "c: B H")
forward_values = Returning("hs: T B H", ("h: B H", "c: B H"))
step_gradients = Returning(
    "dx: B I", "dh_prev: B H", "dc_prev: B H", "dW_x: 4H I", "dW_h: 4H H", "db: 4H"
)
gradients = Returning("dx: T B I", "dh0: B H", "dc0: B H", "dW_x: 4H I", "dW_h: 4H H", "db: 4H")

CHECKS = (
    Check(
        id="lstm-step",
        title="One step of the LSTM",
        page=PAGE,
        section="lstm-cell-state",
        reference=lstm_step,
        probe=step_values,
        items=items(STEP, points=2),
        mistakes=tuple(STEP_MISTAKES),
    ),
    Check(
        id="lstm-forward",
        title="The LSTM over time",
        page=PAGE,
        section="lstm-over-time",
        reference=lstm_forward,
        probe=forward_values,
        items=items(FORWARD, points=2),
        mistakes=tuple(FORWARD_MISTAKES),
    ),
    Check(
        id="lstm-step-backward",
        title="One step back",
        page=PAGE,
        section="lstm-backward",
        reference=lstm_step_backward,
        probe=step_gradients,
        items=items(STEP_BACKWARD, points=4),
        mistakes=tuple(STEP_BACKWARD_MISTAKES),
    ),
    Check(
        id="lstm-backward",
        title="Back through time",
        page=PAGE,
        section="lstm-backward",
        reference=lstm_backward,
        probe=gradients,
        items=items(BACKWARD, points=6),
        mistakes=tuple(BACKWARD_MISTAKES),
    ),
)
