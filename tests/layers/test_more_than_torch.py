"""What torch.nn does not have: reset_after, recurrent dropout, biases by name, traces."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from rnncourse import layers

T, B, I, H = 9, 4, 3, 6


def block(k):
    return slice(k * H, (k + 1) * H)


def identity_gru(**options):
    """A GRU whose z is shut and whose n is tanh(h_prev / 2): what reaches n can be read off h."""
    layer = layers.GRU(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.weight_hh_l0[block(2)] = 0.5 * torch.eye(H)
        layer.bias_ih_l0[block(0)] = 50
        layer.bias_ih_l0[block(1)] = -50
    return layer


@pytest.mark.parametrize("reset_after", [True, False])
def test_recurrent_dropout_is_one_mask_a_sequence(reset_after):
    layer = identity_gru(recurrent_dropout=0.5, reset_after=reset_after)
    hs, _ = layer(torch.zeros(T, B, I, dtype=torch.float64), torch.ones(1, B, H).double())
    dropped = hs[0] < 1e-9
    assert dropped.any()
    assert not dropped.all()
    assert (dropped[0] != dropped[1]).any()  # a mask of its own for each sequence
    assert all(torch.equal(h < 1e-9, dropped) for h in hs)  # and the same at each step
    first = math.tanh(0.5 * 2)  # what is kept is scaled by 1 / (1 − p)
    torch.testing.assert_close(hs[0][~dropped], torch.full_like(hs[0][~dropped], first))


def test_recurrent_dropout_spares_the_direct_path_of_the_gru():
    layer = identity_gru(recurrent_dropout=1.0)
    with torch.no_grad():
        layer.bias_ih_l0[block(1)] = 50  # z is open: h is carried over
    h0 = torch.randn(1, B, H, dtype=torch.float64)
    hs, _ = layer(torch.zeros(T, B, I, dtype=torch.float64), h0)
    torch.testing.assert_close(hs[-1], h0[0])


def test_recurrent_dropout_is_the_same_by_hand_and_by_autograd(name):
    layer = getattr(layers, name)(I, H, 2, recurrent_dropout=0.5, dtype=torch.float64)
    x = torch.randn(T, B, I, dtype=torch.float64)
    results = []
    for trace in (False, True):
        torch.manual_seed(6)
        output, *_ = layer(x, trace=trace)
        gradients = torch.autograd.grad(output.square().sum(), list(layer.parameters()))
        results.append([output, *gradients])
    torch.testing.assert_close(*results, rtol=0, atol=1e-10)


def test_recurrent_dropout_is_off_in_evaluation_and_at_zero(name):
    layer = getattr(layers, name)(I, H, num_layers=2, recurrent_dropout=0.5)
    plain = getattr(nn, name)(I, H, num_layers=2)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(T, B, I)
    assert (layer(x)[0] - plain(x)[0]).abs().max() > 1e-3
    torch.testing.assert_close(layer.eval()(x)[0], plain(x)[0])


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_recurrent_dropout_is_a_probability(name, p):
    with pytest.raises(ValueError, match=f"recurrent_dropout is {p}, expected 0 to 1"):
        getattr(layers, name)(I, H, recurrent_dropout=p)


@pytest.mark.parametrize(("name", "init"), [("LSTM", "forget_bias"), ("GRU", "keep_bias")])
def test_a_bias_by_name_is_the_keeping_gates_alone_and_counts_once(name, init):
    torch.manual_seed(1)
    plain = getattr(nn, name)(I, H, num_layers=2, bidirectional=True)
    torch.manual_seed(1)
    layer = getattr(layers, name)(I, H, num_layers=2, bidirectional=True, init=init)
    for key, value in plain.state_dict().items():
        if key.startswith("bias"):
            value[block(1)] = 1.0 if key.startswith("bias_ih") else 0.0
        torch.testing.assert_close(layer.state_dict()[key], value, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_chrono_spreads_the_time_scales_up_to_the_horizon(name):
    layer = getattr(layers, name)(I, 200, init="chrono", horizon=50)
    b = layer.bias_ih_l0.detach()
    keep = b[200:400]
    assert keep.min() >= 0
    assert math.log(30) < keep.max() <= math.log(49)
    assert layer.bias_hh_l0[200:400].eq(0).all()
    if name == "LSTM":
        assert torch.equal(b[:200], -keep)
        assert layer.bias_hh_l0[:200].eq(0).all()
    else:
        assert layer.bias_hh_l0[:200].abs().min() > 0
    torch.manual_seed(20)
    again = getattr(layers, name)(I, 200, init="chrono", horizon=50)
    assert torch.equal(again.bias_ih_l0, layer.bias_ih_l0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("GRU", {"init": "forget_bias"}, "init is 'forget_bias', expected 'keep_bias' or 'chrono'"),
        ("LSTM", {"init": "keep_bias"}, "expected 'forget_bias' or 'chrono' for LSTM"),
        ("LSTM", {"init": "chrono"}, "horizon is None with init='chrono'"),
        ("LSTM", {"init": "forget_bias", "horizon": 9}, "horizon is 9 with init='forget_bias'"),
        ("GRU", {"init": "chrono", "horizon": 1}, "T_max is 1"),
        ("GRU", {"init": "keep_bias", "bias": False}, "sets biases, but bias is False"),
    ],
)
def test_a_bias_that_cannot_be_set_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(I, H, **options)


def test_options_are_shown_and_survive_a_reset():
    layer = layers.GRU(I, H, 2, reset_after=False, recurrent_dropout=0.2, init="keep_bias")
    text = "GRU(3, 6, num_layers=2, recurrent_dropout=0.2, init=keep_bias, reset_after=False)"
    assert repr(layer) == text
    layer.reset_parameters()
    assert layer.bias_ih_l1[block(1)].eq(1).all()


def test_a_trace_has_a_tuple_for_each_layer_and_direction(name):
    layer = getattr(layers, name)(I, H, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(B, T, I)
    output, last, traces = layer(x, trace=True)
    h_n = last[0] if name == "LSTM" else last
    assert len(traces) == 4
    assert all(part.shape == (B, T, H) for trace in traces for part in trace)
    torch.testing.assert_close(torch.cat([traces[2].h, traces[3].h], -1), output)
    for k, trace in enumerate(traces):
        torch.testing.assert_close(trace.h[:, -1 if k % 2 == 0 else 0], h_n[k])
    torch.testing.assert_close(layer(x)[0], output)


def test_a_trace_of_packed_sequences_is_packed_the_same_way():
    layer = layers.LSTM(I, H)
    sequences = [torch.randn(n, I) for n in (3, 7, 5)]
    output, _, (trace,) = layer(pack_sequence(sequences, enforce_sorted=False), trace=True)
    assert torch.equal(trace.h.data, output.data)
    unpacked = nn.utils.rnn.unpack_sequence(trace.f)
    for sequence, f in zip(sequences, unpacked, strict=True):
        _, _, (alone,) = layer(sequence, trace=True)
        torch.testing.assert_close(f, alone.f)
