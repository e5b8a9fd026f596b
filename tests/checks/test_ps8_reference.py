"""Problem set 8: the reference equals the NumPy cells and torch's stack; the draws are strong."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from rnncourse import cells
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.judge import expected
from rnncourse.checks.ps8 import PAIRS, draw_seq2seq, draw_stack
from rnncourse.checks.ps8_probe import seq2seq_parameters


def state_after(kind, x, weights):
    """Run one sequence x (S, I) through the course's NumPy cells; h and c after its last step."""
    W_x, W_h, b_x, b_h = weights
    zero = np.zeros((1, W_h.shape[1]))
    if kind == "gru":
        return cells.gru_forward(x[:, None], zero, W_x, W_h, b_x, b_h)[-1], zero
    return cells.lstm_forward(x[:, None], zero, zero, W_x, W_h, b_x + b_h)[1]


def translated(p, inputs):
    """The logits of every sequence, one after the other, in NumPy."""
    columns = []
    for b, length in enumerate(inputs["lengths"]):
        x = p["source_embedding.weight"][inputs["source"][:length, b]]
        h, c = state_after(inputs["encoder"], x, layer(p, "encoder"))
        y = p["target_embedding.weight"][inputs["target_in"][:, b]][:, None]
        W_x, W_h, b_x, b_h = layer(p, "decoder")
        if inputs["decoder"] == "gru":
            hs = cells.gru_forward(y, h, W_x, W_h, b_x, b_h)
        else:
            hs, _ = cells.lstm_forward(y, h, c, W_x, W_h, b_x + b_h)
        columns.append(hs[:, 0] @ p["output.weight"].T + p["output.bias"])
    return np.stack(columns, axis=1)


def layer(p, name):
    return [p[f"{name}.{part}_l0"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def by_name(weights, shapes):
    found, at = {}, 0
    for name, shape in shapes.items():
        found[name] = weights[at : at + math.prod(shape)].reshape(shape)
        at += math.prod(shape)
    assert at == len(weights)
    return found


@pytest.mark.parametrize(("encoder", "decoder"), PAIRS)
def test_the_reference_translates_as_the_numpy_cells_do(encoder, decoder):
    inputs = draw_seq2seq(np.random.default_rng(3), encoder, decoder)
    (weights,) = inputs["weights"]
    p = by_name(weights, seq2seq_parameters(inputs))
    arrays = expected(CHECKS["seq2seq"], inputs)
    logits = arrays["logits"]
    np.testing.assert_allclose(logits, translated(p, inputs), atol=1e-12)
    np.testing.assert_array_equal(logits, arrays["logits with padding 0"])

    direction = np.random.default_rng(4).normal(size=len(weights))
    names = [name for name in arrays if name.startswith("grad")]
    slope = np.concatenate([arrays[name] for name in names]) @ direction

    def loss(eps):
        moved = by_name(weights + eps * direction, seq2seq_parameters(inputs))
        return (translated(moved, inputs) * inputs["dlogits"]).sum()

    assert slope == pytest.approx((loss(1e-6) - loss(-1e-6)) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("start", [True, False])
def test_the_reference_stacks_as_torch_does_where_the_cells_are_alike(start):
    inputs = draw_stack(np.random.default_rng(5), "lstm lstm lstm", start=start, square=False)
    arrays = expected(CHECKS["mixed-stack"], inputs)
    both = nn.LSTM(inputs["input_size"], inputs["hidden_size"], num_layers=3).double()
    torch.nn.utils.vector_to_parameters(torch.from_numpy(*inputs["weights"]), both.parameters())
    rows = inputs["states"]
    state = (torch.from_numpy(rows[0::2]), torch.from_numpy(rows[1::2])) if start else None
    hs, (h, c) = both(torch.from_numpy(inputs["x"]), state)
    again, _ = both(torch.from_numpy(inputs["x_next"]), (h, c))
    np.testing.assert_allclose(arrays["hs"], hs.detach(), atol=1e-12)
    np.testing.assert_allclose(arrays["hs_of_the_next_call"], again.detach(), atol=1e-12)
    for k in range(3):
        np.testing.assert_allclose(arrays[f"h_{k}"][0], h[k].detach(), atol=1e-12)
        np.testing.assert_allclose(arrays[f"c_{k}"][0], c[k].detach(), atol=1e-12)


def test_the_draws_leave_no_mistake_a_way_out():
    for seed, pair in product(range(20), PAIRS):
        inputs = draw_seq2seq(np.random.default_rng(seed), *pair)
        lengths = inputs["lengths"]
        assert len(set(lengths)) == len(lengths)
        assert max(lengths) == len(inputs["source"])
        assert list(lengths) not in (sorted(lengths), sorted(lengths)[::-1])
        assert inputs["vocab_in"] != inputs["vocab_out"]
        assert inputs["embed"] != inputs["hidden"]
