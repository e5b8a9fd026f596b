"""First and second derivatives equal finite differences, of every argument and parameter."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.utils.rnn import pack_sequence

from rnncourse import layers

LENGTHS, I, H = [4, 2, 3], 3, 4
LAYERS = [
    pytest.param("RNN", {}, id="rnn"),
    pytest.param("RNN", {"nonlinearity": "relu"}, id="rnn-relu"),
    pytest.param("LSTM", {}, id="lstm"),
    pytest.param("LSTM", {"proj_size": 2}, id="lstm-projected"),
    pytest.param("GRU", {}, id="gru"),
    pytest.param("GRU", {"reset_after": False}, id="gru-reset-before"),
]


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.5])
@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_finite_differences(name, options, recurrent_dropout, flat):
    options = {"recurrent_dropout": recurrent_dropout, "dtype": torch.float64, **options}
    layer = getattr(layers, name)(I, H, num_layers=2, bidirectional=True, **options)
    widths = [options.get("proj_size", H), H] if name == "LSTM" else [H]
    states = [torch.randn(4, len(LENGTHS), w, dtype=torch.float64) for w in widths]
    x = torch.randn(sum(LENGTHS), I, dtype=torch.float64)
    names = [n for n, _ in layer.named_parameters()]
    leaves = [x, *states, *(p.detach() for p in layer.parameters())]

    def run(x, *rest):
        hx, parameters = rest[: len(states)], rest[len(states) :]
        torch.manual_seed(9)  # the same dropout masks each time
        packed = pack_sequence(list(x.split(LENGTHS)), enforce_sorted=False)
        arguments = (packed, hx if name == "LSTM" else hx[0])
        named = dict(zip(names, parameters, strict=True))
        return tuple(flat(torch.func.functional_call(layer, named, arguments)))

    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    assert gradcheck(run, leaves, fast_mode=True)
    assert gradgradcheck(run, leaves, fast_mode=True)


@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_every_entry_of_a_short_dense_run(name, options, flat):
    layer = getattr(layers, name)(2, 3, dtype=torch.float64, **options)
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: tuple(flat(layer(x))), (x,))
    assert gradgradcheck(lambda x: tuple(flat(layer(x))), (x,))


def test_a_gradient_is_that_of_one_argument_even_where_arguments_share_a_graph(name, pair):
    """With create_graph the backward pass runs the loop again: no path may count twice."""
    found = []
    for module in pair(name, 4, 4):
        W = module.weight_hh_l0.detach().clone().requires_grad_()
        x = torch.tanh(torch.ones(5, 2, 4, dtype=torch.float64) @ W[:4])  # x comes of W as well
        named = {**dict(module.named_parameters()), "weight_hh_l0": W}
        loss = torch.func.functional_call(module, named, (x,))[0].square().sum()
        (first,) = torch.autograd.grad(loss, W, create_graph=True)
        (second,) = torch.autograd.grad(first.square().sum(), W)
        found.append([first, second])
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=1e-10)


def test_create_graph_changes_no_first_gradient(name, flat):
    layer = getattr(layers, name)(I, H, dtype=torch.float64)
    x = torch.randn(5, 2, I, dtype=torch.float64)
    loss = sum(t.square().sum() for t in flat(layer(x)))
    by_hand = torch.autograd.grad(loss, list(layer.parameters()), retain_graph=True)
    by_autograd = torch.autograd.grad(loss, list(layer.parameters()), create_graph=True)
    torch.testing.assert_close(by_hand, by_autograd, rtol=0, atol=1e-12)
    assert not any(g.requires_grad for g in by_hand)
    assert all(g.requires_grad for g in by_autograd)
