"""Problem set 4: right modules pass, however they are written; torch.nn and NumPy agree."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from ps4_modules import Layer, Plain
from torch import nn
from torch.nn.functional import linear

from rnncourse import cells
from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS


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
