"""Costs by formula equal what torch counts: parameters, FLOPs, states, saved tensors, bytes."""

import itertools

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from rnncourse import layers
from rnncourse.cells import costs

T, B, I, H, P = 6, 2, 3, 5, 4  # all different, above 1
CELLS = ["rnn", "lstm", "gru"]
LAYERS = {
    "torch.nn": {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU},
    "rnncourse": {"rnn": layers.RNN, "lstm": layers.LSTM, "gru": layers.GRU},
}
OPTIONS = [
    pytest.param(
        cell,
        {"num_layers": num_layers, "bidirectional": bidirectional} | projection,
        id=f"{cell}-{num_layers}{'-both-ways' * bidirectional}{'-projected' * bool(projection)}",
    )
    for cell, num_layers, bidirectional, projection in itertools.product(
        CELLS, (1, 3), (False, True), ({}, {"proj_size": P})
    )
    if cell == "lstm" or not projection
]
KINDS = pytest.mark.parametrize("kind", LAYERS)


def count_flops():
    """torch's counter, told of addmm_ too: it knows addmm and overlooks the one in place."""

    def flops(total, a, b, **_):
        return 2 * a[0] * a[1] * b[1]

    return FlopCounterMode(display=False, custom_mapping={torch.ops.aten.addmm_: flops})


def build(kind, cell, options, bias=True):
    """A layer in float64, where torch.nn's LSTM is a sum of countable products."""
    return LAYERS[kind][cell](I, H, bias=bias, dtype=torch.float64, **options)


def draw(cell, layer, input_grad=False, state_grad=False):
    """x (T, B, I) and a non-zero initial state, as the layer takes it."""
    generator = torch.Generator().manual_seed(2)

    def normal(*shape, requires_grad):
        tensor = torch.randn(shape, generator=generator, dtype=torch.float64)
        return tensor.requires_grad_(requires_grad)

    count = layer.num_layers * (1 + layer.bidirectional)
    widths = [layer.proj_size or H, H][: 2 if cell == "lstm" else 1]
    states = tuple(normal(count, B, width, requires_grad=state_grad) for width in widths)
    x = normal(T, B, I, requires_grad=input_grad)
    return x, states if cell == "lstm" else states[0]


@pytest.mark.parametrize(("cell", "options"), OPTIONS)
@pytest.mark.parametrize("bias", [True, False])
@KINDS
def test_parameters_are_those_of_the_layer(kind, cell, options, bias):
    layer = build(kind, cell, options, bias)
    expected = sum(p.numel() for p in layer.parameters())
    assert costs.count_parameters(cell, I, H, 2 * bias, **options) == expected


@pytest.mark.parametrize("cell", CELLS)
def test_one_bias_lies_halfway_between_none_and_two(cell):
    none, one, two = (costs.count_parameters(cell, I, H, biases) for biases in range(3))
    assert one - none == two - one == costs.BLOCKS[cell] * H


def test_a_gru_has_three_quarters_of_the_parameters_of_an_lstm():
    for size, hidden, biases in itertools.product((1, 7, 300), (1, 8, 512), (0, 1, 2)):
        lstm, gru = (costs.count_parameters(c, size, hidden, biases) for c in ("lstm", "gru"))
        assert 4 * gru == 3 * lstm


@pytest.mark.parametrize(("cell", "options"), OPTIONS)
@KINDS
def test_forward_flops_are_those_that_torch_counts(kind, cell, options):
    layer = build(kind, cell, options)
    x, state = draw(cell, layer)
    with count_flops() as counter, torch.no_grad():
        layer(x, state)
    assert costs.forward_flops(cell, T, B, I, H, **options) == counter.get_total_flops()


