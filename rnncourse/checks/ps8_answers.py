"""The answers of problem set 8, in a shape that lets one part be replaced by another.

torch is imported when a model is made, so that the other sets' checks need NumPy alone.
"""

import math
from functools import cache
from typing import Any

State = tuple[Any, ...]  # tensors (1, B, H): h of a GRU; h, c of an LSTM


def bridge(h: Any) -> State:
    """Start an LSTM from a GRU's state h (1, B, H), with an empty memory."""
    return h, h.new_zeros(h.shape)


def ensemble_log_probs(logits: Any) -> Any:
    """Log of the mean of the softmaxes of logits (M, B, V) over the M models: (B, V)."""
    return logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(logits))


def run(layer: Any, x: Any, state: State | None = None) -> tuple[Any, State]:
    """Run a layer of torch.nn from a state; both cells take and give a tuple here."""
    given = state[0] if state and len(state) == 1 else state
    hs, last = layer(x, given)
    return hs, last if isinstance(last, tuple) else (last,)


def seq2seq(*sizes: Any) -> Any:
    """Build the encoder and decoder."""
    return seq2seq_class()(*sizes)


def mixed_stack(*sizes: Any) -> Any:
    """Build the stack."""
    return mixed_stack_class()(*sizes)


@cache
def seq2seq_class() -> type:
    """Define the encoder and decoder."""
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    class Seq2Seq(nn.Module):
        def __init__(
            self,
            vocab_in: int,
            vocab_out: int,
            embed: int,
            hidden: int,
            encoder: str = "gru",
            decoder: str = "lstm",
        ) -> None:
            super().__init__()
            cells: dict[str, Any] = {"gru": nn.GRU, "lstm": nn.LSTM}
            self.source_embedding = nn.Embedding(vocab_in, embed)
            self.encoder = cells[encoder](embed, hidden)
            self.target_embedding = nn.Embedding(vocab_out, embed)
            self.decoder = cells[decoder](embed, hidden)
            self.output = nn.Linear(hidden, vocab_out)

        def forward(self, source: Any, lengths: Any, target_in: Any) -> Any:
            start = self.start(self.encode(self.look_up(source), lengths))
            return self.answer(self.decode(self.look_up_target(target_in), start))

        def look_up(self, source: Any) -> Any:
            return self.source_embedding(source)

        def look_up_target(self, target_in: Any) -> Any:
            return self.target_embedding(target_in)

        def encode(self, x: Any, lengths: Any) -> State:
            """Return the encoder's state at the end of each sequence."""
            packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
            return run(self.encoder, packed)[1]

        def start(self, state: State) -> State:
            """Turn the encoder's state into one that the decoder takes."""
            if isinstance(self.decoder, nn.GRU):
                return state[:1]
            return state if len(state) == 2 else self.bridge(state[0])

        def bridge(self, h: Any) -> State:
            return h, h.new_zeros(h.shape)

        def decode(self, x: Any, start: State) -> Any:
            return run(self.decoder, x, start)[0]

        def answer(self, hs: Any) -> Any:
            return self.output(hs)

    return Seq2Seq


@cache
def mixed_stack_class() -> type:
    """Define the stack."""
    from torch import nn

    class MixedStack(nn.Module):
        def __init__(
            self, input_size: int, hidden_size: int, cells: tuple[str, ...] = ("gru", "lstm")
        ) -> None:
            super().__init__()
            kinds: dict[str, Any] = {"gru": nn.GRU, "lstm": nn.LSTM}
            sizes = [input_size] + [hidden_size] * (len(cells) - 1)
            self.layers = nn.ModuleList(
                kinds[cell](size, hidden_size) for cell, size in zip(cells, sizes, strict=True)
            )

        def forward(self, x: Any, states: Any = None) -> tuple[Any, Any]:
            new = []
            for layer, state in zip(self.layers, states or [None] * len(self.layers), strict=True):
                hs, last = layer(x, state)
                x = self.between(x, hs)
                new.append(last)
            return x, new

        def between(self, x: Any, hs: Any) -> Any:
            """Return what the next layer reads, from what this one read and gave."""
            return hs

    return MixedStack
