"""The GRU as a torch layer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnncourse.layers.recurrent import Recurrent


class GRUTrace(NamedTuple):
    """Gates, candidate and new state of one step or of all."""

    r: Tensor
    z: Tensor
    n: Tensor
    h: Tensor


def gru_step(
    x: Tensor,
    h: Tensor,
    W_x: Tensor,
    W_h: Tensor,
    b_x: Tensor | None = None,
    b_h: Tensor | None = None,
) -> GRUTrace:
    """One time step; shapes as in ``rnncourse.cells.gru_step``."""
    a_r, a_z, a_n = linear(x, W_x, b_x).chunk(3, dim=-1)
    u_r, u_z, u_n = linear(h, W_h, b_h).chunk(3, dim=-1)
    r = torch.sigmoid(a_r + u_r)  # (eq-gru-reset-gate)
    z = torch.sigmoid(a_z + u_z)  # (eq-gru-update-gate)
    n = torch.tanh(a_n + r * u_n)  # (eq-gru-candidate-after)
    return GRUTrace(r, z, n, (1 - z) * n + z * h)  # (eq-gru-hidden)


class GRU(Recurrent, nn.GRU):
    """torch.nn.GRU with the same arguments, parameters and results."""

    def _step(self, weights: Sequence[Tensor]) -> Callable[..., GRUTrace]:
        return partial(gru_step, **dict(zip(("W_x", "W_h", "b_x", "b_h"), weights, strict=False)))