@pytest.mark.parametrize(("cell", "options"), OPTIONS)
@pytest.mark.parametrize(
    ("input_grad", "state_grad"), [(False, False), (True, False), (False, True)]
)
@KINDS
def test_training_flops_are_those_that_torch_counts(kind, cell, options, input_grad, state_grad):
    layer = build(kind, cell, options)
    x, state = draw(cell, layer, input_grad, state_grad)
    with count_flops() as counter:
        layer(x, state)[0].sum().backward()
    # ours find the gradient of the initial state in any case: it costs one product
    grads = {"input_grad": input_grad, "state_grad": state_grad or kind == "rnncourse"}
    expected = counter.get_total_flops()
    assert costs.training_flops(cell, T, B, I, H, **grads, **options) == expected


@pytest.mark.parametrize("cell", CELLS)
def test_training_is_three_times_forward_once_every_gradient_is_asked_for(cell):
    forward = costs.forward_flops(cell, T, B, I, H, num_layers=2)
    every = {"input_grad": True, "state_grad": True}
    assert costs.training_flops(cell, T, B, I, H, num_layers=2, **every) == 3 * forward


def textbook_loop(x, states, blocks, reset_after=True):
    """A cell as a beginner writes it: two products a gate and step. ``blocks`` are (W, U)."""
    h, *c = states
    for x_t in x:
        if len(blocks) == 4:
            a_i, a_f, a_g, a_o = (x_t @ W.T + h @ U.T for W, U in blocks)
            c = [a_f.sigmoid() * c[0] + a_i.sigmoid() * a_g.tanh()]
            h = a_o.sigmoid() * c[0].tanh()
        elif len(blocks) == 3:
            r, z = ((x_t @ W.T + h @ U.T).sigmoid() for W, U in blocks[:2])
            W, U = blocks[2]
            n = (x_t @ W.T + (r * (h @ U.T) if reset_after else (r * h) @ U.T)).tanh()
            h = (1 - z) * n + z * h
        else:
            ((W, U),) = blocks
            h = (x_t @ W.T + h @ U.T).tanh()
    return h


@pytest.mark.parametrize(
    ("cell", "reset_after"), [("rnn", True), ("lstm", True), ("gru", True), ("gru", False)]
)
def test_flops_are_those_of_a_plain_loop(cell, reset_after):
    def leaf(*shape):
        return torch.ones(shape, dtype=torch.float64, requires_grad=True)

    x, states = leaf(T, B, I), [leaf(B, H) for _ in range(2)]
    blocks = [(leaf(H, I), leaf(H, H)) for _ in range(costs.BLOCKS[cell])]
    with count_flops() as counter:
        h = textbook_loop(x, states, blocks, reset_after)
        assert costs.forward_flops(cell, T, B, I, H) == counter.get_total_flops()
        h.sum().backward()
    both = {"input_grad": True, "state_grad": True}
    assert costs.training_flops(cell, T, B, I, H, **both) == counter.get_total_flops()


def test_step_flops_by_hand():
    assert costs.step_flops("lstm", 32, 28, 128) == 2 * 32 * 4 * 128 * (28 + 128)
    assert costs.step_flops("gru", 1, 3, 4, num_layers=2) == 2 * 3 * 4 * (3 + 4) + 2 * 3 * 4 * 8


@pytest.mark.parametrize(("cell", "options"), OPTIONS)
@KINDS
def test_state_is_what_the_layer_hands_on(kind, cell, options):
    layer = build(kind, cell, options)
    x, state = draw(cell, layer)
    last = layer(x, state)[1]
    parts = last if cell == "lstm" else (last,)
    assert costs.state_size(cell, H, **options) == sum(part[:, 0].numel() for part in parts)


def seen_by_the_hooks(layer, x, state):
    """Numbers in the arrays that autograd keeps, each array once, parameters not."""
    parameters = {p.untyped_storage().data_ptr() for p in layer.parameters()}
    alive, storages = [], {}

    def pack(tensor):
        alive.append(tensor)  # or its address could be given away again
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes() // tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = layer(x, state)
    assert output
    return sum(size for place, size in storages.items() if place not in parameters)


@pytest.mark.parametrize(("cell", "options"), OPTIONS)
@KINDS
def test_saved_activations_are_those_that_the_hooks_see(kind, cell, options):
    layer = build(kind, cell, options)
    seen = seen_by_the_hooks(layer, *draw(cell, layer))
    assert costs.saved_activations(cell, T, B, I, H, layer=kind, **options) == seen


