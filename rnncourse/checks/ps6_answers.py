"""The right answers of problem set 6, where ``rnncourse.cells`` has none."""

from collections.abc import Sequence

import numpy as np

from rnncourse.cells import rnn_backward, rnn_forward

Array = np.ndarray


def log_softmax(logits: Array) -> Array:
    """Log of the softmax over the last axis; the maximum goes first, so that no exp overflows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def masked_cross_entropy(logits: Array, targets: Array, mask: Array) -> tuple[Array, Array]:
    """Mean negative log-likelihood of the tokens that count, in nats, and its gradient.

    logits (T, B, V); targets (T, B), whole numbers below V; mask (T, B), True where a token
    counts. Returns loss, a number, and dlogits (T, B, V).
    """
    log_p = log_softmax(logits)
    here = targets[..., None]
    nll = -np.take_along_axis(log_p, here, axis=-1)[..., 0]
    one_hot = np.zeros_like(logits)
    np.put_along_axis(one_hot, here, 1, axis=-1)
    dlogits = (np.exp(log_p) - one_hot) * mask[..., None] / mask.sum()
    return nll[mask].mean(), dlogits


def last_valid_state(hs: Array, lengths: Array) -> Array:
    """Take h of the last step of each sequence: hs (T, B, H), lengths (B,) give (B, H)."""
    return hs[lengths - 1, np.arange(len(lengths))]


def tbptt_gradients(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array, k: int
) -> tuple[Array, Array, Array]:
    """Gradients of an RNN by backpropagation through windows of k steps.

    The state goes on from window to window, the gradient does not (Williams & Peng 1990, with an
    update every k steps that goes back k steps at most). Arguments as in ``rnn_backward``.
    Returns dW_x, dW_h, db.
    """
    hs = np.concatenate([h0[None], rnn_forward(x, h0, W_x, W_h, b)])
    parts = [
        rnn_backward(x[t : t + k], hs[t], W_x, W_h, b, dhs[t : t + k])[2:]
        for t in range(0, len(x), k)
    ]
    dW_x, dW_h, db = (np.sum(gradients, axis=0) for gradients in zip(*parts, strict=True))
    return dW_x, dW_h, db


def global_norm(grads: Sequence[Array]) -> float:
    return float(np.sqrt(sum((grad.astype(np.float64) ** 2).sum() for grad in grads)))


def clip_by_global_norm(grads: Sequence[Array], max_norm: float) -> tuple[list[Array], float]:
    """Scale all gradients by one factor, so that their common norm is at most ``max_norm``.

    Returns the gradients and the norm that they had (Pascanu, Mikolov & Bengio 2013).
    """
    norm = global_norm(grads)
    scale = max_norm / max(norm, max_norm)
    return [grad * scale for grad in grads], norm


def perplexity(nll_sum: float, n_tokens: int) -> float:
    """Exponential of the mean negative log-likelihood, in nats, of ``n_tokens`` tokens."""
    return float(np.exp(nll_sum / n_tokens))
