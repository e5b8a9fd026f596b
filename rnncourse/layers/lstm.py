"""The LSTM as a torch layer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnncourse.layers.recurrent import Recurrent


class LSTMTrace(NamedTuple):
    """Gates, candidate and new state of one step or of all."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor


def lstm_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W_x: Tensor,
    W_h: Tensor,
    b_x: Tensor | None = None,
    b_h: Tensor | None = None,
    W_hr: Tensor | None = None,
) -> LSTMTrace:
    """One time step; shapes as in ``rnncourse.cells.lstm_step``, W_hr (P, H) projects h."""
    a = linear(x, W_x, b_x) + linear(h, W_h, b_h)  # (eq-lstm-preactivation)
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)
    i = torch.sigmoid(a_i)  # (eq-lstm-input-gate)
    f = torch.sigmoid(a_f)  # (eq-lstm-forget-gate)
    g = torch.tanh(a_g)  # (eq-lstm-candidate)
    o = torch.sigmoid(a_o)  # (eq-lstm-output-gate)
    c = f * c + i * g  # (eq-lstm-cell)
    h = o * torch.tanh(c)  # (eq-lstm-hidden)
    return LSTMTrace(i, f, g, o, c, h if W_hr is None else linear(h, W_hr))


class LSTM(Recurrent, nn.LSTM):
    """torch.nn.LSTM with the same arguments, parameters and results."""

    def _step(self, weights: Sequence[Tensor]) -> Callable[..., LSTMTrace]:
        W_x, W_h, *rest = weights
        W_hr = rest.pop() if self.proj_size else None
        b_x, b_h = rest or (None, None)
        return partial(lstm_step, W_x=W_x, W_h=W_h, b_x=b_x, b_h=b_h, W_hr=W_hr)
