"""What users of torch.nn's layers rely on, for theirs and ours alike.

The ground of PyTorch's own tests of its recurrent modules (test/nn, test/test_nn.py).
"""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
)

from rnncourse import layers

T, B, I, H = 6, 4, 3, 5


def batch(*shape, **options):
    return torch.randn(*shape or (T, B, I), dtype=torch.float64, **options)


def assert_same(found, expected, flat, atol=1e-10):
    torch.testing.assert_close(flat(found), flat(expected), rtol=0, atol=atol)


def gradients(module, x):
    return torch.autograd.grad(module(x)[0].square().sum(), list(module.parameters()))


def test_is_an_instance_of_the_layer_that_it_replaces(name, pair):
    theirs, ours = pair(name, I, H, 2, bidirectional=True)
    assert isinstance(ours, getattr(nn, name))
    assert repr(ours) == repr(theirs)
    assert ours.__dict__.keys() >= theirs.__dict__.keys() - {"_flat_weight_refs"}
    theirs.load_state_dict(ours.state_dict(), strict=True)


def test_the_same_seed_gives_the_same_parameters_and_the_same_dropout(name):
    results = []
    for module in (nn, layers):
        torch.manual_seed(5)
        layer = getattr(module, name)(I, H, 3, dropout=0.5, bidirectional=True)
        results.append(layer(torch.randn(T, B, I))[0])
        layer.reset_parameters()
        results.append(layer.weight_hh_l1_reverse)
    torch.testing.assert_close(results[2], results[0])
    assert torch.equal(results[3], results[1])


def test_dropout_is_off_in_evaluation(name, pair, flat):
    theirs, ours = pair(name, I, H, 2, dropout=0.5)
    x = batch()
    assert_same(ours.eval()(x), theirs.eval()(x), flat)


def test_complex_numbers(name, pair, flat):
    theirs, ours = pair(name, I, H, dtype=torch.complex128)
    x = torch.randn(T, B, I, dtype=torch.complex128)
    assert_same(ours(x), theirs(x), flat)
    loss = [m(x)[0].abs().square().sum() for m in (theirs, ours)]
    found = [
        torch.autograd.grad(v, list(m.parameters()))
        for v, m in zip(loss, (theirs, ours), strict=True)
    ]
    torch.testing.assert_close(*found, rtol=0, atol=1e-10)


@pytest.mark.parametrize("batch_first", [False, True])
def test_h_n_is_layers_times_directions_first(name, batch_first, pair):
    _, ours = pair(name, I, H, 2, bidirectional=True, batch_first=batch_first)
    output, last = ours(batch(B, T, I) if batch_first else batch())
    last = last if name == "LSTM" else (last,)
    assert output.shape == ((B, T, 2 * H) if batch_first else (T, B, 2 * H))
    assert all(s.shape == (4, B, H) for s in last)
    by_time = output.transpose(0, 1) if batch_first else output
    torch.testing.assert_close(last[0][2], by_time[-1, :, :H])
    torch.testing.assert_close(last[0][3], by_time[0, :, H:])


def test_unsorted_packing_is_each_sequence_alone(name, pair, flat):
    _, ours = pair(name, I, H, 2, bidirectional=True)
    sequences = [batch(n, I) for n in (2, 5, 1, 5, 3)]
    packed, last = ours(pack_sequence(sequences, enforce_sorted=False))
    padded, lengths = pad_packed_sequence(packed)
    assert lengths.tolist() == [2, 5, 1, 5, 3]
    for j, sequence in enumerate(sequences):
        output, alone = ours(sequence)
        torch.testing.assert_close(padded[: len(sequence), j], output)
        assert_same([s[:, j] for s in flat(last)], alone, flat)


@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_pack_padded_sequence_with_a_state_in_the_order_of_the_user(
    name, enforce_sorted, pair, state, flat
):
    theirs, ours = pair(name, I, H, 2, batch_first=True)
    lengths = torch.tensor([6, 5, 5, 1] if enforce_sorted else [5, 1, 6, 5])
    options = {"batch_first": True, "enforce_sorted": enforce_sorted}
    packed = pack_padded_sequence(batch(B, T, I), lengths, **options)
    hx = state(name, 2, B, H)
    expected, found = theirs(packed, hx), ours(packed, hx)
    assert_same(found, expected, flat)
    for part in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        assert (getattr(found[0], part) is None) == (getattr(expected[0], part) is None)
    torch.testing.assert_close(
        pad_packed_sequence(found[0])[0], pad_packed_sequence(expected[0])[0]
    )


def test_padding_does_not_reach_a_packed_result(name, pair, flat):
    _, ours = pair(name, I, H)
    sequences = [batch(n, I) for n in (6, 4, 2)]
    results = []
    for value in (0.0, 1e6):
        padded = pad_sequence(sequences, padding_value=value)
        results.append(ours(pack_padded_sequence(padded, [6, 4, 2])))
    assert_same(*results, flat)


