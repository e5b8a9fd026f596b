"""Our layers against torch.nn's in float64: the same outputs, states and gradients."""

import pytest
import torch

from rnncourse import layers

T, B, I, H = 5, 3, 4, 6
PAIRS = [(torch.nn.RNN, layers.RNN), (torch.nn.LSTM, layers.LSTM), (torch.nn.GRU, layers.GRU)]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS, ids=["rnn", "lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_outputs_states_and_gradients(theirs, ours, bidirectional):
    torch.manual_seed(1)
    options = {"num_layers": 2, "bidirectional": bidirectional, "dtype": torch.float64}
    expected = theirs(I, H, **options)
    layer = ours(I, H, **options)
    layer.load_state_dict(expected.state_dict(), strict=True)
    expected.load_state_dict(layer.state_dict(), strict=True)
    x = torch.randn(T, B, I, dtype=torch.float64, requires_grad=True)
    shape = (4 if bidirectional else 2, B, H)
    hx = torch.randn(shape, dtype=torch.float64)
    hx = (hx, hx.flip(0)) if theirs is torch.nn.LSTM else hx
    results = []
    for module in (expected, layer):
        output, state = module(x, hx)
        tensors = [output, *(state if isinstance(state, tuple) else (state,))]
        weights = [torch.linspace(-1, 2, t.numel(), dtype=t.dtype).view(t.shape) for t in tensors]
        gradients = torch.autograd.grad(tensors, [x, *module.parameters()], weights)
        results.append([*tensors, *gradients])
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=1e-10)
