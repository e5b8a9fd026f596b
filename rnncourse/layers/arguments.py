"""What layers and cells may be given: torch.nn's exceptions and first words, then more of them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

State = tuple[Tensor, ...]


def as_states(hx: Any, count: int) -> State:
    """The one or two tensors of a state. Raises TypeError, or RuntimeError for another number."""
    if count == 1 and not isinstance(hx, Tensor):
        raise TypeError(f"hx should be one tensor, the initial h, got {type(hx).__name__}")
    if count == 2 and (isinstance(hx, Tensor) or len(hx) != 2):
        found = "one tensor" if isinstance(hx, Tensor) else f"{len(hx)} of them"
        raise RuntimeError(f"hx should be the pair (h_0, c_0), got {found}")
    return (hx,) if count == 1 else tuple(hx)


def check_input(name: str, x: Tensor, weight: Tensor, packed: bool) -> None:
    """Check the input of a layer, whose ``weight`` is (·, I): its rank, type, device and size.

    Raises ValueError for a wrong rank or type, RuntimeError for a wrong device or size.
    """
    if packed and x.dim() != 2:
        raise RuntimeError(
            f"input must have 2 dimensions, got {x.dim()}: a PackedSequence holds rows of features"
        )
    if not packed and x.dim() not in (2, 3):
        raise ValueError(
            f"{name}: Expected input to be 2D or 3D, got {x.dim()}D tensor instead. A batch is "
            "(T, B, I), or (B, T, I) with batch_first; one sequence is (T, I)"
        )
    if x.dtype != weight.dtype and not autocast_on(x):
        raise ValueError(
            f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). "
            f"Convert input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
        )
    _check_kind("parameter", weight, x)
    if x.shape[-1] != weight.shape[1]:
        raise RuntimeError(
            f"input.size(-1) must be equal to input_size. Expected {weight.shape[1]}, got "
            f"{x.shape[-1]} in an input of shape {tuple(x.shape)}. Features come last"
        )


def check_states(
    states: State, shapes: Sequence[tuple[int, ...]], x: Tensor, batched: bool
) -> None:
    """Check the initial states of a layer against (layers · directions, B, ·). Raises RuntimeError.

    ``batched`` is false for one sequence, whose states have no B.
    """
    rank = 3 if batched else 2
    if any(s.dim() != rank for s in states):
        what, found = (
            ("hx", "{}-D tensor") if len(states) == 1 else ("hx and cx", "({}-D, {}-D) tensors")
        )
        kind = "batched 3-D" if batched else "unbatched 2-D"
        found = found.format(*(s.dim() for s in states))
        raise RuntimeError(
            f"For {kind} input, {what} should also be {rank}-D but got {found}. The first "
            "axis of a state is layers times directions"
        )
    for k, (state, shape) in enumerate(zip(states, shapes, strict=True)):
        place = "" if len(states) == 1 else f"[{k}]"
        shape = shape if batched else (shape[0], shape[2])
        if state.shape != shape:
            raise RuntimeError(
                f"Expected hidden{place} size {shape}, got {list(state.shape)}. Its axes are "
                f"(layers · directions, {'B, ' * batched}H), with batch_first too"
            )
        _check_kind("hidden", state, x)


def check_cell(x: Tensor, states: State, weight: Tensor, hidden_size: int) -> None:
    """Check what a cell is given, (B, I) and (B, H) each. Raises RuntimeError."""
    if x.shape[1] != weight.shape[1]:
        raise RuntimeError(
            f"input has inconsistent input_size: got {x.shape[1]} expected {weight.shape[1]}, in "
            f"an input of shape {tuple(x.shape)}"
        )
    for k, state in enumerate(states):
        if state.shape[0] != x.shape[0]:
            raise RuntimeError(
                f"Input batch size {x.shape[0]} doesn't match hidden{k} batch size {state.shape[0]}"
            )
        if state.shape[1] != hidden_size:
            raise RuntimeError(
                f"hidden{k} has inconsistent hidden_size: got {state.shape[1]}, expected "
                f"{hidden_size}"
            )
    _check_kind("parameter", weight, x)
    for state in states:
        _check_kind("hidden", state, x)


def _check_kind(what: str, tensor: Tensor, x: Tensor) -> None:
    if tensor.device != x.device:
        raise RuntimeError(
            f"Input and {what} tensors are not at the same device, found input tensor at "
            f"{x.device} and {what} tensor at {tensor.device}"
        )
    if tensor.dtype != x.dtype and not autocast_on(x):
        raise RuntimeError(
            f"Input and {what} tensors must have the same dtype, but got {x.dtype} and "
            f"{tensor.dtype}"
        )


def autocast_on(x: Tensor) -> bool:
    """Whether autocast chooses the type of products with x; it leaves float64 alone."""
    device = x.device.type
    if x.dtype == torch.float64 or not torch.amp.is_autocast_available(device):
        return False
    return torch.is_autocast_enabled(device)
