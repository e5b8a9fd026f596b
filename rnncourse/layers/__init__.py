"""Drop-in torch layers for torch.nn.RNN, LSTM and GRU."""

from rnncourse.layers.gru import GRU
from rnncourse.layers.lstm import LSTM
from rnncourse.layers.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN"]
