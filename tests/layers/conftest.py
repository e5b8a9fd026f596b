"""Draws that several files share: pairs of a torch.nn layer and ours with the same parameters."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from rnncourse import layers


@pytest.fixture(autouse=True, scope="module", params=["python", "native"])
def _loop(request):
    """Every test twice: with the step loop in Python, and in C++ where that fits."""
    if request.param == "native" and not layers.enable_native():
        pytest.skip("the native loop needs a C++ compiler: apt-get install g++")
    yield
    layers.enable_native(False)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(20)


@pytest.fixture(params=["RNN", "LSTM", "GRU"])
def name(request):
    return request.param


@pytest.fixture
def pair():
    """``pair(name, *sizes, **options)``: torch.nn's layer or cell and ours, in float64."""

    def make(name, *sizes, **options):
        options = {"dtype": torch.float64, **options}
        theirs = getattr(nn, name)(*sizes, **options)
        ours = getattr(layers, name)(*sizes, **options)
        ours.load_state_dict(theirs.state_dict(), strict=True)
        return theirs, ours

    return make


@pytest.fixture(scope="session")
def flat():
    """``flat(result)``: the tensors of what a layer or a cell returns, in order."""

    def parts(result):
        if isinstance(result, PackedSequence):
            return [result.data]
        if isinstance(result, torch.Tensor):
            return [result]
        return [tensor for part in result for tensor in parts(part)]

    return parts


@pytest.fixture
def state():
    """``state(name, *shape)``: a random initial state, one tensor or two."""

    def draw(name, *shape, dtype=torch.float64):
        h = torch.randn(shape, dtype=dtype, requires_grad=True)
        if not name.startswith("LSTM"):
            return h
        return h, torch.randn(shape, dtype=dtype, requires_grad=True)

    return draw
