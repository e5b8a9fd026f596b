"""The LSTM as torch layer and cell: one step, a loop for autograd, passes by hand.

The mark at the end of a line is the label of the book's equation that it computes.
"""

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

Gradients = tuple[Tensor | None, ...]


class LSTMTrace(NamedTuple):
    """Gates, candidate and new states, of one step or of all."""

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
    mask: Tensor | None = None,
) -> LSTMTrace:
    """Advance by one time step; the equations of ``rnncourse.cells.lstm_step``.

    x (B, I); h, c (B, H); W_x (4H, I), W_h (4H, H), b_x, b_h (4H,), rows stacked i f g o. W_hr
    (P, H) projects the new h to size P; W_h is (4H, P) then. ``mask`` multiplies h on its way
    into the gates (recurrent dropout).
    """
    h = h if mask is None else h * mask[: len(h)]
    a = linear(x, W_x, b_x) + linear(h, W_h, b_h)  # (eq-lstm-preactivation)
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)
    i = torch.sigmoid(a_i)  # (eq-lstm-input-gate)
    f = torch.sigmoid(a_f)  # (eq-lstm-forget-gate)
    g = torch.tanh(a_g)  # (eq-lstm-candidate)
    o = torch.sigmoid(a_o)  # (eq-lstm-output-gate)
    c = f * c + i * g  # (eq-lstm-cell)
    h = o * torch.tanh(c)  # (eq-lstm-hidden)
    return LSTMTrace(i, f, g, o, c, h if W_hr is None else linear(h, W_hr))


def lstm_loop(
    steps: Steps, mask: Tensor | None, x: Tensor, h0: Tensor, c0: Tensor, *weights: Any
) -> tuple[Any, State]:
    """All steps, for autograd to derive: rows x (N, I), h0 and c0 (B, ·), then W_x to W_hr."""
    W_x, W_h, b_x, b_h, W_hr = weights
    step = partial(lstm_step, W_x=W_x, W_h=W_h, b_x=b_x, b_h=b_h, W_hr=W_hr, mask=mask)
    return unroll(step, x, (h0, c0), steps)


