"""The GRU as torch layer and cell: one step, a loop for autograd, and passes derived by hand.

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


class GRUTrace(NamedTuple):
    """Gates, candidate and new state, of one step or of all."""

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
    mask: Tensor | None = None,
    reset_after: bool = True,
) -> GRUTrace:
    """Advance by one time step; the equations of ``rnncourse.cells.gru_step``.

    x (B, I); h (B, H); W_x (3H, I), W_h (3H, H), b_x, b_h (3H,), rows stacked r z n. ``mask``
    multiplies h on its way into the gates and the candidate, not in z ⊙ h (recurrent dropout).
    """
    seen = h if mask is None else h * mask[: len(h)]
    a_r, a_z, a_n = linear(x, W_x, b_x).chunk(3, dim=-1)
    if reset_after:
        u_r, u_z, u_n = linear(seen, W_h, b_h).chunk(3, dim=-1)
    else:
        W_r, W_z, W_n = W_h.chunk(3)
        b_r, b_z, b_n = (None, None, None) if b_h is None else b_h.chunk(3)
        u_r, u_z = linear(seen, W_r, b_r), linear(seen, W_z, b_z)
    r = torch.sigmoid(a_r + u_r)  # (eq-gru-reset-gate)
    z = torch.sigmoid(a_z + u_z)  # (eq-gru-update-gate)
    if reset_after:  # noqa: SIM108  one line for one equation
        n = torch.tanh(a_n + r * u_n)  # (eq-gru-candidate-after)
    else:
        n = torch.tanh(a_n + linear(r * seen, W_n, b_n))  # (eq-gru-candidate-before)
    return GRUTrace(r, z, n, (1 - z) * n + z * h)  # (eq-gru-hidden)


def gru_loop(
    steps: Steps,
    mask: Tensor | None,
    x: Tensor,
    h0: Tensor,
    *weights: Any,
    reset_after: bool = True,
) -> tuple[Any, State]:
    """All steps, for autograd to derive: rows x (N, I), h0 (B, H), then W_x, W_h, b_x, b_h."""
    W_x, W_h, b_x, b_h = weights
    step = partial(gru_step, W_x=W_x, W_h=W_h, b_x=b_x, b_h=b_h, mask=mask, reset_after=reset_after)
    return unroll(step, x, (h0,), steps)


class GRUThroughTime(torch.autograd.Function):
    """All steps, forward and back, with the reset after the product; arguments of ``gru_loop``.

    The candidate is tanh(a) = 2σ(2a) − 1: on a CPU σ costs a fraction of tanh.
    """

    loop = staticmethod(gru_loop)
    native: Any = None  # its replacement in C++, once enable_native has built it

    @staticmethod
    def forward(
        ctx: Any, steps: Steps, mask: Tensor | None, x: Tensor, h0: Tensor, *weights: Any
    ) -> tuple[Tensor, Tensor]:
        """Return hs (N, H) and the last h (B, H). With no ``ctx`` nothing is kept."""
        W_x, W_h, b_x, b_h = weights
        H, dtype = h0.shape[1], working_dtype(x)
        b, b_u = b_x, 0
        if b_x is not None:
            b, b_u = b_x.clone(), b_h[2 * H :]
            b[: 2 * H] += b_h[: 2 * H]
        a = linear(x, W_x, b).to(dtype)  # the input's part, of all steps at once
        n_all = 2 * a[:, 2 * H :]
        a[:, 2 * H :] = b_u  # one product then completes r, z and u = h W_hnᵀ + b_hn
        hs = steps.states(h0, dtype)
        add, minus_one = adder(W_h.T, steps.batch, mask), a.new_full((), -1)
        for a_t, rz, r, z, u, n, h_prev, h in zip(
            *map(steps.each, (a, a[:, : 2 * H], *a.view(-1, 3, H).unbind(1), n_all)),
            *steps.around(hs),
            strict=True,
        ):
            add(a_t, h_prev)
            rz.sigmoid_()  # (eq-gru-reset-gate), (eq-gru-update-gate)
            n.addcmul_(r, u, value=2).sigmoid_()
            torch.add(minus_one, n, alpha=2, out=n)  # (eq-gru-candidate-after)
            torch.lerp(n, h_prev, z, out=h)  # (eq-gru-hidden)
        if ctx is not None:
            ctx.steps, ctx.mask = steps, mask
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x, h0, *weights, a, n_all, hs)
        return steps.results(hs, x.dtype, ctx is not None)

    @staticmethod
    def backward(ctx: Any, dhs: Tensor | None, dh_last: Tensor | None) -> Gradients:
        """Gradients of all tensors, after those of steps and mask, which have none."""
        *tensors, a, n, hs = ctx.saved_tensors
        steps, mask = ctx.steps, ctx.mask
        if left_to_autograd(dhs, dh_last):
            given = (dhs, dh_last)
            return None, None, *gradients_by_autograd(gru_loop, (steps, mask), tensors, given)
        x, h0, W_x, W_h, b_x, b_h = tensors
        H = h0.shape[1]
        r, z, u = a.view(-1, 3, H).unbind(1)
        # da_r, da_z and du are these times dh, in the loop
        d = torch.empty_like(a)
        d_r, d_z, d_u = d.view(-1, 3, H).unbind(1)
        d_n = (1 - z).mul_(1 - n * n)
        torch.mul(d_n, r, out=d_u)
        torch.mul(torch.addcmul(d_u, d_u, r, value=-1), u, out=d_r)
        torch.addcmul(z, z, z, value=-1, out=d_z).mul_(hs[steps.read] - n)
        dh_all = steps.gradients(dhs, dh_last, hs)
        add = adder_back(W_h, steps.batch, mask)
        for d_t, blocks, z_t, dh_prev, dh in steps.backwards(
            *map(steps.each, (d, d.view(-1, 3, H), z)), *steps.around(dh_all)
        ):
            blocks.mul_(dh.unsqueeze(1))  # (eq-gru-dgates)
            dh_prev.addcmul_(dh, z_t)  # (eq-gru-dhidden)
            add(dh_prev, d_t)
        h_read = hs[steps.read] if mask is None else hs[steps.read] * steps.spread(mask)
        needed = ctx.needs_input_grad[2:]
        du = d.to(x.dtype)
        _, dW_h, db_h = linear_gradients(du, h_read.to(x.dtype), W_h, b_h, (False, needed[3]))
        torch.mul(d_n, dh_all[steps.written], out=d_u)  # da_n takes the place of du
        da = d.to(x.dtype)
        dx, dW_x, db_x = linear_gradients(da, x, W_x, b_x, (needed[0], needed[2]))
        return None, None, dx, dh_all[steps.initial].to(x.dtype), dW_x, dW_h, db_x, db_h


class GRUResetBeforeThroughTime(torch.autograd.Function):
    """All steps, forward and back, with the reset before the product; arguments of ``gru_loop``.

    The candidate is tanh(a) = 2σ(2a) − 1: on a CPU σ costs a fraction of tanh.
    """

    loop = staticmethod(partial(gru_loop, reset_after=False))

    @staticmethod
    def forward(
        ctx: Any, steps: Steps, mask: Tensor | None, x: Tensor, h0: Tensor, *weights: Any
    ) -> tuple[Tensor, Tensor]:
        """Return hs (N, H) and the last h (B, H). With no ``ctx`` nothing is kept."""
        W_x, W_h, b_x, b_h = weights
        H, dtype = h0.shape[1], working_dtype(x)
        a = linear(x, W_x, b_x if b_x is None else b_x + b_h).to(dtype)
        a[:, 2 * H :] *= 2
        hs = steps.states(h0, dtype)
        add_rz = adder(W_h[: 2 * H].T, steps.batch, mask)
        add_n, minus_one = adder(2 * W_h[2 * H :].T, steps.batch, mask), a.new_full((), -1)
        for rz, r, z, n, h_prev, h in zip(
            *map(steps.each, (a[:, : 2 * H], *a.view(-1, 3, H).unbind(1))),
            *steps.around(hs),
            strict=True,
        ):
            add_rz(rz, h_prev)
            rz.sigmoid_()  # (eq-gru-reset-gate), (eq-gru-update-gate)
            add_n(n, r * h_prev)
            n.sigmoid_()
            torch.add(minus_one, n, alpha=2, out=n)  # (eq-gru-candidate-before)
            torch.lerp(n, h_prev, z, out=h)  # (eq-gru-hidden)
        if ctx is not None:
            ctx.steps, ctx.mask = steps, mask
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x, h0, *weights, a, hs)
        return steps.results(hs, x.dtype, ctx is not None)

    @staticmethod
    def backward(ctx: Any, dhs: Tensor | None, dh_last: Tensor | None) -> Gradients:
        """Gradients of all tensors, after those of steps and mask, which have none."""
        *tensors, a, hs = ctx.saved_tensors
        steps, mask = ctx.steps, ctx.mask
        if left_to_autograd(dhs, dh_last):
            loop, given = GRUResetBeforeThroughTime.loop, (dhs, dh_last)
            return None, None, *gradients_by_autograd(loop, (steps, mask), tensors, given)
        x, h0, W_x, W_h, b_x, _ = tensors
        H = h0.shape[1]
        r, z, n = a.view(-1, 3, H).unbind(1)
        h_read = hs[steps.read]
        # da_z and da_n are these times dh, da_r is this times the gradient of r ⊙ h_prev
        d = torch.empty_like(a)
        d_r, d_z, d_n = d.view(-1, 3, H).unbind(1)
        torch.mul(h_read, r * (1 - r), out=d_r)
        torch.mul(h_read - n, z * (1 - z), out=d_z)
        torch.mul(1 - z, 1 - n**2, out=d_n)
        dh_all = steps.gradients(dhs, dh_last, hs)
        add_rz = adder_back(W_h[: 2 * H], steps.batch, mask)
        add_n = adder_back(W_h[2 * H :], steps.batch, mask)
        for d_rz, d_zn, da_r, da_n, r_t, z_t, dh_prev, dh in steps.backwards(
            *map(steps.each, (d[:, : 2 * H], d.view(-1, 3, H)[:, 1:], d_r, d_n, r, z)),
            *steps.around(dh_all),
        ):
            d_zn.mul_(dh.unsqueeze(1))  # (eq-gru-dgates)
            d_reset = torch.zeros_like(dh)
            add_n(d_reset, da_n)
            da_r.mul_(d_reset)
            dh_prev.addcmul_(dh, z_t).addcmul_(d_reset, r_t)  # (eq-gru-dhidden)
            add_rz(dh_prev, d_rz)
        reset = r * h_read
        if mask is not None:
            h_read, reset = (v * steps.spread(mask) for v in (h_read, reset))
        needed = ctx.needs_input_grad[2:]
        da = d.to(x.dtype)
        dx, dW_x, db = linear_gradients(da, x, W_x, b_x, (needed[0], needed[2]))
        dW_h = None
        if needed[3]:
            h_read, reset = h_read.to(x.dtype), reset.to(x.dtype)
            dW_h = torch.cat([da[:, : 2 * H].T @ h_read, da[:, 2 * H :].T @ reset])
        return None, None, dx, dh_all[steps.initial].to(x.dtype), dW_x, dW_h, db, db


class GRU(Layer, nn.GRU):
    """torch.nn.GRU: the same arguments, parameters, shapes and results.

    Besides, by keyword: ``reset_after=False`` for the reset before the recurrent product (the
    paper's version 3, ONNX's default); ``recurrent_dropout``, the probability that a unit of h
    is hidden from gates and candidate, by one mask a sequence (Gal & Ghahramani 2016); ``init``,
    "keep_bias" or "chrono", the latter with its ``horizon`` in steps. See ``forward`` for
    ``trace``.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        reset_after: bool = True,
        recurrent_dropout: float = 0.0,
        init: str | None = None,
        horizon: float | None = None,
        proj_size: int = 0,
    ) -> None:
        self._options("GRU", recurrent_dropout, init, horizon, proj_size)
        self.reset_after = reset_after
        sizes = (input_size, hidden_size, num_layers)
        options = (bias, batch_first, dropout, bidirectional)
        super().__init__(*sizes, *options, device=device, dtype=dtype)

    @property
    def through_time(self) -> Any:
        """The passes through time of the form that ``reset_after`` chose."""
        return GRUThroughTime if self.reset_after else GRUResetBeforeThroughTime


class GRUCell(Cell, nn.GRUCell):
    """torch.nn.GRUCell: the same arguments, parameters, shapes and results, and ``reset_after``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        reset_after: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.reset_after = reset_after

    def _step(self, x: Tensor, state: State, weights: Weights) -> State:
        (h,), (W_x, W_h, b_x, b_h) = state, weights
        return (gru_step(x, h, W_x, W_h, b_x, b_h, reset_after=self.reset_after).h,)
