"""Layers of torch made of a step and of what goes wrong around it. torch is imported when built."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from rnncourse.checks.declare import Function

Tensor = Any
States = tuple[Tensor, ...]
Step = Callable[..., States]


def layer(
    step: Step,
    blocks: int,
    weights: Callable[..., tuple] = lambda *given: given,
    before: Callable[[Tensor, States], tuple[Tensor, States]] = lambda x, first: (x, first),
    carry: Callable[[States, States], States] = lambda new, first: new,
    after: Callable[[Tensor, States, States], tuple] = lambda hs, last, first: (hs, last),
    shown: int = 0,
) -> Function:
    """Make what a class is to its caller: (input_size, hidden_size) gives a module.

    ``step(x, states, *weights)`` returns the new states, h first, each (B, H). ``weights`` sees
    the four parameters, ``before`` x and the first states, ``carry`` what a step made and the
    first states, ``after`` hs (T, B, H), the last states and the first. ``shown`` is the state that
    hs collects.
    """

    def make(input_size: int, hidden_size: int) -> Any:
        import torch
        from torch import nn

        class Layer(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                rows = blocks * hidden_size
                self.weight_ih_l0 = nn.Parameter(torch.zeros(rows, input_size))
                self.weight_hh_l0 = nn.Parameter(torch.zeros(rows, hidden_size))
                self.bias_ih_l0 = nn.Parameter(torch.zeros(rows))
                self.bias_hh_l0 = nn.Parameter(torch.zeros(rows))

            def forward(self, x: Tensor, state: Any = None) -> tuple:
                used = weights(*self.parameters())
                x, first = before(x, self._first(x, state))
                states, hs = first, []
                for x_t in x:
                    new = step(x_t, states, *used)
                    hs.append(new[shown])
                    states = carry(new, first)
                hs, last = after(torch.stack(hs), new, first)
                last = tuple(part[None] if part.dim() == 2 else part[0] for part in last)
                return hs, last if len(last) > 1 else last[0]

            def _first(self, x: Tensor, state: Any) -> States:
                if state is None:
                    count = 2 if blocks == 4 else 1
                    return (x.new_zeros(x.shape[1], hidden_size),) * count
                parts = (state,) if isinstance(state, torch.Tensor) else tuple(state)
                return tuple(part[0] if part.dim() == 3 else part for part in parts)

        return Layer()

    return make


def rows(
    x: Tensor, states: States, W_x: Tensor, W_h: Tensor, b_x: Tensor, b_h: Tensor
) -> SimpleNamespace:
    """Both halves of the pre-activations, a of x and u of h, and what a step starts from."""
    h_prev, *more = states
    a, u = x @ W_x.t() + b_x, h_prev @ W_h.t() + b_h
    return SimpleNamespace(a=a, u=u, h_prev=h_prev, c_prev=more[0] if more else None)
