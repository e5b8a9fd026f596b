"""The layers of torch.nn, with which problem set 4 compares."""

from typing import Any


def nn_lstm(input_size: int, hidden_size: int) -> Any:
    """Build the reference, torch.nn's own."""
    from torch import nn

    return nn.LSTM(input_size, hidden_size)


def nn_gru(input_size: int, hidden_size: int) -> Any:
    """Build the reference, torch.nn's own."""
    from torch import nn

    return nn.GRU(input_size, hidden_size)