def test_no_state_is_a_zero_state(name, pair, flat):
    _, ours = pair(name, I, H, 2)
    zero = torch.zeros(2, B, H, dtype=torch.float64)
    x = batch()
    assert_same(ours(x, (zero, zero) if name == "LSTM" else zero), ours(x), flat)


def test_strided_inputs_and_states(name, pair, state, flat):
    theirs, ours = pair(name, I, H)
    x = batch(I, 2 * B, T).permute(2, 1, 0)[:, ::2]
    hx = state(name, H, B, 1)
    hx = tuple(s.transpose(0, 2) for s in hx) if name == "LSTM" else hx.transpose(0, 2)
    assert not x.is_contiguous()
    assert_same(ours(x, hx), theirs(x, hx), flat)
    expanded = batch(T, 1, I).expand(T, B, I)
    assert_same(ours(expanded), theirs(expanded), flat)


def test_used_twice_in_one_graph(name, pair):
    theirs, ours = pair(name, H, H)
    x = batch(T, B, H)
    found = []
    for module in (theirs, ours):
        once, last = module(x)
        loss = module(once, last)[0].square().sum()
        found.append(torch.autograd.grad(loss, list(module.parameters())))
    torch.testing.assert_close(*found, rtol=0, atol=1e-10)


def test_backward_can_be_repeated(name, pair):
    _, ours = pair(name, I, H, 2)
    loss = ours(batch())[0].square().sum()
    parameters = list(ours.parameters())
    first = torch.autograd.grad(loss, parameters, retain_graph=True)
    for _ in range(3):
        again = torch.autograd.grad(loss, parameters, retain_graph=True)
        torch.testing.assert_close(again, first, rtol=0, atol=0)


def test_results_may_be_changed_in_place(name, pair, flat):
    _, ours = pair(name, I, H)
    x = batch()
    expected = torch.autograd.grad(flat(ours(x))[0].relu().sum(), list(ours.parameters()))
    output, *last = flat(ours(x))
    for s in last:
        s.mul_(7)
    found = torch.autograd.grad(output.relu_().sum(), list(ours.parameters()))
    torch.testing.assert_close(found, expected)
    with torch.no_grad():
        output, *last = flat(ours(x))
        before = [s.clone() for s in last]
        output.zero_()
    torch.testing.assert_close(last, before)


def test_a_parameter_may_be_added_in_place_to_a_frozen_layers_result(name):
    layer, shift = getattr(layers, name)(I, H), nn.Parameter(torch.ones(H))
    with torch.no_grad():
        out = layer(torch.randn(T, B, I))[0]
    out += shift
    out.sum().backward()
    assert shift.grad.tolist() == [T * B] * H


def test_copies_and_pickles_compute_the_same(name, pair, flat):
    _, ours = pair(name, I, H, 2, bidirectional=True)
    x = batch()
    expected = ours(x)
    file = io.BytesIO()
    torch.save(ours, file)
    file.seek(0)
    others = [
        copy.deepcopy(ours),
        pickle.loads(pickle.dumps(ours)),
        torch.load(file, weights_only=False),
    ]
    for other in others:
        assert_same(other(x), expected, flat)
        with torch.no_grad():
            other.weight_ih_l0.add_(1)
        assert (flat(other(x))[0] - flat(expected)[0]).abs().max() > 1e-3
    assert_same(ours(x), expected, flat)


def test_all_weights_and_flatten_parameters(name, pair, flat):
    theirs, ours = pair(name, I, H, 2, bidirectional=True)
    x = batch()
    expected = ours(x)
    assert ours.flatten_parameters() is None
    assert_same(ours(x), expected, flat)
    for row, their_row in zip(ours.all_weights, theirs.all_weights, strict=True):
        torch.testing.assert_close(row, their_row)


def test_moves_and_casts(name, pair):
    _, ours = pair(name, I, H)
    assert ours.float()(torch.randn(T, B, I))[0].dtype == torch.float32
    meta = getattr(layers, name)(I, H, device="meta")
    output, _ = meta(torch.randn(T, B, I, device="meta"))
    assert output.shape == (T, B, H)
    assert output.is_meta
    empty = meta.to_empty(device="cpu")
    empty.load_state_dict(ours.state_dict())
    x = torch.randn(T, B, I)
    torch.testing.assert_close(empty(x)[0], ours(x)[0])


def test_weight_norm_and_parametrizations(name, pair, flat):
    theirs, ours = pair(name, I, H)
    x = batch()
    for module in (theirs, ours):
        parametrizations.weight_norm(module, "weight_hh_l0")
    assert_same(ours(x), theirs(x), flat)
    torch.testing.assert_close(gradients(ours, x), gradients(theirs, x), rtol=0, atol=1e-10)
    for module in (theirs, ours):
        parametrize.remove_parametrizations(module, "weight_hh_l0")
    assert_same(ours(x), theirs(x), flat)


def test_no_sequences_at_all(name, pair, flat):
    theirs, ours = pair(name, I, H)
    x = batch(T, 0, I)
    assert [t.shape for t in flat(ours(x))] == [t.shape for t in flat(theirs(x))]
    flat(ours(x.requires_grad_()))[0].sum().backward()
    assert x.grad.shape == x.shape
