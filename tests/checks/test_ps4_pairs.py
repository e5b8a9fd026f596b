"""Two common mistakes in one module of problem set 4: it fails, and the report names no third.

The mistakes are written here anew, so each alone must also be recognised as itself.
"""

from itertools import combinations

import pytest
import torch
from torch import nn

from rnncourse.checks import report


def with_rows(blocks):
    class Layer(nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            for name, *shape in (("weight_ih", input_size), ("weight_hh", hidden_size),
                                 ("bias_ih",), ("bias_hh",)):  # fmt: skip
                parameter = nn.Parameter(torch.empty(blocks * hidden_size, *shape))
                self.register_parameter(f"{name}_l0", parameter)

    return Layer


def prepared(module, made):
    """The weights as the mistakes read them."""
    W_x, W_h, b_x, b_h = module.parameters()
    if "weight-hh-not-transposed" in made:
        W_h = torch.cat([block.T for block in W_h.chunk(len(W_h) // W_h.shape[1])])
    if "bias-hh-dropped" in made:
        b_h = torch.zeros_like(b_h)
    if "bias-ih-twice" in made:
        b_h = b_x
    if "weight-hh-detached" in made:
        W_h = W_h.data
    return W_x, W_h, b_x, b_h


def started(states, made):
    if "initial-state-ignored" in made:
        states = [torch.zeros_like(part) for part in states]
    if "initial-state-detached" in made:
        states = [part.detach() for part in states]
    return states


def finished(hs, last, made):
    if "last-state-detached" in made:
        last = [part.detach() for part in last]
    if "state-without-its-first-axis" in made:
        last = [part[0] for part in last]
    if "batch-first" in made:
        hs = hs.transpose(0, 1)
    return hs, last


def lstm_with(*made):
    class LSTM(with_rows(4)):
        def forward(self, x, state=None):
            W_x, W_h, b_x, b_h = prepared(self, made)
            zeros = x.new_zeros(x.shape[1], W_h.shape[1])
            h, c = started([part[0] for part in state] if state else [zeros, zeros], made)
            if "state-read-swapped" in made:
                h, c = c, h
            hs = []
            for x_t in x:
                i, f, g, o = (x_t @ W_x.T + b_x + h @ W_h.T + b_h).chunk(4, -1)
                if "i-and-f-swapped" in made:
                    i, f = f, i
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * (c if "tanh-of-c-missing" in made else c.tanh())
                hs.append(h)
                if "state-detached-after-each-step" in made:
                    h, c = h.detach(), c.detach()
            last = (c, h) if "state-returned-swapped" in made else (h, c)
            hs, last = finished(torch.stack(hs), [part[None] for part in last], made)
            return hs, tuple(last)

    return LSTM


def gru_with(*made):
    class GRU(with_rows(3)):
        def forward(self, x, state=None):
            W_x, W_h, b_x, b_h = prepared(self, made)
            zeros = x.new_zeros(x.shape[1], W_h.shape[1])
            (h,) = started([zeros if state is None else state[0]], made)
            hs = []
            for x_t in x:
                a, u = (x_t @ W_x.T + b_x).chunk(3, -1), (h @ W_h.T + b_h).chunk(3, -1)
                r, z = (a[0] + u[0]).sigmoid(), (a[1] + u[1]).sigmoid()
                if "gate-order-zrn" in made:
                    r, z = z, r
                b_hn, W_hn = b_h.chunk(3)[2], W_h.chunk(3)[2]
                past = r * u[2]
                if "b-hn-outside-the-reset" in made:
                    past = r * (u[2] - b_hn) + b_hn
                if "reset-before-the-product" in made:
                    past = (r * h) @ W_hn.T + b_hn
                n = (a[2] + past).tanh()
                z = 1 - z if "z-swapped" in made else z
                h = (1 - z) * n + z * h
                hs.append(h)
                h = h.detach() if "state-detached-after-each-step" in made else h
            hs, (h,) = finished(torch.stack(hs), [h[None]], made)
            return hs, h

    return GRU


SHARED = (
    "weight-hh-not-transposed",
    "bias-hh-dropped",
    "bias-ih-twice",
    "weight-hh-detached",
    "initial-state-ignored",
    "initial-state-detached",
    "state-detached-after-each-step",
    "last-state-detached",
    "batch-first",
    "state-without-its-first-axis",
)
OF_LSTM = (
    *SHARED,
    "i-and-f-swapped",
    "tanh-of-c-missing",
    "state-read-swapped",
    "state-returned-swapped",
)
OF_GRU = (
    *SHARED,
    "gate-order-zrn",
    "z-swapped",
    "reset-before-the-product",
    "b-hn-outside-the-reset",
)
CELLS = (("torch-lstm", lstm_with, OF_LSTM), ("torch-gru", gru_with, OF_GRU))
RARE = {  # alone only: pairs are many, and each takes a while
    "bias-ih-twice",
    "weight-hh-detached",
    "initial-state-detached",
    "last-state-detached",
    "state-read-swapped",
}


@pytest.mark.parametrize(("id", "make", "known"), CELLS, ids=["lstm", "gru"])
def test_without_a_mistake_it_passes(id, make, known):
    assert report(id, make()).passed


@pytest.mark.parametrize(
    ("id", "make", "slug"), [(id, make, slug) for id, make, known in CELLS for slug in known]
)
def test_each_alone_is_recognised(id, make, slug):
    assert report(id, make(slug)).diagnosis == slug


@pytest.mark.parametrize(
    ("id", "make", "one", "other"),
    [
        (id, make, *pair)
        for id, make, known in CELLS
        for pair in combinations([slug for slug in known if slug not in RARE], 2)
    ],
)
def test_two_together_fail_and_no_third_is_named(id, make, one, other):
    found = report(id, make(one, other))
    assert not found.passed
    assert found.diagnosis in {None, one, other}
