"""The cells in NumPy alone, as the book writes them: one step, and its backward below it."""

from rnncourse.cells.gru import (
    GRUGates,
    gru_backward,
    gru_forward,
    gru_gates,
    gru_step,
    gru_step_backward,
)
from rnncourse.cells.lstm import (
    LSTMGates,
    LSTMState,
    lstm_backward,
    lstm_forward,
    lstm_gates,
    lstm_step,
    lstm_step_backward,
)
from rnncourse.cells.rnn import rnn_backward, rnn_forward, rnn_step, rnn_step_backward
from rnncourse.cells.shapes import ShapeError
from rnncourse.cells.unroll import hidden_states, sigmoid, unroll, unroll_backward

__all__ = [
    "GRUGates",
    "LSTMGates",
    "LSTMState",
    "ShapeError",
    "gru_backward",
    "gru_forward",
    "gru_gates",
    "gru_step",
    "gru_step_backward",
    "hidden_states",
    "lstm_backward",
    "lstm_forward",
    "lstm_gates",
    "lstm_step",
    "lstm_step_backward",
    "rnn_backward",
    "rnn_forward",
    "rnn_step",
    "rnn_step_backward",
    "sigmoid",
    "unroll",
    "unroll_backward",
]
