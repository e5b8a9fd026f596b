"""Our layers against torch.nn's in float64, over random shapes and options.

The pass derived by hand, the one without gradients, and the loop under autograd must each give
torch.nn's outputs, states and gradients.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from rnncourse import layers

OUTPUT_ATOL, GRADIENT_ATOL = 1e-10, 1e-8  # float64; sums over up to 50 steps


@st.composite
def cases(draw):
    """A layer's name and options, its sizes, and the lengths of its sequences."""
    name = draw(st.sampled_from(["RNN", "LSTM", "GRU"]))
    I, H = draw(st.integers(1, 6)), draw(st.integers(2, 7))
    options = {
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    if options["num_layers"] > 1:
        options["dropout"] = draw(st.sampled_from([0.0, 0.4]))
    if name == "LSTM":
        options["proj_size"] = draw(st.sampled_from([0, H - 1]))
    if name == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    kind = draw(st.sampled_from(["batch", "one sequence", "packed", "packed unsorted"]))
    B = 1 if kind == "one sequence" else draw(st.integers(1, 5))
    if kind.startswith("packed"):
        lengths = draw(st.lists(st.integers(1, 12), min_size=B, max_size=B))
        lengths = lengths if kind.endswith("unsorted") else sorted(lengths, reverse=True)
    else:
        lengths = [draw(st.integers(1, 50))] * B
    return name, (I, H), options, kind, lengths, draw(st.booleans())


def arguments(name, sizes, options, kind, lengths, with_state):
    """The input, the initial state, and the leaves that gradients are taken of."""
    (I, H), B, T = sizes, len(lengths), lengths[0]
    if kind.startswith("packed"):
        x = torch.randn(sum(lengths), I, dtype=torch.float64, requires_grad=True)
        sequences = list(x.split(lengths))
        given = pack_sequence(sequences, enforce_sorted=kind == "packed")
    else:
        shape = (B, T, I) if options["batch_first"] else (T, B, I)
        x = torch.randn((T, I) if kind == "one sequence" else shape, dtype=torch.float64)
        given = x.requires_grad_()
    if not with_state:
        return given, None, [x]
    count = options["num_layers"] * (2 if options["bidirectional"] else 1)
    widths = [options.get("proj_size") or H, H] if name == "LSTM" else [H]
    batch = () if kind == "one sequence" else (B,)
    states = [torch.randn(count, *batch, w, dtype=torch.float64) for w in widths]
    states = [s.requires_grad_() for s in states]
    return given, tuple(states) if name == "LSTM" else states[0], [x, *states]


def results(module, given, hx, leaves, flat, **options):
    """Outputs and states, then the gradients of a random weighing of all of them."""
    torch.manual_seed(3)  # the same dropout and the same weights for every module
    tensors = flat(module(given, hx, **options)[:2])
    torch.manual_seed(4)
    weights = [torch.randn_like(t) for t in tensors]
    wanted = [*leaves, *module.parameters()]
    return tensors, torch.autograd.grad(tensors, wanted, weights, retain_graph=True)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(case=cases())
def test_layers(case, flat):
    name, sizes, options, *_ = case
    torch.manual_seed(2)
    theirs = getattr(nn, name)(*sizes, **options, dtype=torch.float64)
    ours = getattr(layers, name)(*sizes, **options, dtype=torch.float64)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    given, hx, leaves = arguments(*case)
    expected, gradients = results(theirs, given, hx, leaves, flat)
    for options in ({}, {"trace": True}):  # by hand, and the loop under autograd
        found, found_gradients = results(ours, given, hx, leaves, flat, **options)
        torch.testing.assert_close(found, expected, rtol=0, atol=OUTPUT_ATOL)
        torch.testing.assert_close(found_gradients, gradients, rtol=0, atol=GRADIENT_ATOL)
    with torch.no_grad():
        torch.manual_seed(3)
        found = flat(ours(given, hx))
    torch.testing.assert_close(found, expected, rtol=0, atol=OUTPUT_ATOL)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_lower_precision(name, dtype, pair, state, flat):
    theirs, ours = pair(name, 5, 7, num_layers=2, bidirectional=True, dtype=dtype)
    x = torch.randn(9, 3, 5, dtype=dtype, requires_grad=True)
    hx = state(name, 4, 3, 7, dtype=dtype)
    atol = {torch.float32: 1e-5, torch.bfloat16: 0.05, torch.float16: 0.006}[dtype]
    both = [results(module, x, hx, [x], flat) for module in (theirs, ours)]
    torch.testing.assert_close(both[1][0], both[0][0], rtol=0, atol=atol)
    torch.testing.assert_close(both[1][1], both[0][1], rtol=10 * atol, atol=10 * atol)


def test_a_large_product_with_packed_weights_equals_torch(pair, flat):
    theirs, ours = pair("GRU", 6, 512, dtype=torch.float32)  # large enough for oneDNN's layout
    x = torch.randn(4, 64, 6)
    both = [results(module, x.requires_grad_(), None, [x], flat) for module in (theirs, ours)]
    torch.testing.assert_close(both[1], both[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bias", [False, True])
def test_reset_before_differs_from_torch_by_the_equation(pair, bias, flat):
    theirs, _ = pair("GRU", 3, 4, bias=bias)
    ours = layers.GRU(3, 4, bias=bias, reset_after=False, dtype=torch.float64)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    assert (ours(x)[0] - theirs(x)[0])[1:].abs().max() > 1e-3


@pytest.mark.parametrize("frozen", ["x", "weight_ih_l0", "weight_hh_l0", "bias_hh_l0"])
def test_what_needs_no_gradient_gets_none(name, frozen, pair):
    theirs, ours = pair(name, 3, 4)
    x = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=frozen != "x")
    gradients = []
    for module in (theirs, ours):
        if frozen != "x":
            module.get_parameter(frozen).requires_grad_(False)
        x.grad = None
        module(x)[0].square().sum().backward()
        gradients.append([x.grad, *(p.grad for p in module.parameters())])
    assert [g is None for g in gradients[1]] == [g is None for g in gradients[0]]
    for ours_grad, theirs_grad in zip(*gradients[::-1], strict=True):
        if theirs_grad is not None:
            torch.testing.assert_close(ours_grad, theirs_grad, rtol=0, atol=GRADIENT_ATOL)


@pytest.mark.parametrize(
    ("name", "part"),
    [("RNN", 0), ("RNN", 1), ("GRU", 0), ("GRU", 1), ("LSTM", 0), ("LSTM", 1), ("LSTM", 2)],
)
def test_a_loss_on_one_part_alone(name, part, pair, flat):
    theirs, ours = pair(name, 3, 4)
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    gradients = []
    for module in (theirs, ours):
        loss = flat(module(x))[part].square().sum()
        gradients.append(torch.autograd.grad(loss, list(module.parameters())))
    torch.testing.assert_close(*gradients, rtol=0, atol=GRADIENT_ATOL)
