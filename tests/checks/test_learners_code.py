"""Mistakes as learners type them, one edit in code that is right, and what the report calls them.

The code here shares nothing with the course's own, so that a mistake's formula is tried on what
somebody else writes.
"""

import numpy as np
import pytest

from rnncourse.checks import report

RNN = """
def rnn_forward(x, h0, W_x, W_h, b):
    hs = np.zeros((len(x), *h0.shape), x.dtype)
    h = h0
    for t in range(len(x)):
        h = np.tanh(x[t] @ W_x.T + h @ W_h.T + b)
        hs[t] = h
    return hs


def rnn_backward(x, h0, W_x, W_h, b, dhs):
    hs = rnn_forward(x, h0, W_x, W_h, b)
    dx, dW_x, dW_h, db = (np.zeros_like(v) for v in (x, W_x, W_h, b))
    carry = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        before = hs[t - 1] if t > 0 else h0
        dh = dhs[t] + carry
        da = dh * (1 - hs[t] ** 2)
        dx[t] = da @ W_x
        dW_x += da.T @ x[t]
        dW_h += da.T @ before
        db += da.sum(axis=0)
        carry = da @ W_h
    return dx, carry, dW_x, dW_h, db


def gradient_by_lag(x, h0, W_x, W_h, b):
    hs = rnn_forward(x, h0, W_x, W_h, b)
    norms = np.zeros(len(x), x.dtype)
    for s in range(x.shape[1]):
        J = np.eye(len(b))
        for k in range(len(x)):
            J = J @ np.diag(1 - hs[len(x) - 1 - k, s] ** 2)
            norms[k] += np.sqrt(((J @ W_x) ** 2).sum())
            J = J @ W_h
    return norms / x.shape[1]
"""
LSTM = """
def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
    i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def lstm_forward(x, h0, c0, W_x, W_h, b):
    hs = np.zeros((len(x), *h0.shape), x.dtype)
    h, c = h0, c0
    for t in range(len(x)):
        h, c = lstm_step(x[t], h, c, W_x, W_h, b)
        hs[t] = h
    return hs, (h, c)


def lstm_step_backward(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
    a_i, a_f, a_g, a_o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
    m = np.tanh(f * c_prev + i * g)
    d = dc + dh * o * (1 - m**2)
    da_i, da_f = d * g * i * (1 - i), d * c_prev * f * (1 - f)
    da_g, da_o = d * i * (1 - g**2), dh * m * o * (1 - o)
    da = np.hstack([da_i, da_f, da_g, da_o])
    return da @ W_x, da @ W_h, d * f, da.T @ x, da.T @ h_prev, da.sum(axis=0)


def lstm_backward(x, h0, c0, W_x, W_h, b, dhs):
    states = [(h0, c0)]
    for x_t in x:
        states.append(lstm_step(x_t, *states[-1], W_x, W_h, b))
    dx, totals = np.zeros_like(x), [0 * W_x, 0 * W_h, 0 * b]
    dh, dc = 0 * h0, 0 * c0
    for t in reversed(range(len(x))):
        dx[t], dh, dc, *parts = lstm_step_backward(x[t], *states[t], W_x, W_h, b, dh + dhs[t], dc)
        totals = [total + part for total, part in zip(totals, parts)]
    return dx, dh, dc, *totals
"""
GRU = """
def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def gru_step(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    H = h_prev.shape[1]
    ax, ah = x @ W_x.T + b_x, h_prev @ W_h.T + b_h
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H:2*H] + ah[:, H:2*H])
    if reset_after:
        n = np.tanh(ax[:, 2*H:] + r * ah[:, 2*H:])
    else:
        n = np.tanh(ax[:, 2*H:] + (r * h_prev) @ W_h[2*H:].T + b_h[2*H:])
    return (1 - z) * n + z * h_prev


def gru_forward(x, h0, W_x, W_h, b_x, b_h, reset_after=True):
    hs = np.zeros((len(x), *h0.shape), x.dtype)
    h = h0
    for t in range(len(x)):
        h = gru_step(x[t], h, W_x, W_h, b_x, b_h, reset_after)
        hs[t] = h
    return hs


def gru_backward(x, h0, W_x, W_h, b_x, b_h, dhs):
    H = h0.shape[1]
    hs = [h0, *gru_forward(x, h0, W_x, W_h, b_x, b_h)]
    dx, dW_x, dW_h, db_x, db_h = (np.zeros_like(v) for v in (x, W_x, W_h, b_x, b_h))
    dh = 0 * h0
    for t in reversed(range(len(x))):
        before = hs[t]
        ax, ah = x[t] @ W_x.T + b_x, before @ W_h.T + b_h
        r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H:2*H] + ah[:, H:2*H])
        n = np.tanh(ax[:, 2*H:] + r * ah[:, 2*H:])
        dh = dh + dhs[t]
        da_n = dh * (1 - z) * (1 - n**2)
        da_z = dh * (before - n) * z * (1 - z)
        da_r = da_n * ah[:, 2*H:] * r * (1 - r)
        dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
        dx[t] = dax @ W_x
        dW_x += dax.T @ x[t]
        dW_h += dah.T @ before
        db_x += dax.sum(axis=0)
        db_h += dah.sum(axis=0)
        dh = dh * z + dah @ W_h
    return dx, dh, dW_x, dW_h, db_x, db_h


def flip_update_gate(W_x, W_h, b_x, b_h):
    H = W_h.shape[1]
    flipped = []
    for p in (W_x, W_h, b_x, b_h):
        q = p.copy()
        q[H:2*H] = -p[H:2*H]
        flipped.append(q)
    return tuple(flipped)
"""
EVERY_STEP, ALL_BUT_ONE = "for t in range(len(x))", "for t in range(len(x) - 1)"
FROM_THE_END = "for t in reversed(range(len(x)))"
MADE = [
    # id, and then the slug, what stands in the right code and what is typed in its place
    (RNN, "rnn-forward", "time-runs-backward", EVERY_STEP, FROM_THE_END),
    (RNN, "rnn-forward", "last-state-left-at-zero", EVERY_STEP, ALL_BUT_ONE),
    (RNN, "rnn-forward", "returns-after-one-step", "    return hs", "        return hs"),
    (RNN, "rnn-backward", "dW_h-with-the-last-state-at-step-1", " if t > 0 else h0", ""),
    (RNN, "rnn-backward", "carry-added-up", "carry = da @ W_h", "carry += da @ W_h"),
    (RNN, "rnn-backward", "dh0-is-dh_1", "dx, carry, dW_x", "dx, dh, dW_x"),
    (RNN, "rnn-backward", "dh0-is-da_1", "dx, carry, dW_x", "dx, da, dW_x"),
    (RNN, "rnn-backward", "last-output-twice", "carry = np.zeros_like(h0)", "carry = dhs[-1]"),
    (RNN, "rnn-backward", "initial-state-ignored", "hs = rnn", "h0 = 0 * h0; hs = rnn"),
    (RNN, "gradient-by-lag", "slopes-in-the-order-of-time", "hs[len(x) - 1 - k, s]", "hs[k, s]"),
    (RNN, "gradient-by-lag", "slope-of-sigmoid", "1 - hs[len(x) - 1 - k, s] ** 2",
     "hs[len(x) - 1 - k, s] * (1 - hs[len(x) - 1 - k, s])"),
    (RNN, "gradient-by-lag", "one-W_h-too-many", "J = np.eye(len(b))", "J = W_h"),
    (RNN, "gradient-by-lag", "summed-over-units", "np.sqrt(((J @ W_x) ** 2).sum())",
     "np.sqrt(((J @ W_x) ** 2).sum(axis=1)).sum()"),
    (RNN, "gradient-by-lag", "averaged-over-units", "np.sqrt(((J @ W_x) ** 2).sum())",
     "np.sqrt(((J @ W_x) ** 2).sum(axis=1)).mean()"),
    (RNN, "gradient-by-lag", "first-sequence-alone", "norms / x.shape[1]",
     "gradient_by_lag(x[:, :1], h0[:1], W_x, W_h, b) if x.shape[1] > 1 else norms"),
    (LSTM, "lstm-step", "sigmoid-twice-as-steep", "np.tanh(0.5 * a)", "np.tanh(a)"),
    (LSTM, "lstm-step", "softmax-over-units", "0.5 * (1 + np.tanh(0.5 * a))",
     "np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)"),
    (LSTM, "lstm-step", "h-prev-and-c-prev-swapped", "h_prev, c_prev, W_x, W_h, b):\n    i,",
     "c_prev, h_prev, W_x, W_h, b):\n    i,"),
    (LSTM, "lstm-forward", "h0-ignored", "h, c = h0, c0", "h, c = 0 * h0, c0"),
    (LSTM, "lstm-forward", "c0-ignored", "h, c = h0, c0", "h, c = h0, 0 * c0"),
    (LSTM, "lstm-forward", "first-states-swapped", "h, c = h0, c0", "h, c = c0, h0"),
    (LSTM, "lstm-forward", "one-input-for-all-steps", "lstm_step(x[t]", "lstm_step(x[0]"),
    (LSTM, "lstm-forward", "time-runs-backward", EVERY_STEP, FROM_THE_END),
    (LSTM, "lstm-forward", "last-step-left-out", EVERY_STEP, ALL_BUT_ONE),
    (LSTM, "lstm-forward", "hs-reversed", "return hs,", "return hs[::-1],"),
    (LSTM, "lstm-forward", "last-state-alone", "return hs,", "return h,"),
    (LSTM, "lstm-step-backward", "parameters-first",
     "da @ W_x, da @ W_h, d * f, da.T @ x, da.T @ h_prev, da.sum(axis=0)",
     "da.T @ x, da.T @ h_prev, da.sum(axis=0), da @ W_x, da @ W_h, d * f"),
    (LSTM, "lstm-step-backward", "slope-of-tanh-not-squared", "(1 - m**2)", "(1 - m)"),
    (LSTM, "lstm-step-backward", "slope-of-tanh-of-tanh", "(1 - m**2)", "(1 - np.tanh(m) ** 2)"),
    (LSTM, "lstm-step-backward", "slope-of-tanh-on-dc-next", "dc + dh * o *", "(dc + dh * o) *"),
    (LSTM, "lstm-step-backward", "output-gate-on-dc-next", "dc + dh * o *", "(dc + dh) * o *"),
    (LSTM, "lstm-step-backward", "stacked-ifog-on-the-way-back", "da_g, da_o])", "da_o, da_g])"),
    (LSTM, "lstm-step-backward", "stacked-figo-on-the-way-back", "[da_i, da_f", "[da_f, da_i"),
    (LSTM, "lstm-step-backward", "db-averaged-over-batch", "da.sum(axis=0)", "da.mean(axis=0)"),
    (LSTM, "lstm-backward", "initial-state-ignored", "[(h0, c0)]", "[(0 * h0, 0 * c0)]"),
    (LSTM, "lstm-backward", "first-step-missing", FROM_THE_END,
     "for t in range(len(x) - 1, 0, -1)"),
    (LSTM, "lstm-backward", "last-output-twice", "dh, dc = 0 * h0,", "dh, dc = dhs[-1],"),
    (GRU, "gru-step", "mixture-without-h-prev", " + z * h_prev", ""),
    (GRU, "gru-step", "product-reset-in-both-forms", "(r * h_prev) @ W_h[2*H:].T",
     "r * (h_prev @ W_h[2*H:].T)"),
    (GRU, "gru-step", "b_hn-forgotten-before", "W_h[2*H:].T + b_h[2*H:]", "W_h[2*H:].T"),
    (GRU, "gru-step", "b_hn-times-r-before", ".T + b_h[2*H:]", ".T + r * b_h[2*H:]"),
    (GRU, "gru-step", "candidate-block-not-transposed-before", "W_h[2*H:].T", "W_h[2*H:]"),
    (GRU, "gru-step", "reset-on-the-input", "ax[:, 2*H:] + r * ah[:, 2*H:])\n    else",
     "r * ax[:, 2*H:] + ah[:, 2*H:])\n    else"),
    (GRU, "gru-forward", "time-runs-backward", EVERY_STEP, FROM_THE_END),
    (GRU, "gru-forward", "last-step-left-out", EVERY_STEP, ALL_BUT_ONE),
    (GRU, "gru-backward", "sigmoid-slope-on-candidate", "(1 - z) * (1 - n**2)",
     "(1 - z) * n * (1 - n)"),
    (GRU, "gru-backward", "stacked-z-r-n-on-the-way-back", "[da_r, da_z,", "[da_z, da_r,"),
    (GRU, "gru-backward", "initial-state-ignored", "    hs = [h0", "    h0 = 0 * h0; hs = [h0"),
    (GRU, "gru-backward", "first-step-missing", FROM_THE_END,
     "for t in range(len(x) - 1, 0, -1)"),
    (GRU, "gru-backward", "parameters-first", "dx, dh, dW_x, dW_h, db_x, db_h",
     "dW_x, dW_h, db_x, db_h, dx, dh"),
    (GRU, "gru-backward", "biases-averaged-over-batch", "sum(axis=0)", "mean(axis=0)"),
    (GRU, "flip-update-gate", "rows-of-r-and-z-exchanged", "q[H:2*H] = -p[H:2*H]",
     "q[:H], q[H:2*H] = p[H:2*H], p[:H]"),
]  # fmt: skip


def defined(code, id):
    names = {"np": np}
    exec(code, names)
    return names[id.replace("-", "_")]


@pytest.mark.parametrize(("code", "id"), sorted({(code, id) for code, id, *_ in MADE}))
def test_without_an_edit_the_code_is_right(code, id):
    assert report(id, defined(code, id)).passed


@pytest.mark.parametrize(
    ("code", "id", "slug", "right", "typed"), MADE, ids=[f"{id}:{slug}" for _, id, slug, *_ in MADE]
)
def test_a_mistake_that_is_typed_is_recognised(code, id, slug, right, typed):
    assert right in code
    found = report(id, defined(code.replace(right, typed), id))
    assert not found.passed
    assert found.diagnosis == slug
