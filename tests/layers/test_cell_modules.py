"""RNNCell, LSTMCell and GRUCell against torch.nn's, and against one step of our layers."""

import copy
import pickle

import pytest
import torch
from torch import nn

from rnncourse import layers

B, I, H = 3, 4, 5


@pytest.fixture(params=["RNNCell", "LSTMCell", "GRUCell"])
def cell(request):
    return request.param


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("with_state", [True, False])
def test_equals_torch(cell, bias, batched, with_state, pair, state, flat):
    theirs, ours = pair(cell, I, H, bias=bias)
    leading = (B,) if batched else ()
    x = torch.randn(*leading, I, dtype=torch.float64, requires_grad=True)
    hx = state(cell, *leading, H) if with_state else None
    results = []
    for module in (theirs, ours):
        tensors = flat(module(x, hx))
        loss = sum(k * t.square().sum() for k, t in enumerate(tensors, 2))
        leaves = [x, *(flat(hx) if with_state else []), *module.parameters()]
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        unused = [g is None for g in gradients]
        results.append([*tensors, *(g for g in gradients if g is not None)])
    assert not any(unused)
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=1e-12)
    assert repr(ours) == repr(theirs)
    assert isinstance(ours, type(theirs))


def test_relu_and_reset_before(pair):
    theirs, ours = pair("RNNCell", I, H, nonlinearity="relu")
    x = torch.randn(B, I, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x))
    assert repr(ours) == repr(theirs)
    options = {"reset_after": False, "dtype": torch.float64}
    before, layer = layers.GRUCell(I, H, **options), layers.GRU(I, H, **options)
    layer.load_state_dict({f"{k}_l0": v for k, v in before.state_dict().items()})
    h = torch.randn(B, H, dtype=torch.float64)
    torch.testing.assert_close(before(x, h), layer(x[None], h[None])[0][0])
    with pytest.raises(RuntimeError, match="Unknown nonlinearity: sin"):
        layers.RNNCell(I, H, nonlinearity="sin")(torch.randn(B, I))


def test_a_cell_in_a_loop_is_the_layer(cell, pair, flat):
    _, ours = pair(cell, I, H)
    layer = getattr(layers, cell.removesuffix("Cell"))(I, H, dtype=torch.float64)
    layer.load_state_dict({f"{k}_l0": v for k, v in ours.state_dict().items()})
    x = torch.randn(7, B, I, dtype=torch.float64)
    hx = None
    for x_t in x:
        hx = ours(x_t, hx)
    torch.testing.assert_close(flat(hx), [s[0] for s in flat(layer(x)[1])])


def test_one_output_alone_has_gradients():
    for part in (0, 1):
        x = torch.randn(1, I, requires_grad=True)
        layers.LSTMCell(I, H)(x)[part].sum().backward()
        assert x.grad.abs().sum() > 0


def test_copies_seeds_and_empty_sizes(cell):
    torch.manual_seed(1)
    ours = getattr(layers, cell)(I, H)
    torch.manual_seed(1)
    theirs = getattr(nn, cell)(I, H)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)
    x = torch.randn(B, I)
    for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        torch.testing.assert_close(other(x), ours(x))
    empty = getattr(layers, cell)(I, 0)(x)
    assert (empty[0] if cell == "LSTMCell" else empty).shape == (B, 0)


MISTAKES = [
    ((B, I + 1), (B, H), RuntimeError, "input has inconsistent input_size: got 5 expected 4"),
    ((B, I), (B, H + 1), RuntimeError, "hidden0 has inconsistent hidden_size: got 6, expected 5"),
    ((B, I), (1, H), RuntimeError, "Input batch size 3 doesn't match hidden0 batch size 1"),
    ((B, I), (B, 1, 1, H), ValueError, r"Expected (hidden|hx\[0\]) to be 1D or 2D, got 4D instead"),
    ((2, B, I), (B, H), ValueError, "Expected input to be 1D or 2D, got 3D instead"),
]


@pytest.mark.parametrize(("x", "h", "kind", "words"), MISTAKES)
@pytest.mark.parametrize("module", [nn, layers], ids=["torch", "ours"])
def test_inputs_that_are_refused(module, cell, x, h, kind, words):
    hx = torch.zeros(h)
    with pytest.raises(kind, match=words):
        getattr(module, cell)(I, H)(torch.randn(x), (hx, hx) if cell == "LSTMCell" else hx)


@pytest.mark.parametrize("module", [nn, layers], ids=["torch", "ours"])
@pytest.mark.parametrize("other", [torch.float64, "meta"])
def test_types_and_devices_that_are_refused(module, cell, other):
    ours, x, h = getattr(module, cell)(I, H), torch.randn(B, I), torch.zeros(B, H)
    with pytest.raises(RuntimeError):
        ours(x.to(other))
    with pytest.raises(RuntimeError):
        ours(x, (h.to(other), h) if cell == "LSTMCell" else h.to(other))
    if cell == "LSTMCell":
        with pytest.raises(RuntimeError):
            ours(x, (h, h[:, :2]))
