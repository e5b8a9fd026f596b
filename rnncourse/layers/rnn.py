"""The vanilla RNN as a torch layer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnncourse.layers.recurrent import Recurrent


class RNNTrace(NamedTuple):
    """The new state of one step or of all."""

    h: Tensor


def rnn_step(
    x: Tensor,
    h: Tensor,
    W_x: Tensor,
    W_h: Tensor,
    b_x: Tensor | None = None,
    b_h: Tensor | None = None,
    nonlinearity: str = "tanh",
) -> RNNTrace:
    """One time step; shapes as in ``rnncourse.cells.rnn_step``."""
    a = linear(x, W_x, b_x) + linear(h, W_h, b_h)
    return RNNTrace(torch.tanh(a) if nonlinearity == "tanh" else torch.relu(a))


class RNN(Recurrent, nn.RNN):
    """torch.nn.RNN with the same arguments, parameters and results."""

    def _step(self, weights: Sequence[Tensor]) -> Callable[..., RNNTrace]:
        named = dict(zip(("W_x", "W_h", "b_x", "b_h"), weights, strict=False))
        return partial(rnn_step, nonlinearity=self.nonlinearity, **named)
