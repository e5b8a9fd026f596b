"""Problem set 8: bad answers get their own sentence; of two mistakes none is invented."""

from itertools import combinations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnncourse.checks import report
from rnncourse.checks.mistakes import ps8_seq2seq_parts as parts

KINDS = {"gru": nn.GRU, "lstm": nn.LSTM}


class Packed(nn.Module):
    """A right answer, from which the bad ones below depart."""

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


class Loop(nn.Module):
    """Likewise."""

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


class NotAModule:
    def __init__(self, *sizes):
        pass


class OtherNames(Packed):
    def __init__(self, *sizes, **more):
        super().__init__(*sizes, **more)
        self.reader = self.encoder
        del self.encoder


class SameVocabulary(Packed):
    def __init__(self, vocab_in, vocab_out, embed, hidden, encoder="gru", decoder="lstm"):
        super().__init__(vocab_in, vocab_in, embed, hidden, encoder, decoder)


class OtherDefaults(Packed):
    def __init__(self, vocab_in, vocab_out, embed, hidden, encoder="lstm", decoder="gru"):
        super().__init__(vocab_in, vocab_out, embed, hidden, encoder, decoder)


class FourArguments(Packed):
    def __init__(self, vocab_in, vocab_out, embed, hidden):
        super().__init__(vocab_in, vocab_out, embed, hidden)


class NoBiasInTheOutput(Packed):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.output = nn.Linear(self.output.in_features, self.output.out_features, bias=False)


class AMapForABridge(Packed):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.to_c = nn.Linear(self.output.in_features, self.output.in_features)


class ReturnsNothing(Packed):
    def forward(self, *given):
        super().forward(*given)


class WithoutGradient(Packed):
    @torch.no_grad()
    def forward(self, *given):
        return super().forward(*given)


class ExpectsThemSorted(Packed):
    def encode(self, source, lengths):
        return self.encoder(pack_padded_sequence(self.source_embedding(source), lengths))[1]


class Unwritten(Packed):
    def forward(self, *given):
        raise NotImplementedError


