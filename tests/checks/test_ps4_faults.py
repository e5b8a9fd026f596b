"""Problem set 4: one fault costs one item; what raises is still told apart."""

import pytest
import torch
from ps4_modules import Plain
from torch.nn.functional import linear

from rnncourse.checks import report


class Naive(Plain):
    def step(self, x, h, c):
        a = linear(x, self.weight_ih_l0, self.bias_ih_l0)
        i, f, g, o = (a + linear(h, self.weight_hh_l0, self.bias_hh_l0)).chunk(4, 1)
        i, f, o = (1 / (1 + torch.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * torch.tanh(g)
        return o * torch.tanh(c), c


class Remembers(Plain):
    kept = None

    def forward(self, x, state=None):
        hs, state = super().forward(x, self.kept if state is None else state)
        self.kept = tuple(part.detach() for part in state)
        return hs, state


class StartsInFloat32(Plain):
    def first(self, x, state):
        zeros = torch.zeros(x.shape[1], self.hidden_size)
        return (zeros, zeros) if state is None else super().first(x, state)


class WidensTheState(Plain):
    def first(self, x, state):
        h, c = super().first(x, state)
        return h, c * torch.ones(1, dtype=torch.float64)


class Squeezes(Plain):
    def forward(self, x, state=None):
        hs, last = super().forward(x, state)
        return hs.squeeze(), last


class ViewsTheInput(Plain):
    def forward(self, x, state=None):
        return super().forward(x.view(-1).view(x.shape), state)


class WritesToTheState(Plain):
    def forward(self, x, state=None):
        hs, last = super().forward(x, state)
        if state is not None and not state[0].requires_grad:
            state[0].copy_(last[0].detach())
        return hs, last


class HooksItsState(Plain):
    """Clips a gradient by a hook, which needs a tensor that has one."""

    def step(self, x, h, c):
        h, c = super().step(x, h, c)
        h.register_hook(lambda gradient: gradient)
        return h, c


class ClosesOverItself(Plain):
    """A copy of it goes on with the weights of the original."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = lambda: self.weight_hh_l0

    def step(self, x, h, c):
        a = linear(x, self.weight_ih_l0, self.bias_ih_l0) + linear(h, self.weight())
        i, f, g, o = (a + self.bias_hh_l0).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class KeepsItsGraph(Plain):
    def forward(self, x, state=None):
        hs, last = super().forward(x, state)
        self.last = last
        return hs, last


class StartsAfresh(Plain):
    """Takes a state from outside, and none that a layer has made."""

    def forward(self, x, state=None):
        made = state is not None and state[0].grad_fn is not None
        return super().forward(x, None if made else state)


class BatchFirst(Plain):
    """Takes (B, T, I) and returns (B, T, H): with a state it fits no (T, B, I)."""

    def forward(self, x, state=None):
        hs, last = super().forward(x.transpose(0, 1), state)
        return hs.transpose(0, 1), last


def test_a_layer_that_reads_the_batch_first_is_recognised_though_it_raises():
    found = report("torch-lstm", BatchFirst)
    assert found.diagnosis == "batch-first"
    assert "= (T, B, H)" in found.message
    assert found.score == 0


def test_another_layer_that_raises_shows_its_line():
    class Raises(Plain):
        def step(self, x, h, c):
            return x @ self.weight_ih_l0, c

    found = report("torch-lstm", Raises)
    assert ": return x @ self.weight_ih_l0, c\n" in found.message
    assert found.diagnosis is None


LAST = "inputs left as they were; x transposed, no_grad, a copy of the module"


@pytest.mark.parametrize(
    ("cls", "item", "message"),
    [
        (Naive, "pre-activations of ±1000", "is not finite (nan or inf)"),
        (Remembers, "without a state, twice", "also at its second call?"),
        (StartsInFloat32, "without a state, twice", "same dtype"),
        (WidensTheState, "inputs in float32", "must have the same dtype"),
        (Squeezes, "a single step, a batch of one", "= (T, B, H)"),
        (ViewsTheInput, LAST, "x.view(-1).view(x.shape)"),
        (WritesToTheState, LAST, "it changes its input h0"),
        (HooksItsState, LAST, "cannot register a hook on a tensor that doesn't require gradient"),
        (ClosesOverItself, LAST, "keeps hold of the weights that were copied?"),
        (KeepsItsGraph, LAST, "cannot be copied by copy.deepcopy after a call."),
        (StartsAfresh, "in two calls, the state handed on", "hs at steps"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_one_fault_costs_one_item_and_is_asked_about(cls, item, message):
    found = report("torch-lstm", cls)
    assert [i.name for i in found.items if not i.passed] == [item], found.text()
    assert message in found.message
    assert found.score == 9
    assert found.diagnosis is None
