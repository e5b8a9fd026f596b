"""What torch.nn refuses, ours refuse with the same kind of error, and with better words."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from rnncourse import layers

T, B, I, H = 6, 4, 3, 5


CONSTRUCTIONS = [
    ((0, H), {}, ValueError, "input_size must be greater than zero"),
    ((I, 0), {}, ValueError, "hidden_size must be greater than zero"),
    ((I, H, 0), {}, ValueError, "num_layers must be greater than zero"),
    (("3", H), {}, TypeError, "input_size should be of type int, got: str"),
    ((I, 5.0), {}, TypeError, "hidden_size should be of type int, got: float"),
    ((I, H), {"bias": 1}, TypeError, "bias should be of type bool, got: int"),
    ((I, H), {"batch_first": 0}, TypeError, "batch_first should be of type bool, got: int"),
    ((I, H), {"dropout": 2.0}, ValueError, "dropout should be a number in range"),
    ((I, H), {"dropout": True}, ValueError, "dropout should be a number in range"),
]


@pytest.mark.parametrize(("sizes", "options", "kind", "words"), CONSTRUCTIONS)
@pytest.mark.parametrize("module", [nn, layers], ids=["torch", "ours"])
def test_constructions_that_are_refused(module, name, sizes, options, kind, words):
    with pytest.raises(kind, match=words):
        getattr(module, name)(*sizes, **options)


@pytest.mark.parametrize("module", [nn, layers], ids=["torch", "ours"])
def test_options_of_one_cell_alone(module):
    for name in ("RNN", "GRU"):
        with pytest.raises(ValueError, match="proj_size argument is only supported for LSTM"):
            getattr(module, name)(I, H, proj_size=2)
    with pytest.raises(ValueError, match="proj_size has to be smaller than hidden_size"):
        module.LSTM(I, H, proj_size=H)
    with pytest.raises(ValueError, match="Unknown nonlinearity 'sin'"):
        module.RNN(I, H, nonlinearity="sin")
    assert module.RNN(I, H, 1, "relu").nonlinearity == "relu"
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        module.GRU(I, H, dropout=0.3)


def forward_mistakes():
    """Inputs (x, h) with what torch raises for them and the first words of it."""
    x, h = torch.randn(T, B, I), torch.randn(2, B, H)
    one = torch.randn(T, I)
    return [
        ((x[0, 0], None), ValueError, "Expected input to be 2D or 3D, got 1D"),
        ((x[None], None), ValueError, "Expected input to be 2D or 3D, got 4D"),
        ((x[..., :2], None), RuntimeError, "must be equal to input_size. Expected 3, got 2"),
        ((x.double(), None), ValueError, "RNN input dtype .* does not match weight dtype .*"),
        ((x.long(), None), ValueError, "Convert input: input.to.*, or convert model: model.to"),
        ((x.to("meta"), None), RuntimeError, "parameter tensors are not at the same device"),
        ((x[:0], None), RuntimeError, "Expected sequence length to be larger than 0 in RNN"),
        ((x, h[0]), RuntimeError, r"For batched 3-D input, .* should also be 3-D but got \(?2-D"),
        ((one, h), RuntimeError, r"For unbatched 2-D input, .* also be 2-D but got \(?3-D"),
        ((x, h[:1]), RuntimeError, r"Expected hidden(\[0\])? size \(2, 4, 5\), got \[1, 4, 5\]"),
        ((x, h[:, :3]), RuntimeError, r"Expected hidden(\[0\])? size .*, got \[2, 3, 5\]"),
        ((x, h[..., :4]), RuntimeError, r"Expected hidden(\[0\])? size .*, got \[2, 4, 4\]"),
        ((x, h.transpose(0, 1)), RuntimeError, r"Expected hidden(\[0\])? size"),
        ((x, h.to("meta")), RuntimeError, "hidden tensors are not at the same device"),
        ((x, h.double()), RuntimeError, "dtype|data type"),
    ]


@pytest.mark.parametrize("k", range(15))
@pytest.mark.parametrize("module", [nn, layers], ids=["torch", "ours"])
def test_inputs_that_are_refused(module, name, k):
    (x, h), kind, words = forward_mistakes()[k]
    layer = getattr(module, name)(I, H, 2)
    hx = (h, h) if name == "LSTM" and h is not None else h
    with pytest.raises(kind, match=words):
        layer(x, hx)


def test_packed_inputs_that_are_refused(name):
    layer = getattr(layers, name)(I, H, 2)
    with pytest.raises(RuntimeError, match=r"must be equal to input_size\. Expected 3, got 2"):
        layer(pack_sequence([torch.randn(4, 2), torch.randn(3, 2)]))
    with pytest.raises(RuntimeError, match="input must have 2 dimensions, got 3"):
        layer(pack_sequence([torch.randn(4, 2, I), torch.randn(3, 2, I)]))
    packed = pack_sequence([torch.randn(4, I), torch.randn(3, I)])
    h = torch.zeros(2, 3, H)
    words = r"Expected hidden(\[0\])? size \(2, 2, 5\), got \[2, 3, 5\]"
    with pytest.raises(RuntimeError, match=words):
        layer(packed, (h, h) if name == "LSTM" else h)


@pytest.mark.parametrize("part", [0, 1])
def test_the_lstms_two_states_are_checked_each(part):
    layer = layers.LSTM(I, H, proj_size=2)
    good = [torch.zeros(1, B, 2), torch.zeros(1, B, H)]
    layer(torch.randn(T, B, I), tuple(good))
    bad = [s if k != part else torch.zeros(1, B, 4) for k, s in enumerate(good)]
    with pytest.raises(RuntimeError, match=rf"Expected hidden\[{part}\] size .*, got \[1, 4, 4\]"):
        layer(torch.randn(T, B, I), tuple(bad))


def test_a_state_of_the_wrong_kind_is_named():
    h = torch.zeros(1, B, H)
    with pytest.raises(TypeError, match="hx should be one tensor, the initial h, got tuple"):
        layers.GRU(I, H)(torch.randn(T, B, I), (h, h))
    with pytest.raises(RuntimeError, match=r"hx should be the pair \(h_0, c_0\), got one tensor"):
        layers.LSTM(I, H)(torch.randn(T, B, I), h)
