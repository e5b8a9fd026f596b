"""What the hand-derived passes through time share: products, and being derived once more."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C import _functorch as functorch

PACKING_PAYS = 2**24  # multiply-adds in one product; below it packing and its calls cost more
Adder = Callable[[Tensor, Tensor], object]


def adder(matrix: Tensor, rows: int, before: Tensor | None = None) -> Adder:
    """``add(total, v)``: add v @ matrix to total in place, for up to ``rows`` rows of v.

    ``before`` (rows, ·), a dropout mask, multiplies v first. In half precision the product is
    rounded to it and the sum is not.
    """
    if before is not None:
        plain = adder(matrix, rows)
        return lambda total, v: plain(total, v * before[: len(v)])
    if matrix.dtype.itemsize < 4:
        return lambda total, v: total.add_(v.to(matrix.dtype) @ matrix)
    if matrix.dtype is torch.float32 and matrix.is_cpu and rows * matrix.numel() >= PACKING_PAYS:
        try:  # oneDNN's own layout of the weights; the operators are private to torch
            product = torch.ops.mkldnn._linear_pointwise.default
            packed = torch.ops.mkldnn._reorder_linear_weight(matrix.T.contiguous(), rows)
        except (AttributeError, RuntimeError):
            pass
        else:
            return lambda total, v: total.add_(product(v, packed, None, "none", [], ""))
    return lambda total, v: torch.addmm(total, v, matrix, out=total)


def adder_back(matrix: Tensor, rows: int, after: Tensor | None = None) -> Adder:
    """``adder`` for the way back: the dropout mask multiplies the product, not v."""
    if after is None:
        return adder(matrix, rows)
    return lambda total, v: total.addcmul_(v.to(matrix.dtype) @ matrix, after[: len(total)])


def working_dtype(x: Tensor) -> torch.dtype:
    """The type of gates, cell states and their gradients: float32 at least."""
    return torch.promote_types(x.dtype, torch.float32)


def linear_gradients(
    d: Tensor, v: Tensor, W: Tensor, b: Tensor | None, needed: Sequence[bool]
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of v, W and b in v @ Wᵀ + b, given d, that of the result; None where not needed."""
    dv = d @ W if needed[0] else None
    dW = d.T @ v if needed[1] else None
    return dv, dW, None if b is None else d.sum(0)


def left_to_autograd(*gradients: Tensor | None) -> bool:
    """Whether these must go through the readable loop: a graph is asked for, or vmap batches them.

    The first is ``create_graph=True``, the second ``is_grads_batched=True``.
    """
    return torch.is_grad_enabled() or any(
        functorch.is_legacy_batchedtensor(g) or functorch.is_batchedtensor(g)
        for g in gradients
        if g is not None
    )


def gradients_by_autograd(
    loop: Callable[..., tuple[Any, Sequence[Tensor]]],
    settings: Sequence[Any],
    tensors: Sequence[Tensor | None],
    gradients: Sequence[Tensor | None],
) -> tuple[Tensor | None, ...]:
    """Run the readable loop again and let autograd derive it, with a graph where one is asked."""
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # views, so that a gradient is that of one argument, even where arguments share a graph
        views = [t if t is None else t.view_as(t) for t in tensors]
        seen, state = loop(*settings, *views)
    pairs = zip((seen.h, *state), gradients, strict=True)
    outputs, given = zip(*((o, g) for o, g in pairs if g is not None), strict=True)
    wanted = [v for v in views if v is not None and v.requires_grad]
    options = {"create_graph": create_graph, "allow_unused": True}
    found = iter(torch.autograd.grad(outputs, wanted, given, **options))
    return tuple(next(found) if v is not None and v.requires_grad else None for v in views)
