"""The layers on a GPU, where there is one: the numbers of torch.nn there and of ours on the CPU."""

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

LENGTHS, I, H = [9, 4, 7, 4], 5, 6


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("packed", [False, True])
def test_equals_torch_there_and_ours_here(name, dtype, packed, pair, state, flat):
    theirs, ours = pair(name, I, H, 2, bidirectional=True, dtype=dtype)
    x = torch.randn(sum(LENGTHS), I, dtype=dtype)
    hx = state(name, 4, len(LENGTHS), H, dtype=dtype)
    results = []
    for module, device in ((ours, "cpu"), (ours, "cuda"), (theirs, "cuda")):
        module.to(device)
        sequences = x.to(device).split(LENGTHS if packed else 6)
        given = (
            pack_sequence(sequences, enforce_sorted=False) if packed else torch.stack(sequences, 1)
        )
        states = [s.detach().to(device).requires_grad_() for s in flat(hx)]
        tensors = flat(module(given, tuple(states) if name == "LSTM" else states[0]))
        loss = sum(t.square().sum() for t in tensors)
        gradients = torch.autograd.grad(loss, [*states, *module.parameters()])
        results.append([t.cpu() for t in (*tensors, *gradients)])
        module.to("cpu")
    atol = 1e-10 if dtype == torch.float64 else 1e-4
    for found in results[1:]:
        torch.testing.assert_close(found, results[0], rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_and_autocast(name, dtype, pair):
    theirs, ours = pair(name, I, H, dtype=torch.float32)
    x = torch.randn(9, 4, I, device="cuda")
    with torch.autocast("cuda", dtype=dtype):
        found, expected = ours.cuda()(x)[0], theirs.cuda()(x)[0]
    assert found.dtype == expected.dtype
    torch.testing.assert_close(found, expected, rtol=0, atol=0.05)
    found.float().sum().backward()
    assert ours.weight_hh_l0.grad.isfinite().all()
