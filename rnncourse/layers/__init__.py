"""Drop-in torch layers for torch.nn's RNN, LSTM and GRU, with hand-derived backward passes."""

from rnncourse.layers.gru import GRU, GRUCell, GRUTrace, gru_loop, gru_step
from rnncourse.layers.lstm import LSTM, LSTMCell, LSTMTrace, lstm_loop, lstm_step
from rnncourse.layers.native import enable_native
from rnncourse.layers.rnn import RNN, RNNCell, RNNTrace, rnn_loop, rnn_step

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "GRUTrace",
    "LSTMCell",
    "LSTMTrace",
    "RNNCell",
    "RNNTrace",
    "enable_native",
    "gru_loop",
    "gru_step",
    "lstm_loop",
    "lstm_step",
    "rnn_loop",
    "rnn_step",
]
