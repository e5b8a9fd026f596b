"""The torch layers and the NumPy cells compute the same book: outputs, states and gradients."""

import numpy as np
import pytest
import torch

from rnncourse import cells, layers

T, B, I, H = 7, 2, 3, 5
ATOL = 1e-12  # float64


def draw(layer, states):
    rng = np.random.default_rng(5)
    x, dhs = rng.normal(size=(T, B, I)), rng.normal(size=(T, B, H))
    parameters = [rng.normal(size=p.shape) for p in layer.parameters()]
    state = dict(zip(layer.state_dict(), map(torch.from_numpy, parameters), strict=True))
    layer.load_state_dict(state)
    return x, [rng.normal(size=(B, H)) for _ in range(states)], parameters, dhs


def run(layer, x, states, dhs, trace):
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, *states)]
    first = tuple(s[None] for s in leaves[1:])
    output, last, *_ = layer(leaves[0], first if len(first) == 2 else first[0], trace=trace)
    tensors = [*leaves, *layer.parameters()]
    gradients = torch.autograd.grad(output, tensors, torch.from_numpy(dhs))
    last = last if isinstance(last, tuple) else (last,)
    return [t.detach().numpy() for t in (output, *(s[0] for s in last))], gradients


def assert_all_close(found, expected):
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(f), e, rtol=0, atol=ATOL)


@pytest.mark.parametrize("trace", [False, True], ids=["by hand", "by autograd"])
class TestAgainstCells:
    def test_rnn(self, trace):
        layer = layers.RNN(I, H, dtype=torch.float64)
        x, states, (W_x, W_h, b_x, b_h), dhs = draw(layer, 1)
        found, gradients = run(layer, x, states, dhs, trace)
        hs = cells.rnn_forward(x, *states, W_x, W_h, b_x + b_h)
        assert_all_close(found, [hs, hs[-1]])
        expected = cells.rnn_backward(x, *states, W_x, W_h, b_x + b_h, dhs)
        assert_all_close(gradients, [*expected, expected[-1]])

    def test_lstm(self, trace):
        layer = layers.LSTM(I, H, dtype=torch.float64)
        x, states, (W_x, W_h, b_x, b_h), dhs = draw(layer, 2)
        found, gradients = run(layer, x, states, dhs, trace)
        hs, last = cells.lstm_forward(x, *states, W_x, W_h, b_x + b_h)
        assert_all_close(found, [hs, *last])
        expected = cells.lstm_backward(x, *states, W_x, W_h, b_x + b_h, dhs)
        assert_all_close(gradients, [*expected, expected[-1]])

    @pytest.mark.parametrize("reset_after", [True, False])
    def test_gru(self, trace, reset_after):
        layer = layers.GRU(I, H, reset_after=reset_after, dtype=torch.float64)
        x, states, parameters, dhs = draw(layer, 1)
        found, gradients = run(layer, x, states, dhs, trace)
        hs = cells.gru_forward(x, *states, *parameters, reset_after=reset_after)
        assert_all_close(found, [hs, hs[-1]])
        expected = cells.gru_backward(x, *states, *parameters, dhs, reset_after=reset_after)
        assert_all_close(gradients, expected)


def test_the_traces_are_the_gates_of_the_cells():
    lstm = layers.LSTM(I, H, dtype=torch.float64)
    x, (h, c), (W_x, W_h, b_x, b_h), _ = draw(lstm, 2)
    first = tuple(torch.from_numpy(s)[None] for s in (h, c))
    _, _, (trace,) = lstm(torch.from_numpy(x), first, trace=True)
    for t in range(T):
        gates = cells.lstm_gates(x[t], h, W_x, W_h, b_x + b_h)
        h, c = cells.lstm_step(x[t], h, c, W_x, W_h, b_x + b_h)
        assert_all_close([part[t].detach() for part in trace], [*gates, c, h])
    gru = layers.GRU(I, H, dtype=torch.float64)
    x, (h,), parameters, _ = draw(gru, 1)
    _, _, (trace,) = gru(torch.from_numpy(x), torch.from_numpy(h)[None], trace=True)
    for t in range(T):
        gates = cells.gru_gates(x[t], h, *parameters)
        h = cells.gru_step(x[t], h, *parameters)
        assert_all_close([part[t].detach() for part in trace], [*gates, h])