class NoForward(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.__dict__["_modules"] = Packed(*sizes)._modules


class WritesIntoThePadding(Packed):
    def forward(self, source, lengths, target_in):
        for column, length in enumerate(lengths):
            source[length:, column] = 0
        return super().forward(source, lengths, target_in)


class StatesOfTheTopAlone(Loop):
    def forward(self, x, states=None):
        hs, new = super().forward(x, states)
        return hs, new[-1:]


class HsAlone(Loop):
    def forward(self, x, states=None):
        return super().forward(x, states)[0]


class FlatStates(Loop):
    def forward(self, x, states=None):
        hs, new = super().forward(x, states)
        return hs, [p for s in new for p in (s if isinstance(s, tuple) else (s,))]


class OneSizeForAll(Loop):
    def __init__(self, input_size, hidden_size, cells=("gru", "lstm")):
        super().__init__(input_size, hidden_size, cells)
        self.layers = nn.ModuleList(KINDS[cell](input_size, hidden_size) for cell in cells)


class PlainList(Loop):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        made = list(self.layers)
        del self.layers
        self.layers = made


def detached_bridge(h):
    return h.detach(), torch.zeros_like(h)


def zeros_of_the_default_type(h):
    return h, torch.zeros(h.shape)


def of_numpy(h):
    return h.detach().numpy(), np.zeros(h.shape)


BAD = (
    ("seq2seq", NotAModule, "NotAModule is no module, expected class NotAModule(nn.Module)."),
    ("seq2seq", Packed(5, 6, 3, 4), "is an object here, expected the class, without brackets."),
    ("seq2seq", OtherNames, "OtherNames has no parameter encoder.weight_ih_l0, "),
    ("seq2seq", SameVocabulary, "has a target_embedding.weight of shape"),
    ("seq2seq", OtherDefaults, "has a encoder.weight_ih_l0 of shape"),
    ("seq2seq", FourArguments, "'gru', 'gru'): "),
    ("seq2seq", NoBiasInTheOutput, "has no parameter output.bias"),
    ("seq2seq", AMapForABridge, "has to_c.weight and to_c.bias in its state_dict"),
    ("seq2seq", ReturnsNothing, "returned None for logits, expected a tensor."),
    ("seq2seq", WithoutGradient, "returned logits without a gradient"),
    ("seq2seq", ExpectsThemSorted, "return self.encoder(pack_padded_sequence("),
    ("seq2seq", Unwritten, "Unwritten is not written yet."),
    ("mixed-stack", StatesOfTheTopAlone, "returned 1 value in the place of (h_0, (h_1, c_1))"),
    ("mixed-stack", HsAlone, "expected hs, (h_0, (h_1, c_1))."),
    ("mixed-stack", FlatStates, "in the place of (h_1, c_1), expected h_1, c_1."),
    ("mixed-stack", PlainList, "PlainList has no parameter layers.0.weight_ih_l0, "),
    ("bridge", detached_bridge, "without a gradient: no way leads back from them to h[0]."),
    ("bridge", of_numpy, "returned an array of NumPy, shape"),
    ("ensemble-log-probs", lambda logits: None, "returned None for log_probs, expected a tensor."),
)


@pytest.mark.parametrize(
    ("id", "answer", "sentence"),
    [pytest.param(*row, id=f"{row[0]}: {getattr(row[1], '__name__', 'object')}") for row in BAD],
)
def test_gets_its_own_sentence(id, answer, sentence):
    found = report(id, answer)
    assert sentence in found.message
    assert found.diagnosis is None
    assert found.score <= 1


@pytest.mark.parametrize(
    ("id", "answer", "failed"),
    [
        (
            "bridge",
            zeros_of_the_default_type,
            {"random states", "a batch of one", "inputs left as they were"},
        ),
        ("seq2seq", WritesIntoThePadding, {"inputs left as they were"}),
        (
            "mixed-stack",
            OneSizeForAll,
            {"an input of another size than the state, and a single layer"},
        ),
        (
            "ensemble-log-probs",
            lambda logits: logits.softmax(-1).mean(0).log(),
            {"logits of ±1000"},
        ),
    ],
)
def test_one_fault_costs_the_items_it_breaks(id, answer, failed):
    found = report(id, answer)
    assert {item.name for item in found.items if not item.passed} == failed
    assert found.diagnosis is None


def test_what_equals_no_mistake_is_said_to_be_off_and_where():
    class Doubled(Packed):
        def start(self, state):
            return (
                state[0] * 2
                if (self.encoder_kind, self.decoder_kind) == ("lstm", "gru")
                else super().start(state)
            )

    class Doubling(Loop):
        def forward(self, x, states=None):
            hs, new = super().forward(x, states)
            return hs, [*new[:-1], 2 * new[-1] if torch.is_tensor(new[-1]) else new[-1]]

    found = report("seq2seq", Doubled)
    assert found.diagnosis is None
    assert found.message.endswith("The shapes are right.")
    found = report("mixed-stack", Doubling)
    assert found.diagnosis is None
    assert "h_1" in found.message


def test_dropout_left_on_fails_and_is_taken_for_no_other_mistake():
    class Dropping(Packed):
        def forward(self, source, lengths, target_in):
            return nn.functional.dropout(super().forward(source, lengths, target_in), 0.5)

    found = report("seq2seq", Dropping)
    assert found.score == 0
    assert found.diagnosis is None


# ---------------------------------------------------------------- two mistakes at once

COMMON = {
    "state-after-the-padding": {"encode": parts.after_the_padding},
    "batch-order-lost": {"encode": parts.in_descending_order},
    "c-is-h": {"bridge": lambda model, h: (h, h)},
    "c-left-behind": {"start": parts.c_left_behind},
    "h-and-c-swapped": {"start": parts.swapped},
    "softmax": {"answer": lambda model, hs: model.output(hs).softmax(-1)},
    "shifted-again": {"look_up_target": parts.shifted_again},
    "state-not-carried": {"decode": parts.from_the_start_at_each_step},
}


@pytest.mark.parametrize(
    ("one", "other"),
    [(a, b) for a, b in combinations(COMMON, 2) if not COMMON[a].keys() & COMMON[b].keys()],
)
def test_two_mistakes_at_once_fail_and_the_report_does_not_lie(one, other):
    found = report("seq2seq", parts.variant(**COMMON[one], **COMMON[other]))
    assert found.score <= 1
    assert found.diagnosis in (None, one, other)


def test_a_stack_of_batch_first_layers_is_recognised_though_it_raises_or_takes_time_for_batch():
    class BatchFirst(Loop):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            for layer in self.layers:
                layer.batch_first = True

    found = report("mixed-stack", BatchFirst)
    assert not found.passed
    assert found.diagnosis == "batch-first"
