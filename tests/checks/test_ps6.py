"""Problem set 6: the references are those of torch, the draws are strong, right answers pass."""

import numpy as np
import pytest
import torch
from ps6_right_answers import STYLES

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.ps6_answers import clip_by_global_norm as clip_reference
from rnncourse.checks.ps6_answers import last_valid_state as last_reference
from rnncourse.checks.ps6_answers import masked_cross_entropy as loss_reference
from rnncourse.checks.ps6_answers import tbptt_gradients as tbptt_reference
from rnncourse.checks.ps6_draws import RNN, gradients, padded, tokens, windows


def drawn(make, *arguments, **options):
    return make(np.random.default_rng(3), *arguments, **options)


def test_the_loss_is_that_of_torch_with_ignored_targets():
    given = drawn(tokens)
    loss, dlogits = loss_reference(**given)
    logits = torch.tensor(given["logits"], requires_grad=True)
    targets = torch.from_numpy(np.where(given["mask"], given["targets"], -100))
    theirs = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    np.testing.assert_allclose(dlogits, logits.grad, atol=1e-12)


def test_the_last_state_is_that_of_a_packed_sequence():
    given = drawn(padded)
    T, B, H = given["hs"].shape
    layer = torch.nn.GRU(3, H, dtype=torch.float64)
    x = torch.from_numpy(np.random.default_rng(4).normal(size=(T, B, 3)))
    hs, _ = layer(x)
    lengths = torch.from_numpy(given["lengths"])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    _, h = layer(packed)
    ours = last_reference(hs.detach().numpy(), given["lengths"])
    np.testing.assert_allclose(ours, h[0].detach(), atol=1e-12)


@pytest.mark.parametrize(("T", "k"), [(10, 4), (6, 3), (5, 9), (4, 1)])
def test_truncated_gradients_are_those_of_autograd_with_a_detach_at_each_border(T, k):
    given = drawn(windows, T=T, k=k)
    x, h, *weights, dhs = (torch.tensor(given[name]) for name in RNN)
    W_x, W_h, b = (array.requires_grad_() for array in weights)
    loss = torch.zeros(())
    for t in range(T):
        h = h.detach() if t % k == 0 else h
        h = torch.tanh(x[t] @ W_x.T + h @ W_h.T + b)
        loss = loss + (h * dhs[t]).sum()
    loss.backward()
    for ours, theirs in zip(tbptt_reference(**given), (W_x, W_h, b), strict=True):
        np.testing.assert_allclose(ours, theirs.grad, atol=1e-12)


@pytest.mark.parametrize("share", [0.3, 3])
def test_clipping_is_that_of_torch(share):
    given = drawn(gradients, share=share)
    holders = [torch.nn.Parameter(torch.zeros(grad.shape).double()) for grad in given["grads"]]
    for holder, grad in zip(holders, given["grads"], strict=True):
        holder.grad = torch.tensor(grad)
    theirs = torch.nn.utils.clip_grad_norm_(holders, given["max_norm"])
    grads, norm = clip_reference(**given)
    assert norm == pytest.approx(theirs.item(), rel=1e-12)
    for ours, holder in zip(grads, holders, strict=True):
        np.testing.assert_allclose(ours, holder.grad, rtol=1e-5)


@pytest.mark.parametrize("seed", range(10))
def test_the_draws_leave_no_mistake_a_place_to_hide(seed):
    rng = np.random.default_rng(seed)
    mask = tokens(rng)["mask"]
    by_sequence = mask.sum(axis=0)
    assert by_sequence.min() > 1
    assert len(set(by_sequence)) > 1
    assert len({*mask.shape, mask.sum(), mask.size, (~mask).sum()}) >= 4
    for spare in (0, 2):
        given = padded(rng, spare=spare)
        T, B, H = given["hs"].shape
        lengths = given["lengths"].tolist()
        assert max(lengths) == T - spare
        assert len(set(lengths)) == B != H
        assert lengths not in (sorted(lengths), sorted(lengths)[::-1])


@pytest.mark.parametrize(
    ("id", "function"), [(id, function) for id, styles in STYLES.items() for function in styles]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_right_answer_passes_however_it_is_written(id, function, seed):
    found = report(id, function, seed)
    assert found.passed, found.text()
    assert found.score == found.max_score == CHECKS[id].points
