"""Right answers to problem set 6, each written in its own way."""

import math

import numpy as np


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
