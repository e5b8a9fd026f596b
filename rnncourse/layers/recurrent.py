"""What the three layers share: the loop over layers, directions, packing and dropout."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

State = tuple[Tensor, ...]


def unroll(
    step: Callable[..., Any], x: Tensor, state: State, sizes: Sequence[int], reverse: bool
) -> tuple[Any, State]:
    """Run ``step(x_t, *state)`` over the rows of x, ``sizes[t]`` of them at step t.

    ``step`` returns a named tuple that holds the new state by its names, h and, for two states,
    c. Returns that tuple with every part over all steps, in the order of x, and the last state.
    """
    parts = ("h", "c")[: len(state)]
    seen = []
    for x_t in reversed(x.split(sizes)) if reverse else x.split(sizes):
        n = len(x_t)
        new = step(x_t, *(s[:n] for s in state))
        seen.append(new)
        # the rows of sequences that are over, or have not begun, stand still
        state = tuple(
            torch.cat([getattr(new, p), s[n:]]) for p, s in zip(parts, state, strict=True)
        )
    if reverse:
        seen.reverse()
    return type(seen[0])(*map(torch.cat, zip(*seen, strict=True))), state


class Recurrent(nn.RNNBase):
    """The forward pass of every layer here, over the parameters that torch.nn's layers define.

    A subclass gives ``_step``, one time step of its cell.
    """

    def _step(self, weights: Sequence[Tensor]) -> Callable[..., Any]:
        raise NotImplementedError

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the output and the last state, in torch.nn's shapes."""
        packed = isinstance(input, PackedSequence)
        if packed:
            x, batch_sizes, order, restore = input
            sizes = batch_sizes.tolist()
            batched = True
        else:
            batched, order, restore = input.dim() == 3, None, None
            x = input if batched else input.unsqueeze(1)
            x = x.transpose(0, 1) if batched and self.batch_first else x
            sizes = [x.shape[1]] * len(x)
            x = x.flatten(0, 1)
        states = self._initial(x, sizes[0], hx, batched)
        if order is not None:
            states = tuple(s.index_select(1, order) for s in states)
        directions = 2 if self.bidirectional else 1
        last = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(directions):
                k = layer * directions + direction
                step = self._step(self.all_weights[k])
                seen, state = unroll(step, x, tuple(s[k] for s in states), sizes, direction == 1)
                outputs.append(seen.h)
                last.append(state)
            x = torch.cat(outputs, -1)
            if self.dropout and layer < self.num_layers - 1:
                x = nn.functional.dropout(x, self.dropout, self.training)
        states = tuple(map(torch.stack, zip(*last, strict=True)))
        if restore is not None:
            states = tuple(s.index_select(1, restore) for s in states)
        if not batched:
            states = tuple(s.squeeze(1) for s in states)
        if packed:
            output = PackedSequence(x, batch_sizes, order, restore)
        elif batched:
            output = x.view(len(sizes), sizes[0], -1)
            output = output.transpose(0, 1) if self.batch_first else output
        else:
            output = x
        return output, states if len(states) == 2 else states[0]

    def _initial(self, x: Tensor, batch: int, hx: Any, batched: bool) -> State:
        """The initial states, (layers · directions, B, ·) each."""
        if hx is not None:
            states = tuple(hx) if self.mode == "LSTM" else (hx,)
            return states if batched else tuple(s.unsqueeze(1) for s in states)
        count = self.num_layers * (2 if self.bidirectional else 1)
        widths = [self.proj_size or self.hidden_size, self.hidden_size]
        widths = widths if self.mode == "LSTM" else widths[:1]
        return tuple(x.new_zeros(count, batch, width) for width in widths)
