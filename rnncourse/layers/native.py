"""The passes through time with their step loop in C++ (native.cpp), built when first asked for."""

import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import linear

from rnncourse.layers.bptt import gradients_by_autograd, left_to_autograd, linear_gradients
from rnncourse.layers.gru import GRUThroughTime, gru_loop
from rnncourse.layers.lstm import LSTMThroughTime, lstm_loop
from rnncourse.layers.steps import Steps

Gradients = tuple[Tensor | None, ...]
SOURCE = Path(__file__).with_suffix(".cpp")

_library: Any = None


def enable_native(on: bool = True) -> bool:
    """Use the C++ step loop of LSTM and GRU from now on, or no longer; True where it is in use.

    The first call compiles it, which takes about half a minute; later processes find it in torch's
    cache of extensions. Where that cannot be, one line on stderr says why, and nothing changes. It
    runs on a CPU, in float32 and float64, over sequences of equal length; the rest stays as it is.
    """
    global _library
    if on and _library is None:
        try:
            _library = _built()
        except Exception as error:  # whatever a compiler may say, the layers work without it
            said = str(error).strip().splitlines() or [type(error).__name__]
            print(f"rnncourse: no native step loop: {said[0]}", file=sys.stderr)
            return False
    LSTMThroughTime.native = NativeLSTMThroughTime if on else None
    GRUThroughTime.native = NativeGRUThroughTime if on else None
    return on


def _built() -> Any:
    """Compile native.cpp, or load what an earlier process compiled, and run it once."""
    from torch.utils.cpp_extension import load

    level = torch.backends.cpu.get_cpu_capability()  # AVX512, say: chooses torch's vector type
    version = torch.__version__.replace(".", "_").replace("+", "_")
    name = f"rnncourse_native_{version}_{level}".lower()
    flags = ["-O3", "-march=native", "-fopenmp"]
    flags += [f"-DCPU_CAPABILITY={level}", f"-DCPU_CAPABILITY_{level}"]
    path = os.environ.get("PATH", "")
    # ninja may have come with this environment, without its folder being on the path
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        library = load(name, [str(SOURCE)], extra_cflags=flags)
    finally:
        os.environ["PATH"] = path
    one = torch.ones(1, 1)
    library.gru_forward_float32(one.expand(1, 1, 3).contiguous(), one.expand(1, 3).contiguous(),
                                one, one, one.clone()[None], one.clone()[None])  # fmt: skip
    return library


def fits(steps: Steps, mask: Tensor | None, x: Tensor, weights: Any) -> bool:
    """Whether the C++ loop is made for this: no dropout mask, no projection, equal lengths.

    Nor is it for those who look on from Python: counters of FLOPs, tensors without numbers.
    """
    projected = len(weights) == 5 and weights[4] is not None
    plain = mask is None and steps.even and steps.batch > 0 and not projected
    watched = torch._C._len_torch_dispatch_stack() > 0 or type(x) not in (Tensor, Parameter)
    return plain and x.is_cpu and x.dtype in (torch.float32, torch.float64) and not watched


def _call(name: str, *tensors: Tensor) -> None:
    getattr(_library, f"{name}_{str(tensors[0].dtype).removeprefix('torch.')}")(*tensors)


def _in_time(rows: Tensor, steps: Steps) -> Tensor:
    """Rows (N, ·) as (T, B, ·) in the order of the steps, or those as rows."""
    if rows.dim() == 2:
        rows = rows.view(len(steps.sizes), steps.batch, rows.shape[1])
        return rows.flip(0) if steps.reverse else rows.contiguous()
    return (rows.flip(0) if steps.reverse else rows).flatten(0, 1)


def _result(hs: Tensor, steps: Steps, kept: bool) -> Tensor:
    """Rows of hs (T, B, H); a copy where hs is kept, since a user may write into a result."""
    rows = _in_time(hs, steps)
    return torch.empty_like(rows).copy_(rows) if kept else rows


def _given(gradient: Tensor | None, like: Tensor) -> Tensor:
    """A buffer that holds the gradient, or zeros where there is none."""
    if gradient is None:
        return torch.zeros_like(like)
    return gradient.clone(memory_format=torch.contiguous_format)


