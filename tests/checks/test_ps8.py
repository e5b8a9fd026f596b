"""Problem set 8: right answers pass however they are written."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS

KINDS = {"gru": nn.GRU, "lstm": nn.LSTM}

# ---------------------------------------------------------------- the bridge


def like(h):
    return h, torch.zeros_like(h)


def of_its_shape(h):
    return [h, torch.zeros(h.shape, dtype=h.dtype, device=h.device)]


def copied_with_more(h):
    return h.clone(), h.new_zeros(*h.size()), "more"


def times_zero(h):
    return h + 0, h * 0


# ---------------------------------------------------------------- encoder and decoder


class Packed(nn.Module):
    """Pack, and let torch sort."""

    def __init__(self, vocab_in, vocab_out, embed, hidden, encoder="gru", decoder="lstm"):
        super().__init__()
        self.source_embedding = nn.Embedding(vocab_in, embed)
        self.target_embedding = nn.Embedding(vocab_out, embed)
        self.encoder = KINDS[encoder](embed, hidden)
        self.decoder = KINDS[decoder](embed, hidden)
        self.output = nn.Linear(hidden, vocab_out)
        self.encoder_kind, self.decoder_kind = encoder, decoder

    def encode(self, source, lengths):
        x = self.source_embedding(source)
        return self.encoder(pack_padded_sequence(x, lengths, enforce_sorted=False))[1]

    def start(self, state):
        h, c = state if self.encoder_kind == "lstm" else (state, torch.zeros_like(state))
        return (h, c) if self.decoder_kind == "lstm" else h

    def forward(self, source, lengths, target_in):
        start = self.start(self.encode(source, lengths))
        return self.output(self.decoder(self.target_embedding(target_in), start)[0])


class SortedByHand(Packed):
    """Sort, pack, and undo the sorting."""

    def encode(self, source, lengths):
        order = torch.argsort(lengths, descending=True)
        back = torch.argsort(order)
        x = self.source_embedding(source[:, order])
        _, state = self.encoder(pack_padded_sequence(x, lengths[order].tolist()))
        if self.encoder_kind == "gru":
            return state[:, back]
        return tuple(part[:, back] for part in state)


class OneByOne(Packed):
    """Run each sequence alone."""

    def encode(self, source, lengths):
        states = [
            self.encoder(self.source_embedding(source[:length, b : b + 1]))[1]
            for b, length in enumerate(lengths)
        ]
        if self.encoder_kind == "gru":
            return torch.cat(states, dim=1)
        return tuple(torch.cat(part, dim=1) for part in zip(*states, strict=True))


class Frozen(Packed):
    """Step through everything, and keep the state where a sequence has ended."""

    def encode(self, source, lengths):
        B, hidden = source.shape[1], self.encoder.hidden_size
        zeros = self.output.weight.new_zeros(1, B, hidden)
        state = (zeros, zeros) if self.encoder_kind == "lstm" else (zeros,)
        for t, tokens in enumerate(source):
            given = state if len(state) == 2 else state[0]
            _, new = self.encoder(self.source_embedding(tokens)[None], given)
            new = new if isinstance(new, tuple) else (new,)
            alive = (t < lengths).to(zeros.dtype)[None, :, None]
            state = tuple(alive * n + (1 - alive) * s for n, s in zip(new, state, strict=True))
        return state if len(state) == 2 else state[0]


class Gathered(Packed):
    """Take h from the unpacked outputs; c comes from the packed state."""

    def encode(self, source, lengths):
        x = self.source_embedding(source)
        packed, state = self.encoder(pack_padded_sequence(x, lengths, enforce_sorted=False))
        hs, sizes = pad_packed_sequence(packed)
        h = hs.gather(0, (sizes - 1)[None, :, None].expand(1, -1, hs.shape[-1]))
        return h if self.encoder_kind == "gru" else (h, state[1])


class StepByStep(Packed):
    """Decode in a loop; return the last state, too. Token 0 is known to be padding."""

    def __init__(self, vocab_in, vocab_out, embed, hidden, encoder="gru", decoder="lstm"):
        super().__init__(vocab_in, vocab_out, embed, hidden, encoder, decoder)
        self.source_embedding = nn.Embedding(vocab_in, embed, padding_idx=0)

    def forward(self, source, lengths, target_in):
        state, scores = self.start(self.encode(source, lengths)), []
        for tokens in target_in:
            h, state = self.decoder(self.target_embedding(tokens)[None], state)
            scores.append(h[0] @ self.output.weight.T + self.output.bias)
        return torch.stack(scores), state


class HandMade(nn.Module):
    """Own equations over parameters of the fixed names; no layer of torch."""

    def __init__(self, vocab_in, vocab_out, embed, hidden, encoder="gru", decoder="lstm"):
        super().__init__()
        holder = nn.Module
        self.source_embedding, self.target_embedding, self.output = holder(), holder(), holder()
        self.source_embedding.weight = nn.Parameter(torch.randn(vocab_in, embed))
        self.target_embedding.weight = nn.Parameter(torch.randn(vocab_out, embed))
        self.output.weight = nn.Parameter(torch.randn(vocab_out, hidden))
        self.output.bias = nn.Parameter(torch.zeros(vocab_out))
        self.encoder, self.decoder, self.hidden = holder(), holder(), hidden
        for layer, kind in ((self.encoder, encoder), (self.decoder, decoder)):
            rows = {"gru": 3, "lstm": 4}[kind] * hidden
            layer.weight_ih_l0 = nn.Parameter(torch.randn(rows, embed))
            layer.weight_hh_l0 = nn.Parameter(torch.randn(rows, hidden))
            layer.bias_ih_l0 = nn.Parameter(torch.randn(rows))
            layer.bias_hh_l0 = nn.Parameter(torch.randn(rows))
        self.kinds = encoder, decoder

    def step(self, layer, kind, x, h, c):
        a = x @ layer.weight_ih_l0.T + layer.bias_ih_l0
        u = h @ layer.weight_hh_l0.T + layer.bias_hh_l0
        if kind == "gru":
            (a_r, a_z, a_n), (u_r, u_z, u_n) = a.chunk(3, -1), u.chunk(3, -1)
            z = torch.sigmoid(a_z + u_z)
            n = torch.tanh(a_n + torch.sigmoid(a_r + u_r) * u_n)
            return n + z * (h - n), c
        i, f, g, o = (a + u).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def forward(self, source, lengths, target_in):
        encoder, decoder = self.kinds
        h = c = self.output.weight.new_zeros(source.shape[1], self.hidden)
        for t, tokens in enumerate(source):
            new = self.step(self.encoder, encoder, self.source_embedding.weight[tokens], h, c)
            alive = (t < lengths)[:, None]
            h, c = torch.where(alive, new[0], h), torch.where(alive, new[1], c)
        scores = []
        for tokens in target_in:  # the c of a GRU encoder is still zero
            x = self.target_embedding.weight[tokens]
            h, c = self.step(self.decoder, decoder, x, h, c)
            scores.append(h @ self.output.weight.T + self.output.bias)
        return torch.stack(scores)


# ---------------------------------------------------------------- the stack


class Loop(nn.Module):
    def __init__(self, input_size, hidden_size, cells=("gru", "lstm")):
        super().__init__()
        sizes = [input_size, *[hidden_size] * (len(cells) - 1)]
        made = [KINDS[cell](size, hidden_size) for cell, size in zip(cells, sizes, strict=True)]
        self.layers = nn.ModuleList(made)

    def forward(self, x, states=None):
        new = []
        for k, layer in enumerate(self.layers):
            x, state = layer(x, None if states is None else states[k])
            new.append(state)
        return x, new


class StepFirst(Loop):
    """All layers for one step, then the next step; the states are a tuple of lists."""

    def forward(self, x, states=None):
        states = list(states) if states is not None else [None] * len(self.layers)
        top = []
        for x_t in x:
            h = x_t[None]
            for k, layer in enumerate(self.layers):
                h, states[k] = layer(h, states[k])
            top.append(h[0])
        return torch.stack(top), tuple(list(s) if isinstance(s, tuple) else s for s in states)


class Recursive(Loop):
    def above(self, x, layers, states):
        if not layers:
            return x, []
        hs, state = layers[0](x, states[0])
        top, others = self.above(hs, layers[1:], states[1:])
        return top, [state, *others]

    def forward(self, x, states=None):
        hs, new = self.above(x, list(self.layers), states or [None] * len(self.layers))
        return hs, new, "more"


class ZeroStates(Loop):
    """Make the zeros by hand, and detach the states that are returned."""

    def forward(self, x, states=None):
        if states is None:
            zeros = x.new_zeros(1, x.shape[1], self.layers[0].hidden_size)
            states = [(zeros, zeros) if isinstance(ly, nn.LSTM) else zeros for ly in self.layers]
        hs, new = super().forward(x, states)
        return hs, [
            tuple(p.detach() for p in s) if isinstance(s, tuple) else s.detach() for s in new
        ]


# ---------------------------------------------------------------- the ensemble


def log_sum_exp(logits):
    return torch.logsumexp(torch.log_softmax(logits, -1), 0) - math.log(logits.shape[0])


def shifted_by_hand(logits):
    log_p = logits - logits.logsumexp(dim=-1, keepdim=True)
    top = log_p.max(dim=0).values
    return top + (log_p - top).exp().mean(dim=0).log()


def one_model_at_a_time(logits):
    total = None
    for model in logits:
        log_p = model.log_softmax(-1)
        total = log_p if total is None else torch.logaddexp(total, log_p)
    return total - torch.log(torch.tensor(len(logits), dtype=logits.dtype))


RIGHT = {
    "bridge": (like, of_its_shape, copied_with_more, times_zero),
    "seq2seq": (Packed, SortedByHand, OneByOne, Frozen, Gathered, StepByStep, HandMade),
    "mixed-stack": (Loop, StepFirst, Recursive, ZeroStates),
    "ensemble-log-probs": (log_sum_exp, shifted_by_hand, one_model_at_a_time),
}


@pytest.mark.parametrize(
    ("id", "answer"),
    [pytest.param(id, a, id=f"{id}: {a.__name__}") for id in RIGHT for a in RIGHT[id]],
)
def test_right_answers_pass(id, answer):
    found = report(id, answer)
    assert found.passed, found.text()
    assert found.score == found.max_score == CHECKS[id].points
