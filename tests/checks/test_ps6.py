"""Problem set 6: the references against torch, right answers in many styles, faults and pairs."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.ps6_answers import clip_by_global_norm as clip_reference
from rnncourse.checks.ps6_answers import last_valid_state as last_reference
from rnncourse.checks.ps6_answers import masked_cross_entropy as loss_reference
from rnncourse.checks.ps6_answers import tbptt_gradients as tbptt_reference
from rnncourse.checks.ps6_clip_mistakes import clipping
from rnncourse.checks.ps6_draws import RNN, gradients, padded, tokens, windows
from rnncourse.checks.ps6_loss_mistakes import entropy
from rnncourse.checks.ps6_tbptt_variants import windowed

# The references ------------------------------------------------------------------------------


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


# Right answers -------------------------------------------------------------------------------


def log_p_of(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def multiplied(logits, targets, mask):
    log_p = log_p_of(logits)
    one_hot = np.eye(logits.shape[-1], dtype=logits.dtype)[targets]
    share = mask.astype(logits.dtype) / mask.sum(dtype=logits.dtype)
    loss = -np.einsum("tbv,tbv,tb->", one_hot, log_p, share)
    return loss, (np.exp(log_p) - one_hot) * share[..., None], "more"


def indexed(logits, targets, mask):
    rows, wanted = logits[mask], targets[mask]
    e = np.exp(rows - rows.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    line = np.arange(len(rows))
    picked = rows[line, wanted] - rows.max(axis=1) - np.log(e.sum(axis=1))
    p[line, wanted] -= 1
    dlogits = np.zeros_like(logits)
    dlogits[mask] = p / len(rows)
    return [np.asarray(-picked.mean()), dlogits]


def token_by_token(logits, targets, mask):
    T, B, V = logits.shape
    total, count, dlogits = 0.0, 0, np.zeros((T, B, V), dtype=logits.dtype)
    for t in range(T):
        for b in range(B):
            if not mask[t, b]:
                continue
            count += 1
            top = max(logits[t, b])
            sum_of_exp = sum(math.exp(z - top) for z in logits[t, b])
            for v in range(V):
                dlogits[t, b, v] = math.exp(logits[t, b, v] - top) / sum_of_exp
            total -= float(logits[t, b, targets[t, b]] - top) - math.log(sum_of_exp)
            dlogits[t, b, targets[t, b]] -= 1
    return total / count, dlogits / count


def in_float64_and_back(logits, targets, mask):
    log_p = log_p_of(logits.astype(np.float64))
    nll = -np.take_along_axis(log_p, targets[:, :, None], axis=2).squeeze(2)
    grad = np.exp(log_p)
    np.put_along_axis(
        grad, targets[..., None], np.take_along_axis(grad, targets[..., None], 2) - 1, 2
    )
    grad[~mask] = 0
    loss = np.where(mask, nll, 0).sum() / np.count_nonzero(mask)
    return float(loss), (grad / np.count_nonzero(mask)).astype(logits.dtype)


def fancy(hs, lengths):
    return hs[lengths - 1, range(len(lengths))]


def along_axis(hs, lengths):
    return np.take_along_axis(hs, (lengths - 1)[None, :, None], axis=0)[0]


def in_a_loop(hs, lengths):
    return [hs[n - 1, b] for b, n in enumerate(lengths)]


def by_one_hot(hs, lengths):
    return np.einsum("tbh,tb->bh", hs, np.arange(1, len(hs) + 1)[:, None] == lengths), "more"


def frozen(hs, lengths):
    h = np.zeros_like(hs[0])
    for t, new in enumerate(hs):
        h = np.where((t < lengths)[:, None], new, h)
    return h


def batch_first_inside(hs, lengths):
    return np.stack([h[: int(n)][-1] for h, n in zip(hs.swapaxes(0, 1), lengths, strict=True)])


def states_of(x, h, W_x, W_h, b):
    states = [h]
    for x_t in x:
        states.append(np.tanh(x_t @ W_x.T + states[-1] @ W_h.T + b))
    return states


def reset_in_one_loop(x, h0, W_x, W_h, b, dhs, k):
    hs, dh = states_of(x, h0, W_x, W_h, b), np.zeros_like(h0)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(b)
    for t in range(len(x) - 1, -1, -1):
        da = (dh + dhs[t]) * (1 - hs[t + 1] ** 2)
        dW_x += da.T @ x[t]
        dW_h += da.T @ hs[t]
        db += da.sum(axis=0)
        dh = da @ W_h if t % k else np.zeros_like(h0)
    return dW_x, dW_h, db


def window_by_window(x, h0, W_x, W_h, b, dhs, k):
    grads, h = [0, 0, 0], h0
    while len(x):
        hs, das, dh = states_of(x[:k], h, W_x, W_h, b), [], 0
        for new, d in zip(hs[:0:-1], dhs[: len(hs) - 1][::-1], strict=True):
            das.insert(0, (dh + d) * (1 + new) * (1 - new))
            dh = das[0] @ W_h
        da, before = np.concatenate(das), np.concatenate(hs[:-1])
        here = da.T @ np.concatenate(x[:k]), da.T @ before, da.sum(0)
        grads = [total + part for total, part in zip(grads, here, strict=True)]
        h, x, dhs = hs[-1], x[k:], dhs[k:]
    return [*grads, "more"]


def recursive(x, h0, W_x, W_h, b, dhs, k):
    if len(x) > k:
        h = states_of(x[:k], h0, W_x, W_h, b)[-1]
        early = recursive(x[:k], h0, W_x, W_h, b, dhs[:k], k)
        late = recursive(x[k:], h, W_x, W_h, b, dhs[k:], k)
        return tuple(one + other for one, other in zip(early, late, strict=True))
    hs = np.stack(states_of(x, h0, W_x, W_h, b))
    da = np.zeros_like(hs)  # one step longer, so that nothing comes from behind the last
    for t in reversed(range(len(x))):
        later = da[t + 1] @ W_h if t + 1 < len(x) else 0
        da[t] = (dhs[t] + later) * (1 - hs[t + 1] ** 2)
    da = da[:-1]
    return (
        np.einsum("tbh,tbi->hi", da, x),
        np.einsum("tbh,tbj->hj", da, hs[:-1]),
        np.einsum("tbh->h", da),
    )


def shortened(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([grad.ravel() for grad in grads]))
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(grad * factor for grad in grads), norm, "more"


def as_torch_does(grads, max_norm):
    norm = math.sqrt(sum(float(np.vdot(grad, grad)) for grad in grads))
    factor = min(1.0, max_norm / (norm + 1e-6))
    return [factor * grad for grad in grads], norm


def on_copies(grads, max_norm):
    copies, norm = [grad.copy() for grad in grads], np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for copy in copies:
            copy /= norm / max_norm
    return copies, np.asarray(norm)


def norm_of_norms(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(grad) for grad in grads])
    return [grad * float(max_norm / max(max_norm, norm)) for grad in grads], norm


def kept(cell, hidden_size, value=1.0):
    blocks = {"lstm": "ifgo", "gru": "rzn"}[cell]
    rows = [np.full(hidden_size, value if block in "fz" else 0.0) for block in blocks]
    return np.concatenate(rows), np.zeros(len(blocks) * hidden_size)


def kept_by_slice(cell, hidden_size, value=1):
    b_x = np.zeros((4 if cell == "lstm" else 3) * hidden_size, dtype=np.float32)
    b_h = b_x.copy()
    b_x[hidden_size : hidden_size * 2] += value
    return [b_x, b_h, "more"]


def kept_by_index(cell, hidden_size, value=1.0):
    row = np.arange((3 + (cell == "lstm")) * hidden_size) // hidden_size
    return np.where(row == 1, value, 0.0), np.zeros(row.shape)


def kept_in_lists(cell, hidden_size, value=1.0):
    rest = [0.0] * hidden_size * (2 if cell == "lstm" else 1)
    return [0.0] * hidden_size + [float(value)] * hidden_size + rest, [0.0] * (
        2 * hidden_size + len(rest)
    )


def timed(cell, timescales):
    H = len(timescales)
    b_x = np.zeros(4 * H if cell == "lstm" else 3 * H)
    b_x[H : 2 * H] = np.log(timescales)
    if cell == "lstm":
        b_x[:H] -= b_x[H : 2 * H]
    return b_x, np.zeros_like(b_x)


def timed_by_gates(cell, timescales):
    keep = timescales / (1 + timescales)
    b = [math.log(f / (1 - f)) for f in keep]
    first = [-x for x in b] if cell == "lstm" else [0.0 for _ in b]
    rows = [first, b] + [[0.0] * len(b)] * (2 if cell == "lstm" else 1)
    return np.ravel(rows), np.zeros(np.size(rows)), "more"


STYLES = {
    "masked-cross-entropy": (multiplied, indexed, token_by_token, in_float64_and_back),
    "last-valid-state": (fancy, along_axis, in_a_loop, by_one_hot, frozen, batch_first_inside),
    "tbptt-gradients": (reset_in_one_loop, window_by_window, recursive),
    "clip-by-global-norm": (shortened, as_torch_does, on_copies, norm_of_norms),
    "perplexity": (
        lambda nll_sum, n_tokens: math.exp(nll_sum / n_tokens),
        lambda nll_sum, n_tokens: np.exp(np.float64(nll_sum) / n_tokens),
        lambda nll_sum, n_tokens: np.asarray(2 ** (nll_sum / math.log(2) / n_tokens)),
        lambda nll_sum, n_tokens: np.e ** (nll_sum / n_tokens),
    ),
    "keep-bias": (kept, kept_by_slice, kept_by_index, kept_in_lists),
    "chrono-bias": (timed, timed_by_gates),
}


@pytest.mark.parametrize(
    ("id", "function"), [(id, function) for id, styles in STYLES.items() for function in styles]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_right_answer_passes_however_it_is_written(id, function, seed):
    found = report(id, function, seed)
    assert found.passed, found.text()
    assert found.score == found.max_score == CHECKS[id].points


# The draws -----------------------------------------------------------------------------------


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


# Faults that cost one item, and answers that are none ------------------------------------------


def no_maximum_first(logits, targets, mask):
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    nll = -np.log(np.take_along_axis(p, targets[..., None], axis=-1)[..., 0])
    one_hot = np.eye(logits.shape[-1], dtype=logits.dtype)[targets]
    return nll[mask].mean(), (p - one_hot) * mask[..., None] / mask.sum(dtype=logits.dtype)


def tiny_epsilon(logits, targets, mask):
    _, dlogits = multiplied(logits, targets, mask)[:2]
    p = np.exp(log_p_of(logits))
    nll = -np.log(np.take_along_axis(p, targets[..., None], axis=-1)[..., 0] + 1e-13)
    return nll[mask].mean(), dlogits


def in_float64(logits, targets, mask):
    return multiplied(logits.astype(np.float64), targets, mask)


def marks_the_padding(logits, targets, mask):
    targets[~mask] = 0
    return multiplied(logits, targets, mask)


def squeezed(hs, lengths):
    return fancy(hs, lengths).squeeze()


def whole_windows(x, h0, W_x, W_h, b, dhs, k):
    return reset_in_one_loop(x, h0, W_x, W_h, b, dhs, min(k, len(x) - 1))


def shortens_the_callers(grads, max_norm):
    shorter, norm = as_torch_does(grads, max_norm)
    grads[:] = shorter
    return grads, norm


def divides_by_zero(grads, max_norm):
    norm = math.sqrt(sum(float(np.vdot(grad, grad)) for grad in grads))
    return [grad * min(1, max_norm / norm) for grad in grads], norm


def product_of_probabilities(nll_sum, n_tokens):
    return math.exp(nll_sum) ** (1 / n_tokens)


def without_default(cell, hidden_size, value=0.0):
    return kept(cell, hidden_size, value)


@pytest.mark.parametrize(
    ("id", "function", "item", "message"),
    [
        ("masked-cross-entropy", no_maximum_first, "logits of ±1000", "is not finite"),
        ("masked-cross-entropy", tiny_epsilon, "logits of ±1000", "What is np.exp(1000)"),
        ("masked-cross-entropy", in_float64, "float32 in, float32 out", "dlogits is float64"),
        ("masked-cross-entropy", marks_the_padding, "inputs left as they were", "read-only"),
        ("last-valid-state", squeezed, "a single step, a batch of one", "expected (1, "),
        (
            "tbptt-gradients",
            whole_windows,
            "one window, windows of one step, a batch of one",
            "Which steps make your last window",
        ),
        (
            "clip-by-global-norm",
            shortens_the_callers,
            "inputs left as they were",
            "it changes its input grads",
        ),
        (
            "clip-by-global-norm",
            divides_by_zero,
            "gradients of zero, one array, large numbers",
            "division by zero",
        ),
        (
            "perplexity",
            product_of_probabilities,
            "a long text, a single token, even odds",
            "OverflowError",
        ),
        ("keep-bias", without_default, "the value left out", "two arguments?"),
    ],
)
def test_one_fault_costs_one_item(id, function, item, message):
    found = report(id, function)
    assert [one.name for one in found.items if not one.passed] == [item]
    assert message in found.message
    assert found.diagnosis is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda grads, norm: None, "returned None, expected grads, norm. Is the return statement"),
        (lambda grads, norm: (grads,), "returned 1 value, expected 2: grads, norm."),
        (lambda grads, norm: norm, "returned a value of type float, expected grads, norm."),
        (lambda grads, norm: (norm, grads), "returned a value of type float for grads"),
        (lambda grads, norm: ((g for g in grads), norm), "of type generator for grads, expected a"),
        (lambda grads, norm: (np.concatenate([g.ravel() for g in grads]), norm), "for grads"),
        (lambda grads, norm: (grads[:2], norm), "returned 2 arrays for grads, expected 3."),
        (lambda grads, norm: ([*grads, norm], norm), "returned 4 arrays for grads, expected 3."),
        (lambda grads, norm: (grads, None), "returned None for norm, expected a number."),
        (lambda grads, norm: (grads, grads[2]), "shape (2,) for norm, expected a number."),
        (lambda grads, norm: ([None] * 3, norm), "returned None for grads[0]"),
        (lambda grads, norm: ([g + 0j for g in grads], norm), "an array of complex128"),
        (lambda grads, norm: ([g.T for g in grads], norm), "grads[0] has shape (3, 2), expected"),
        (lambda grads, norm: ([g * np.nan for g in grads], norm), "grads[0] is not finite"),
    ],
)
def test_what_is_no_list_of_gradients_gets_its_own_sentence(answer, message):
    found = report("clip-by-global-norm", answer)
    assert message in found.message
    assert found.score == 0
    assert found.diagnosis is None


# Mistakes in pairs ---------------------------------------------------------------------------

LOSS_PARTS = {
    "divided-by-all-tokens": {"weight": lambda s: s.mask / s.mask.size},
    "mean-of-sequence-means": {"weight": lambda s: s.mask / s.mask.sum(axis=0) / s.B},
    "padding-counted": {"weight": lambda s: np.full(s.mask.shape, 1 / s.mask.size)},
    "softmax-over-batch": {
        "log_p": lambda s: s.logits - np.logaddexp.reduce(s.logits, axis=1, keepdims=True)
    },
    "one-hot-not-subtracted": {"dlogits": lambda s: s.p * s.weight[..., None]},
    "gradient-unmasked": {"dlogits": lambda s: (s.p - s.y) / s.n},
    "loss-of-the-sum": {"loss": lambda s: (s.nll * s.mask).sum()},
}
TBPTT_PARTS = {
    "each-window-from-h0": {"start": lambda hs, t: hs[0]},
    "state-set-to-zero": {"start": lambda hs, t: hs[t] * (t == 0)},
    "cut-one-step-early": {"borders": lambda T, k: [0, *range(k - 1, T, k), T]},
    "last-window-alone": {"keep": lambda parts: parts[-1:]},
    "averaged-over-batch": {"share": lambda T, B, k: 1 / B},
    "averaged-over-time": {"share": lambda T, B, k: 1 / T},
    "loss-at-window-ends": {
        "within": lambda dhs: dhs * (np.arange(len(dhs)) == len(dhs) - 1)[:, None, None]
    },
}
CLIP_PARTS = {
    "sum-of-norms": {"norm": lambda grads: float(sum(np.linalg.norm(g) for g in grads))},
    "squared-norm": {"norm": lambda grads: float(sum((g**2).sum() for g in grads))},
    "always-scaled-to-max-norm": {"scale": lambda norm, most: most / norm},
    "norm-after-clipping": {"shown": min},
}


def pairs(id, make, parts):
    for (one, first), (other, second) in combinations(parts.items(), 2):
        if not first.keys() & second.keys():
            yield pytest.param(id, make(**first, **second), {one, other}, id=f"{one} and {other}")


@pytest.mark.parametrize(
    ("id", "function", "slugs"),
    [
        *pairs("masked-cross-entropy", entropy, LOSS_PARTS),
        *pairs("tbptt-gradients", windowed, TBPTT_PARTS),
        *pairs("clip-by-global-norm", clipping, CLIP_PARTS),
    ],
)
def test_two_mistakes_at_once_fail_and_are_not_taken_for_a_third(id, function, slugs):
    found = report(id, function)
    assert not found.passed
    assert found.score <= 1
    assert found.diagnosis is None or found.diagnosis in slugs
    assert slugs <= {mistake.slug for mistake in CHECKS[id].mistakes}
