"""The vanilla RNN as torch layer and cell: a step, a loop for autograd, passes derived by hand."""

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnncourse.layers.bptt import (
    adder,
    adder_back,
    gradients_by_autograd,
    left_to_autograd,
    linear_gradients,
    working_dtype,
)
from rnncourse.layers.recurrent import Cell, Layer, Weights
from rnncourse.layers.steps import State, Steps, unroll


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
    mask: Tensor | None = None,
    nonlinearity: str = "tanh",
) -> RNNTrace:
    """Advance by one time step; the equation of ``rnncourse.cells.rnn_step``, or relu for tanh.

    x (B, I); h (B, H); W_x (H, I), W_h (H, H), b_x, b_h (H,). ``mask`` multiplies h on its way
    into the product (recurrent dropout). Raises RuntimeError for another nonlinearity.
    """
    if nonlinearity not in ("tanh", "relu"):
        raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}. Select from 'tanh' or 'relu'.")
    seen = h if mask is None else h * mask[: len(h)]
    a = linear(x, W_x, b_x) + linear(seen, W_h, b_h)
    return RNNTrace(torch.tanh(a) if nonlinearity == "tanh" else torch.relu(a))


def rnn_loop(
    steps: Steps,
    mask: Tensor | None,
    nonlinearity: str,
    x: Tensor,
    h0: Tensor,
    *weights: Any,
) -> tuple[Any, State]:
    """All steps, for autograd to derive: rows x (N, I), h0 (B, H), then W_x, W_h, b_x, b_h."""
    W_x, W_h, b_x, b_h = weights
    step = partial(rnn_step, W_x=W_x, W_h=W_h, b_x=b_x, b_h=b_h, mask=mask)
    return unroll(partial(step, nonlinearity=nonlinearity), x, (h0,), steps)


class RNNThroughTime(torch.autograd.Function):
    """All steps, forward and back, with the arguments of ``rnn_loop``."""

    loop = staticmethod(rnn_loop)

    @staticmethod
    def forward(
        ctx: Any,
        steps: Steps,
        mask: Tensor | None,
        nonlinearity: str,
        x: Tensor,
        h0: Tensor,
        *weights: Any,
    ) -> tuple[Tensor, Tensor]:
        """Return hs (N, H) and the last h (B, H). With no ``ctx`` nothing is kept."""
        W_x, W_h, b_x, b_h = weights
        dtype = working_dtype(x)
        a = linear(x, W_x, b_x if b_x is None else b_x + b_h).to(dtype)  # of all steps at once
        hs = steps.states(h0, dtype)
        add = adder(W_h.T, steps.batch, mask)
        for a_t, h_prev, h in zip(steps.each(a), *steps.around(hs), strict=True):
            add(a_t, h_prev)
            if nonlinearity == "tanh":
                torch.tanh(a_t, out=h)
            else:
                torch.clamp_min(a_t, 0, out=h)
        if ctx is not None:
            ctx.settings = (steps, mask, nonlinearity)
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x, h0, *weights, hs)
        return steps.results(hs, x.dtype, ctx is not None)

    @staticmethod
    def backward(ctx: Any, dhs: Tensor | None, dh_last: Tensor | None) -> tuple[Tensor | None, ...]:
        """Gradients of all tensors, after those of three settings, which have none."""
        *tensors, hs = ctx.saved_tensors
        if left_to_autograd(dhs, dh_last):
            given = (dhs, dh_last)
            again = gradients_by_autograd(rnn_loop, ctx.settings, tensors, given)
            return None, None, None, *again
        steps, mask, nonlinearity = ctx.settings
        x, _, W_x, W_h, b_x, b_h = tensors
        h = hs[steps.written]
        da = 1 - h**2 if nonlinearity == "tanh" else (h > 0).to(h.dtype)  # times dh, in the loop
        dh_all = steps.gradients(dhs, dh_last, hs)
        add = adder_back(W_h, steps.batch, mask)
        for da_t, dh_prev, dh in steps.backwards(steps.each(da), *steps.around(dh_all)):
            da_t.mul_(dh)
            add(dh_prev, da_t)
        h_read = hs[steps.read] if mask is None else hs[steps.read] * steps.spread(mask)
        needed = ctx.needs_input_grad[3:]
        da = da.to(x.dtype)
        dx, dW_x, db_x = linear_gradients(da, x, W_x, b_x, (needed[0], needed[2]))
        _, dW_h, db_h = linear_gradients(da, h_read.to(x.dtype), W_h, b_h, (False, needed[3]))
        return None, None, None, dx, dh_all[steps.initial].to(x.dtype), dW_x, dW_h, db_x, db_h


class RNN(Layer, nn.RNN):
    """torch.nn.RNN: the same arguments, parameters, shapes and results.

    Besides, by keyword: ``recurrent_dropout``, the probability that a unit of h is hidden from
    the next step, by one mask a sequence (Gal & Ghahramani 2016). See ``forward`` for ``trace``.
    """

    through_time = RNNThroughTime

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        recurrent_dropout: float = 0.0,
        proj_size: int = 0,
    ) -> None:
        self._options("RNN", recurrent_dropout, None, None, proj_size)
        sizes = (input_size, hidden_size, num_layers, nonlinearity)
        options = (bias, batch_first, dropout, bidirectional)
        super().__init__(*sizes, *options, device=device, dtype=dtype)

    def _settings(self) -> tuple[str]:
        return (self.nonlinearity,)


class RNNCell(Cell, nn.RNNCell):
    """torch.nn.RNNCell: the same arguments, parameters, shapes and results."""

    def _step(self, x: Tensor, state: State, weights: Weights) -> State:
        (h,), (W_x, W_h, b_x, b_h) = state, weights
        return (rnn_step(x, h, W_x, W_h, b_x, b_h, nonlinearity=self.nonlinearity).h,)
