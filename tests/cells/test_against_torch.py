"""Each NumPy cell over time: the numbers of torch.nn, and the gradients of its autograd."""

import numpy as np
import pytest
import torch

from rnncourse import cells

T, B, I, H = 5, 2, 3, 4  # all different, above 1
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
LAYERS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
FORWARD_ATOL, GRADIENT_ATOL = 1e-12, 1e-12  # float64; a wrong formula moves these by 1e-2


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def draw(rng, cell):
    """x, the initial states, W_x, W_h, two unequal biases, and the gradient of hs."""
    G = GATES[cell]
    shapes = [(T, B, I), *[(B, H)] * (2 if cell == "lstm" else 1)]
    shapes += [(G * H, I), (G * H, H), (G * H,), (G * H,), (T, B, H)]
    return [rng.normal(size=shape) for shape in shapes]


def torch_gradients(cell, x, states, parameters, dhs, dc=None):
    """hs, the last state, and the gradients of x, states and parameters as torch sees them."""
    layer = LAYERS[cell](I, H, dtype=torch.float64)
    layer.load_state_dict(
        dict(zip(layer.state_dict(), map(torch.from_numpy, parameters), strict=True))
    )
    x, *states = (torch.from_numpy(a).requires_grad_() for a in (x, *states))
    state = tuple(s[None] for s in states) if cell == "lstm" else states[0][None]
    hs, last = layer(x, state)
    loss = (hs * torch.from_numpy(dhs)).sum()
    if dc is not None:
        loss = loss + (last[1][0] * torch.from_numpy(dc)).sum()
    loss.backward()
    tensors = [x, *states, *layer.parameters()]
    return hs.detach().numpy(), last, [t.grad.numpy() for t in tensors]


def assert_all_close(got, expected, atol):
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=0, atol=atol)


def test_rnn(rng):
    x, h0, W_x, W_h, b_x, b_h, dhs = draw(rng, "rnn")
    hs, _, (*gradients, db_h) = torch_gradients("rnn", x, [h0], [W_x, W_h, b_x, b_h], dhs)
    assert_all_close([cells.rnn_forward(x, h0, W_x, W_h, b_x + b_h)], [hs], FORWARD_ATOL)
    ours = cells.rnn_backward(x, h0, W_x, W_h, b_x + b_h, dhs)
    assert_all_close(ours, gradients, GRADIENT_ATOL)
    assert_all_close(ours[-1:], [db_h], GRADIENT_ATOL)


def test_lstm(rng):
    x, h0, c0, W_x, W_h, b_x, b_h, dhs = draw(rng, "lstm")
    dc = rng.normal(size=(B, H))
    hs, last, (*gradients, _) = torch_gradients("lstm", x, [h0, c0], [W_x, W_h, b_x, b_h], dhs, dc)
    ours, state = cells.lstm_forward(x, h0, c0, W_x, W_h, b_x + b_h)
    expected = [hs, *(s[0].detach().numpy() for s in last)]
    assert_all_close([ours, state.h, state.c], expected, FORWARD_ATOL)
    ours = cells.lstm_backward(x, h0, c0, W_x, W_h, b_x + b_h, dhs, dc)
    assert_all_close(ours, gradients, GRADIENT_ATOL)


def test_gru(rng):
    x, h0, *parameters, dhs = draw(rng, "gru")
    hs, _, gradients = torch_gradients("gru", x, [h0], parameters, dhs)
    assert_all_close([cells.gru_forward(x, h0, *parameters)], [hs], FORWARD_ATOL)
    assert_all_close(cells.gru_backward(x, h0, *parameters, dhs), gradients, GRADIENT_ATOL)


def test_gru_reset_before_is_the_equation_of_the_paper_under_autograd(rng):
    x, h0, *parameters, dhs = draw(rng, "gru")
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, h0, *parameters)]
    xs, h, W_x, W_h, b_x, b_h = leaves
    (W_xr, W_xz, W_xn), (W_hr, W_hz, W_hn) = W_x.chunk(3), W_h.chunk(3)
    (b_xr, b_xz, b_xn), (b_hr, b_hz, b_hn) = b_x.chunk(3), b_h.chunk(3)
    hs = []
    for x_t in xs:
        r = torch.sigmoid(x_t @ W_xr.T + b_xr + h @ W_hr.T + b_hr)
        z = torch.sigmoid(x_t @ W_xz.T + b_xz + h @ W_hz.T + b_hz)
        n = torch.tanh(x_t @ W_xn.T + b_xn + (r * h) @ W_hn.T + b_hn)
        h = (1 - z) * n + z * h
        hs.append(h)
    (torch.stack(hs) * torch.from_numpy(dhs)).sum().backward()
    ours = cells.gru_forward(x, h0, *parameters, reset_after=False)
    np.testing.assert_allclose(ours, torch.stack(hs).detach(), rtol=0, atol=FORWARD_ATOL)
    after = cells.gru_forward(x, h0, *parameters)
    assert abs(ours - after).max() > 0.01  # the two forms do differ on these inputs
    gradients = cells.gru_backward(x, h0, *parameters, dhs, reset_after=False)
    assert_all_close(gradients, [leaf.grad.numpy() for leaf in leaves], GRADIENT_ATOL)