@pytest.mark.parametrize(
    ("cell", "to_cell", "input_size", "hidden_size", "expected"),
    [
        ("lstm", "gru", 28, 32, 39),
        ("gru", "lstm", 28, 39, 32),
        ("lstm", "lstm", 28, 32, 32),
        ("lstm", "rnn", 64, 128, 284),
        ("rnn", "lstm", 3, 1, 1),  # even the smallest is larger
    ],
)
def test_matched_hidden_size(cell, to_cell, input_size, hidden_size, expected):
    size = costs.matched_hidden_size(cell, to_cell, input_size, hidden_size)
    assert size == expected


@pytest.mark.parametrize("biases", [0, 1, 2])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_no_size_matches_better(biases, options):
    def count(cell, size, hidden):
        return costs.count_parameters(cell, size, hidden, biases, **options)

    for cell, to_cell in itertools.permutations(CELLS, 2):
        for size, hidden in itertools.product((1, 3, 17), (1, 2, 9, 40)):
            target = count(cell, size, hidden)
            gaps = [abs(count(to_cell, size, k) - target) for k in range(1, 200)]
            best = costs.matched_hidden_size(cell, to_cell, size, hidden, biases, **options)
            assert best == 1 + gaps.index(min(gaps))


def test_a_tie_goes_to_the_smaller():
    sizes = range(1, 400)
    ties = 0
    for size, hidden in itertools.product(range(1, 40), range(1, 9)):
        target = costs.count_parameters("lstm", size, hidden, 0)
        gaps = [abs(costs.count_parameters("rnn", size, k, 0) - target) for k in sizes]
        if gaps.count(min(gaps)) > 1:
            ties += 1
            best = costs.matched_hidden_size("lstm", "rnn", size, hidden, 0)
            assert best == sizes[gaps.index(min(gaps))]
    assert ties


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_bytes_are_those_of_the_layer(dtype):
    layer = torch.nn.GRU(I, H, dtype=dtype)
    expected = sum(p.nbytes for p in layer.parameters())
    count = costs.count_parameters("gru", I, H)
    assert costs.bytes_of(count, dtype) == expected
    assert costs.bytes_of(count, str(dtype).removeprefix("torch.")) == expected


def test_bytes_of_numpy_dtypes_and_of_the_default():
    assert costs.bytes_of(3) == 12
    assert costs.bytes_of(3, np.float64) == costs.bytes_of(3, np.dtype("f8")) == 24


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: costs.count_parameters("mgu", I, H), "cell is 'mgu', expected 'rnn', 'lstm'"),
        (lambda: costs.count_parameters("gru", 0, H), "input_size is 0, expected a whole number"),
        (lambda: costs.count_parameters("gru", I, 2.5), "hidden_size is 2.5, expected a whole"),
        (lambda: costs.count_parameters("gru", I, H, 3), "biases is 3, expected 0, 1 or 2"),
        (lambda: costs.state_size("gru", H, num_layers=0), "num_layers is 0, expected a whole"),
        (lambda: costs.state_size("gru", H, proj_size=P), "proj_size is 4, expected 0, or for"),
        (lambda: costs.state_size("lstm", H, proj_size=H), "proj_size is 5, expected 0, or for"),
        (lambda: costs.step_flops("gru", 0, I, H), "batch is 0, expected a whole number"),
        (lambda: costs.forward_flops("gru", -1, B, I, H), "steps is -1, expected a whole number"),
        (lambda: costs.saved_activations("gru", T, 0, I, H), "batch is 0, expected a whole"),
        (
            lambda: costs.saved_activations("gru", T, B, I, H, layer="keras"),
            r"layer is 'keras', expected one of \['rnncourse', 'torch.nn'\]",
        ),
        (lambda: costs.bytes_of(3, "int8"), "dtype is int8, expected one of float64, float32"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