class LSTMThroughTime(torch.autograd.Function):
    """All steps, forward and back, with the arguments of ``lstm_loop``.

    On a CPU σ costs a fraction of tanh, and tanh(a) = 2σ(2a) − 1: with the rows of the candidate
    doubled, one σ serves all four blocks. s is that of the candidate, so i ⊙ g = 2 i ⊙ s − i.
    """

    loop = staticmethod(lstm_loop)
    native: Any = None  # its replacement in C++, once enable_native has built it

    @staticmethod
    def forward(
        ctx: Any,
        steps: Steps,
        mask: Tensor | None,
        x: Tensor,
        h0: Tensor,
        c0: Tensor,
        *weights: Any,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return hs (N, ·) and the last h and c (B, ·). With no ``ctx`` nothing is kept."""
        W_x, W_h, b_x, b_h, W_hr = weights
        H, dtype = c0.shape[1], working_dtype(x)
        double = W_x.new_ones(4, H)
        double[2] = 2
        double = double.view(-1, 1)
        b = None if b_x is None else (b_x + b_h) * double[:, 0]
        a = linear(x, W_x * double, b).to(dtype)  # the input's part, of all steps at once
        hs = steps.states(h0, dtype)
        h_reads, h_writes = steps.around(hs)
        if ctx is None:
            cs, c_reads = steps.one_state(c0, dtype)
            c_writes = c_reads
        else:
            cs = steps.states(c0, dtype)
            c_reads, c_writes = steps.around(cs)
        ms = None if W_hr is None else a.new_empty(len(a), H)
        m_writes = h_writes if ms is None else steps.each(ms)
        add = adder((W_h * double).T, steps.batch, mask)
        for a_t, i, f, s, o, c_prev, c, m, h_prev, h in zip(
            *map(steps.each, (a, *a.view(-1, 4, H).unbind(1))),
            *(c_reads, c_writes, m_writes, h_reads, h_writes),
            strict=True,
        ):
            add(a_t, h_prev)  # (eq-lstm-preactivation)
            a_t.sigmoid_()  # (eq-lstm-input-gate) and the other three
            torch.mul(f, c_prev, out=c).addcmul_(i, s, value=2).sub_(i)  # (eq-lstm-cell)
            torch.tanh(c, out=m).mul_(o)  # (eq-lstm-hidden)
            if W_hr is not None:
                h.copy_(linear(m.to(x.dtype), W_hr))
        if ctx is None:
            return *steps.results(hs, x.dtype, copy=False), cs.to(x.dtype)
        ctx.steps, ctx.mask = steps, mask
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, h0, c0, *weights, a, cs, hs, ms)
        return *steps.results(hs, x.dtype, copy=True), cs[steps.final].to(x.dtype, copy=True)

    @staticmethod
    def backward(ctx: Any, dhs: Any, dh_last: Any, dc_last: Any) -> Gradients:
        """Gradients of all tensors, after those of steps and mask, which have none."""
        *tensors, a, cs, hs, ms = ctx.saved_tensors
        steps, mask = ctx.steps, ctx.mask
        if left_to_autograd(dhs, dh_last, dc_last):
            given = (dhs, dh_last, dc_last)
            return None, None, *gradients_by_autograd(lstm_loop, (steps, mask), tensors, given)
        x, _, c0, W_x, W_h, b_x, b_h, W_hr = tensors
        i, f, s, o = a.view(-1, 4, c0.shape[1]).unbind(1)
        tanh_c = cs[steps.written].tanh()
        m = hs[steps.written] if W_hr is None else ms
        through_h = torch.addcmul(o, m, tanh_c, value=-1)  # o (1 − tanh² c)
        da = torch.addcmul(a, a, a, value=-1)  # σ' = σ − σ², still to be multiplied by dc or dh
        blocks = da.view(-1, 4, c0.shape[1])
        for block, factor in enumerate((2 * s - 1, cs[steps.read], 4 * i, tanh_c)):
            blocks[:, block].mul_(factor)
        dh_all, dc_all = steps.gradients(dhs, dh_last, hs), steps.gradients(None, dc_last, cs)
        add = adder_back(W_h, steps.batch, mask)
        for da_t, da_ifg, da_o, f_t, through_h_t, dc_prev, dc, dh_prev, dh in steps.backwards(
            *map(steps.each, (da, blocks[:, :3], blocks[:, 3], f, through_h)),
            *steps.around(dc_all),
            *steps.around(dh_all),
        ):
            dm = dh if W_hr is None else (dh.to(x.dtype) @ W_hr).to(dh.dtype)
            dc.addcmul_(dm, through_h_t)  # two roads: through time, and through h  (eq-lstm-dcell)
            da_ifg.mul_(dc.unsqueeze(1))  # (eq-lstm-dgates)
            da_o.mul_(dm)
            torch.mul(dc, f_t, out=dc_prev)
            add(dh_prev, da_t)
        da = da.to(x.dtype)
        h_read = hs[steps.read] if mask is None else hs[steps.read] * steps.spread(mask)
        needed = ctx.needs_input_grad[2:]
        dx, dW_x, db_x = linear_gradients(da, x, W_x, b_x, (needed[0], needed[3]))
        _, dW_h, db_h = linear_gradients(da, h_read.to(x.dtype), W_h, b_h, (False, needed[4]))
        dW_hr = None
        if W_hr is not None:
            dW_hr = dh_all[steps.written].to(x.dtype).T @ m.to(x.dtype)
        dh0, dc0 = (d[steps.initial].to(x.dtype) for d in (dh_all, dc_all))
        return None, None, dx, dh0, dc0, dW_x, dW_h, db_x, db_h, dW_hr


class LSTM(Layer, nn.LSTM):
    """torch.nn.LSTM: the same arguments, parameters, shapes and results.

    Besides, by keyword: ``recurrent_dropout``, the probability that a unit of h is hidden from
    the gates, by one mask a sequence (Gal & Ghahramani 2016); ``init``, "forget_bias" or
    "chrono", the latter with its ``horizon`` in steps. See ``forward`` for ``trace``.
    """

    through_time = LSTMThroughTime
    states = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        *,
        recurrent_dropout: float = 0.0,
        init: str | None = None,
        horizon: float | None = None,
    ) -> None:
        self._options("LSTM", recurrent_dropout, init, horizon)
        sizes = (input_size, hidden_size, num_layers)
        options = (bias, batch_first, dropout, bidirectional, proj_size, device, dtype)
        super().__init__(*sizes, *options)


class LSTMCell(Cell, nn.LSTMCell):
    """torch.nn.LSTMCell: the same arguments, parameters, shapes and results."""

    states = 2

    def _step(self, x: Tensor, state: State, weights: Weights) -> State:
        new = lstm_step(x, *state, *weights)
        return new.h, new.c
