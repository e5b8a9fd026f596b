"""Problem set 2: the LSTM in NumPy, one step, over time, and back."""

from rnncourse.cells import lstm_backward, lstm_forward, lstm_step, lstm_step_backward
from rnncourse.checks.declare import Check
from rnncourse.checks.draws import items
from rnncourse.checks.mistakes.lstm_backward import OVER_TIME as BACKWARD_MISTAKES
from rnncourse.checks.mistakes.lstm_forward import FORWARD as FORWARD_MISTAKES
from rnncourse.checks.mistakes.lstm_forward import ONE_INPUT
from rnncourse.checks.mistakes.lstm_step import STEP as STEP_MISTAKES
from rnncourse.checks.mistakes.lstm_step_backward import STEP as STEP_BACKWARD_MISTAKES
from rnncourse.checks.probe import Returning

PAGE = "book/2-cells/lstm.html"
PARAMETERS = {"W_x": "4H I", "W_h": "4H H", "b": "4H"}
STEP = {"x": "B I", "h_prev": "B H", "c_prev": "B H", **PARAMETERS}
STEP_BACKWARD = {**STEP, "dh": "B H", "dc": "B H"}
FORWARD = {"x": "T B I", "h0": "B H", "c0": "B H", **PARAMETERS}
BACKWARD = {**FORWARD, "dhs": "T B H"}

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
        mistakes=(*FORWARD_MISTAKES, ONE_INPUT),
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