class NativeLSTMThroughTime(LSTMThroughTime):
    """``LSTMThroughTime`` without projection, with its loop in C++."""

    fits = staticmethod(fits)

    @staticmethod
    def forward(
        ctx: Any, steps: Steps, mask: Tensor | None, x: Tensor, *tensors: Any
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return hs (N, H) and the last h and c (B, H). With no ``ctx`` nothing is kept."""
        h0, c0, W_x, W_h, b_x, b_h, _ = tensors
        a = _in_time(linear(x, W_x, None if b_x is None else b_x + b_h), steps)
        hs = a.new_empty(*a.shape[:2], h0.shape[1])
        cs = torch.empty_like(hs[:1] if ctx is None else hs)
        _call("lstm_forward", a, W_h.T.contiguous(), h0.contiguous(), c0.contiguous(), hs, cs)
        if ctx is not None:
            ctx.steps = steps
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x, *tensors, a, hs, cs)
        return _result(hs, steps, ctx is not None), hs[-1].clone(), cs[-1].clone()

    @staticmethod
    def backward(ctx: Any, dhs: Any, dh_last: Any, dc_last: Any) -> Gradients:
        """Gradients of all tensors, after those of steps and mask, which have none."""
        *tensors, a, hs, cs = ctx.saved_tensors
        if left_to_autograd(dhs, dh_last, dc_last):
            given = (dhs, dh_last, dc_last)
            settings = (ctx.steps, None)
            return None, None, *gradients_by_autograd(lstm_loop, settings, tensors, given)
        x, h0, c0, W_x, W_h, b_x, _, _ = tensors
        dh, dc, da = _given(dh_last, hs[-1]), _given(dc_last, cs[-1]), torch.empty_like(a)
        dhs = torch.zeros_like(hs) if dhs is None else _in_time(dhs, ctx.steps)
        W_h = W_h.contiguous()
        _call("lstm_backward", a, W_h, c0.contiguous(), cs, dhs, dh, dc, da)
        needed = ctx.needs_input_grad[2:]
        rows = _in_time(da, ctx.steps)
        dx, dW_x, db = linear_gradients(rows, x, W_x, b_x, (needed[0], needed[3]))
        dW_h = _recurrent(da, h0, hs) if needed[4] else None
        return None, None, dx, da[0] @ W_h, dc, dW_x, dW_h, db, db, None


class NativeGRUThroughTime(GRUThroughTime):
    """``GRUThroughTime`` with its loop in C++."""

    fits = staticmethod(fits)

    @staticmethod
    def forward(
        ctx: Any, steps: Steps, mask: Tensor | None, x: Tensor, *tensors: Any
    ) -> tuple[Tensor, Tensor]:
        """Return hs (N, H) and the last h (B, H). With no ``ctx`` nothing is kept."""
        h0, W_x, W_h, b_x, b_h = tensors
        H = h0.shape[1]
        b, b_hn = b_x, x.new_zeros(1, H)
        if b_x is not None:
            b, b_hn = b_x.clone(), b_h[None, 2 * H :].contiguous()
            b[: 2 * H] += b_h[: 2 * H]
        a = _in_time(linear(x, W_x, b), steps)
        hs = a.new_empty(*a.shape[:2], H)
        us = torch.empty_like(hs[:1] if ctx is None else hs)
        _call("gru_forward", a, W_h.T.contiguous(), b_hn, h0.contiguous(), hs, us)
        if ctx is not None:
            ctx.steps = steps
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x, *tensors, a, hs, us)
        return _result(hs, steps, ctx is not None), hs[-1].clone()

    @staticmethod
    def backward(ctx: Any, dhs: Tensor | None, dh_last: Tensor | None) -> Gradients:
        """Gradients of all tensors, after those of steps and mask, which have none."""
        *tensors, a, hs, us = ctx.saved_tensors
        if left_to_autograd(dhs, dh_last):
            given, settings = (dhs, dh_last), (ctx.steps, None)
            return None, None, *gradients_by_autograd(gru_loop, settings, tensors, given)
        x, h0, W_x, W_h, b_x, b_h = tensors
        H = h0.shape[1]
        dh, da_n, d = _given(dh_last, hs[-1]), torch.empty_like(us), torch.empty_like(a)
        dhs = torch.zeros_like(hs) if dhs is None else _in_time(dhs, ctx.steps)
        W_h = W_h.contiguous()
        _call("gru_backward", a, us, W_h, h0.contiguous(), hs, dhs, dh, da_n, d)
        needed = ctx.needs_input_grad[2:]
        dh0 = dh.addmm_(d[0], W_h)
        dW_h = _recurrent(d, h0, hs) if needed[3] else None
        db_h = None if b_h is None else d.sum((0, 1))
        d[..., 2 * H :] = da_n  # the input's part of the candidate is not multiplied by r
        rows = _in_time(d, ctx.steps)
        dx, dW_x, db_x = linear_gradients(rows, x, W_x, b_x, (needed[0], needed[2]))
        return None, None, dx, dh0, dW_x, dW_h, db_x, db_h


def _recurrent(d: Tensor, h0: Tensor, hs: Tensor) -> Tensor:
    """Gradient of W_h: d (T, B, G·H) times the h before each step, over all steps at once."""
    first = d[0].T @ h0
    return torch.addmm(first, d[1:].flatten(0, 1).T, hs[:-1].flatten(0, 1))
