"""Drop-in torch layers for torch.nn's RNN, LSTM and GRU, with hand-derived backward passes.

What torch.nn's layers can do and these cannot: ``torch.jit.script``, ``torch.fx.symbolic_trace``
(name them in ``Tracer.is_leaf_module``), ``make_fx`` with gradients, ``quantize_dynamic`` (it goes
by the exact type), and a change of a bias in place between forward and backward.
"""

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
