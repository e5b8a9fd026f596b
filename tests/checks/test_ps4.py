"""Problem set 4: right modules pass, however they are written; one fault costs one item."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from rnncourse import cells
from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS


class Layer(nn.Module):
    """The four parameters, with ``blocks`` blocks of rows."""

    blocks = 4

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        rows, k = self.blocks * hidden_size, hidden_size**-0.5
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, input_size).uniform_(-k, k))
        self.weight_hh_l0 = nn.Parameter(torch.empty(rows, hidden_size).uniform_(-k, k))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows).uniform_(-k, k))
        self.bias_hh_l0 = nn.Parameter(torch.empty(rows).uniform_(-k, k))

    def first(self, x, state):
        if state is None:
            zeros = torch.zeros(x.shape[1], self.hidden_size, dtype=x.dtype, device=x.device)
            return (zeros, zeros) if self.blocks == 4 else zeros
        return (state[0][0], state[1][0]) if self.blocks == 4 else state[0]


class Plain(Layer):
    def step(self, x, h, c):
        a = linear(x, self.weight_ih_l0, self.bias_ih_l0)
        i, f, g, o = (a + linear(h, self.weight_hh_l0, self.bias_hh_l0)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, x, state=None):
        h, c = self.first(x, state)
        hs = []
        for t in range(x.size(0)):
            h, c = self.step(x[t], h, c)
            hs += [h.unsqueeze(0)]
        return torch.cat(hs, dim=0), (h.unsqueeze(0), c.unsqueeze(0))


class HoistedAndOneMatrix(Layer):
    """All inputs in one product; biases merged first; outputs written into one tensor."""

    def forward(self, x, state=None):
        h, c = self.first(x, state)
        a_x = torch.einsum("tbi,gi->tbg", x, self.weight_ih_l0) + self.bias_ih_l0 + self.bias_hh_l0
        hs = x.new_empty(*x.shape[:2], self.hidden_size)
        for t, a in enumerate(a_x.unbind()):
            gates = (a + h @ self.weight_hh_l0.t()).view(len(h), 4, -1)
            i, f, o = (0.5 + 0.5 * torch.tanh(0.5 * gates[:, k]) for k in (0, 1, 3))
            c = torch.addcmul(f * c, i, gates[:, 2].tanh())
            h = o * c.tanh()
            hs[t] = h
        return hs, [h[None], c[None]]


class SeparateGates(Layer):
    """The rows cut apart at each step; the state as a named tuple; one value more."""

    class State(NamedTuple):
        h: torch.Tensor
        c: torch.Tensor

    def forward(self, x, state=None):
        h, c = self.first(x, state)
        made = []
        for x_t in x:
            rows = torch.arange(4 * self.hidden_size).view(4, -1)
            i, f, g, o = (
                torch.cat([x_t, h], 1)
                @ torch.cat([self.weight_ih_l0[r], self.weight_hh_l0[r]], 1).T
                + self.bias_ih_l0[r]
                + self.bias_hh_l0[r]
                for r in rows
            )
            c = f.sigmoid().mul(c).add(i.sigmoid() * g.tanh())
            h = o.sigmoid().mul(c.tanh())
            made.append((h, c))
        hs, cs = map(torch.stack, zip(*made, strict=True))
        return hs, self.State(hs[-1:], cs[-1:]), cs


class Recursive(Plain):
    def forward(self, x, state=None):
        h, c = self.step(x[0], *self.first(x, state))
        state = h[None], c[None]
        if len(x) == 1:
            return h[None], state
        later, last = self(x[1:], state)
        return torch.cat([h[None], later]), last


class OfAParent(Plain):
    """Built by register_parameter, in double and uninitialised, in another order, with a buffer."""

    def __init__(self, input_size, hidden_size, *, unused=None):
        nn.Module.__init__(self)
        self.hidden_size = hidden_size
        shapes = {"bias_hh": (), "bias_ih": (), "weight_hh": (hidden_size,)}
        for name, shape in (shapes | {"weight_ih": (input_size,)}).items():
            tensor = torch.empty(4 * hidden_size, *shape, dtype=torch.float64)
            self.register_parameter(f"{name}_l0", nn.Parameter(tensor))
        self.register_buffer("calls", torch.zeros(()), persistent=False)


class Through(torch.autograd.Function):
    """A step of the GRU with a backward pass derived by hand."""

    @staticmethod
    def forward(ctx, a, u, h):
        (a_r, a_z, a_n), (u_r, u_z, u_n) = a.chunk(3, 1), u.chunk(3, 1)
        r, z = (a_r + u_r).sigmoid(), (a_z + u_z).sigmoid()
        n = (a_n + r * u_n).tanh()
        ctx.save_for_backward(r, z, n, u_n, h)
        return (1 - z) * n + z * h

    @staticmethod
    def backward(ctx, dh):
        r, z, n, u_n, h = ctx.saved_tensors
        da_z = dh * (h - n) * z * (1 - z)
        da_n = dh * (1 - z) * (1 - n**2)
        da_r = da_n * u_n * r * (1 - r)
        return torch.cat([da_r, da_z, da_n], 1), torch.cat([da_r, da_z, da_n * r], 1), dh * z


class ByHand(Layer):
    blocks = 3

    def forward(self, x, state=None):
        h, hs = self.first(x, state), []
        for x_t in x:
            a = linear(x_t, self.weight_ih_l0, self.bias_ih_l0)
            h = Through.apply(a, linear(h, self.weight_hh_l0, self.bias_hh_l0), h)
            hs.append(h)
        return torch.stack(hs), h[None]


class Mixing(Layer):
    """n + z (h - n), a generator of steps, and a fresh tensor that is written to in place."""

    blocks = 3

    def steps(self, x, h):
        H = self.hidden_size
        for a in x @ self.weight_ih_l0.mT + self.bias_ih_l0:
            u = h @ self.weight_hh_l0.mT + self.bias_hh_l0
            gates = torch.sigmoid(a[:, : 2 * H] + u[:, : 2 * H])
            n = torch.tanh(a[:, 2 * H :] + gates[:, :H] * u[:, 2 * H :])
            h = torch.lerp(n, h, gates[:, H:])
            yield h

    def forward(self, x, state=None):
        hs = torch.zeros(*x.shape[:2], self.hidden_size, dtype=x.dtype)
        for t, h in enumerate(self.steps(x, self.first(x, state))):
            hs[t].add_(h)
        return hs, hs[-1].clone().unsqueeze_(0)


RIGHT = [
    *(("torch-lstm", c) for c in (Plain, HoistedAndOneMatrix, SeparateGates, Recursive, OfAParent)),
    *(("torch-gru", cls) for cls in (ByHand, Mixing)),
]


@pytest.mark.parametrize(("id", "cls"), RIGHT, ids=lambda value: getattr(value, "__name__", value))
def test_passes(id, cls):
    found = report(id, cls)
    assert found.passed, found.text()
    assert found.score == found.max_score == 10


def test_a_factory_is_as_good_as_a_class():
    def lstm(input_size, hidden_size):
        return Plain(input_size, hidden_size)

    assert report("torch-lstm", lstm).passed


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
        (WidensTheState, "float32 in, float32 out", "must have the same dtype"),
        (Squeezes, "a single step, a batch of one", "= (T, B, H)"),
        (ViewsTheInput, LAST, "x.view(-1).view(x.shape)"),
        (WritesToTheState, LAST, "it changes its input h0"),
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


@pytest.mark.parametrize("id", ["torch-lstm", "torch-gru"])
def test_the_draws_are_strong(id):
    first = [given for item, given in CHECKS[id].cases(seed=0) if item is CHECKS[id].items[0]]
    for given in first:
        arrays = [array for array in given.values() if isinstance(array, np.ndarray)]
        assert len(given["x"]) >= 4
        assert len(set(given["x"].shape)) == 3
        assert min(min(array.shape[-2:]) for array in arrays) > 1
        assert all(np.abs(array).min() > 0 for array in arrays), "a zero hides a term"
        assert given["call"] == "once"


def test_torch_and_the_cells_of_the_book_agree_on_every_gradient():
    """The reference is torch.nn; NumPy's hand-derived passes are the second opinion."""
    for id in ("torch-lstm", "torch-gru"):
        check = CHECKS[id]
        _, given = check.cases(seed=5)[0]
        found = check.probe(check.reference, given)
        W_x, W_h, b_x, b_h = (
            given[name] for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        )
        dhs = given["dhs"].copy()
        dhs[-1] += given["dh"][0]
        if id == "torch-lstm":
            start = given["x"], given["h0"][0], given["c0"][0], W_x, W_h, b_x + b_h
            hs, (h, c) = cells.lstm_forward(*start)
            dx, dh0, dc0, dW_x, dW_h, db = cells.lstm_backward(*start, dhs, given["dc"][0])
            more = {"c": c[None], "grad c0": dc0[None]}
            db_x = db_h = db
        else:
            start = given["x"], given["h0"][0], W_x, W_h, b_x, b_h
            hs, more = cells.gru_forward(*start), {}
            h = hs[-1]
            dx, dh0, dW_x, dW_h, db_x, db_h = cells.gru_backward(*start, dhs)
        wanted = more | {"hs": hs, "h": h[None], "grad x": dx, "grad h0": dh0[None]}
        wanted |= {"grad weight_ih_l0": dW_x, "grad weight_hh_l0": dW_h}
        wanted |= {"grad bias_ih_l0": db_x, "grad bias_hh_l0": db_h}
        assert found.keys() == wanted.keys()
        for name, array in found.items():
            np.testing.assert_allclose(array, wanted[name], rtol=0, atol=1e-12, err_msg=name)
