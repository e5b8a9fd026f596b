"""A batch of sequences as one flat matrix of rows, and the steps that a cell takes through it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

State = tuple[Tensor, ...]
Rows = slice | Tensor


class Steps:
    """Which rows belong to which step, forwards in time or in reverse.

    Rows are time-major: the ``sizes[t]`` sequences that are at least t + 1 long, then those of
    the next step, as in a PackedSequence. With B sequences of equal length, row t · B + j is
    sequence j at time t.

    States stand between the steps: block 0 before the first row, block t + 1 after row t, one
    matrix in all. Forwards, step t reads the first ``sizes[t]`` rows of block t and writes those
    of block t + 1; in reverse it reads block t + 1 and writes to block t. So a sequence that is
    shorter than others starts or ends at a block of its own, and nothing is copied or masked.

    ``read``, ``written``, ``initial`` and ``final`` index the rows of such a matrix: the states
    before and after each step, in the order of the flat rows, and each sequence's first and last.
    """

    def __init__(self, sizes: Sequence[int], reverse: bool, device: torch.device) -> None:
        B, N = sizes[0], sum(sizes)
        self.sizes, self.reverse, self.batch, self.total = list(sizes), reverse, B, B + N
        self.even = sizes[-1] == B
        near: Rows = slice(0, N)
        far: Rows = slice(B, B + N)
        start: Rows = slice(0, B)
        end: Rows = slice(N, N + B)
        if not self.even:
            counts = torch.tensor(sizes, device="cpu")
            before = torch.cat([counts.new_zeros(1), counts.cumsum(0)])  # rows before step t
            blocks = torch.cat([counts.new_zeros(1), before[:-1] + B])  # where block t starts
            time = torch.repeat_interleave(torch.arange(len(sizes), device="cpu"), counts)
            sequence = torch.arange(N, device="cpu") - before[time]
            each = torch.arange(B, device="cpu")
            lengths = (counts[:, None] > each).sum(0)
            near = (blocks[time] + sequence).to(device)
            end = (blocks[lengths] + each).to(device)
        if reverse:
            near, far, start, end = far, near, end, start
        self.read, self.written, self.initial, self.final = near, far, start, end

    def each(self, rows: Tensor) -> Sequence[Tensor]:
        """Views of flat rows (N, ·), one a step, in the order of the steps."""
        views = rows.split_with_sizes(self.sizes)
        return views[::-1] if self.reverse else views

    def around(self, states: Tensor) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Views of the states that each step reads, and of those that it writes."""
        blocks = states.split_with_sizes([self.batch, *self.sizes])
        near, far = blocks[:-1], blocks[1:]
        if not self.even:
            near = tuple(b[:n] for b, n in zip(near, self.sizes, strict=True))
        return (far[::-1], near[::-1]) if self.reverse else (near, far)

    def backwards(self, *views: Sequence[Tensor]) -> Iterable[tuple[Tensor, ...]]:
        """The views of each step together, the last step first."""
        return reversed(list(zip(*views, strict=True)))

    def states(self, initial: Tensor, dtype: torch.dtype) -> Tensor:
        """A matrix of states in which only each sequence's first is set."""
        matrix = initial.new_empty(self.total, initial.shape[1], dtype=dtype)
        matrix[self.initial] = initial.to(dtype)
        return matrix

    def gradients(self, drows: Tensor | None, dlast: Tensor | None, states: Tensor) -> Tensor:
        """A matrix like ``states`` of the gradients that reach each from outside the recurrence."""
        matrix = torch.empty_like(states)
        if drows is None:
            matrix.zero_()
        else:
            matrix[self.written] = drows.to(matrix.dtype)
            matrix[self.initial] = 0
        if dlast is not None:
            matrix[self.final] += dlast
        return matrix

    def one_state(self, initial: Tensor, dtype: torch.dtype) -> tuple[Tensor, Sequence[Tensor]]:
        """A copy of the first states for the steps to write over, and its views, one a step."""
        state = initial.to(dtype, copy=True)
        sizes = reversed(self.sizes) if self.reverse else self.sizes
        return state, [state if n == self.batch else state[:n] for n in sizes]

    def results(self, states: Tensor, dtype: torch.dtype, copy: bool) -> tuple[Tensor, Tensor]:
        """What the steps wrote, by rows, and each sequence's last; a copy where one is asked."""
        return states[self.written].to(dtype, copy=copy), states[self.final].to(dtype, copy=True)

    def spread(self, mask: Tensor) -> Tensor:
        """The row of each sequence, at each of its steps: (B, ·) to (N, ·)."""
        return torch.cat([mask[:n] for n in self.sizes])


def unroll(
    step: Callable[..., Any], x: Tensor, state: State, steps: Steps
) -> tuple[NamedTuple, State]:
    """Run ``step(x_t, *state)`` over rows x (N, I), with autograd watching: the readable loop.

    ``step`` returns a named tuple that holds the new state by its names, h and, for two states,
    c. Returns that tuple with every part over all rows, and the last state, (B, ·) each.
    """
    parts = ("h", "c")[: len(state)]
    seen = []
    for x_t in steps.each(x):
        n = len(x_t)
        new = step(x_t, *(s[:n] for s in state))
        seen.append(new)
        # the rows of sequences that are over, or have not begun, stand still
        state = tuple(
            torch.cat([getattr(new, part), s[n:]]) if n < len(s) else getattr(new, part)
            for part, s in zip(parts, state, strict=True)
        )
    if steps.reverse:
        seen.reverse()
    return type(seen[0])(*map(torch.cat, zip(*seen, strict=True))), state
