"""Right answers pass, however they are written."""

import warnings
from functools import partial
from itertools import accumulate

import numpy as np
import pytest

from rnncourse import cells
from rnncourse.checks import report


def stable(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e)).astype(a.dtype)


def naive(a):
    return 1 / (1 + np.exp(-a))  # overflows at -1000 with a warning, and is right


def with_logaddexp(a):
    return np.exp(-np.logaddexp(0, -a))


def with_warning(a):
    warnings.warn("are you sure?", stacklevel=2)
    return naive(a)


def written_with(sigmoid):
    def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
        i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
        c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    return lstm_step


def separate_gates(x, h_prev, c_prev, W_x, W_h, b):
    H = h_prev.shape[1]
    a = [
        np.einsum("bi,hi->bh", x, W_x[k * H : (k + 1) * H])
        + np.einsum("bj,hj->bh", h_prev, W_h[k * H : (k + 1) * H])
        + b[k * H : (k + 1) * H]
        for k in range(4)
    ]
    c = stable(a[1]) * c_prev + stable(a[0]) * np.tanh(a[2])
    return stable(a[3]) * np.tanh(c), c


def one_matrix(x, h_prev, c_prev, W_x, W_h, b):
    a = np.concatenate([x, h_prev], axis=1) @ np.concatenate([W_x, W_h], axis=1).T + b
    gates = a.reshape(len(x), 4, -1).transpose(1, 0, 2)
    c = stable(gates[1]) * c_prev + stable(gates[0]) * np.tanh(gates[2])
    return stable(gates[3]) * np.tanh(c), c


def unit_by_unit(x, h_prev, c_prev, W_x, W_h, b):
    B, H = h_prev.shape
    h, c = np.empty_like(h_prev), np.empty_like(c_prev)
    for n in range(B):
        for k in range(H):
            i, f, g, o = (W_x[r] @ x[n] + W_h[r] @ h_prev[n] + b[r] for r in range(k, 4 * H, H))
            c[n, k] = stable(f) * c_prev[n, k] + stable(i) * np.tanh(g)
            h[n, k] = stable(o) * np.tanh(c[n, k])
    return h, c


def in_a_list(*arguments):
    return list(cells.lstm_step(*arguments))


def stacked(*arguments):
    return np.stack(cells.lstm_step(*arguments))


def with_more(x, h_prev, c_prev, W_x, W_h, b):
    h, c = cells.lstm_step(x, h_prev, c_prev, W_x, W_h, b)
    return h, c, cells.lstm_gates(x, h_prev, W_x, W_h, b), "cache"


def not_contiguous(*arguments):
    h, c = cells.lstm_step(*arguments)
    wide = np.zeros((len(h), 2 * h.shape[1]), h.dtype)
    wide[:, ::2] = h
    return wide[:, ::2], np.asfortranarray(c)


BUFFERS = {}


def reused_buffers(x, h_prev, c_prev, W_x, W_h, b):
    h, c = BUFFERS.setdefault((h_prev.shape, h_prev.dtype), np.empty((2, *h_prev.shape), x.dtype))
    h[:], c[:] = cells.lstm_step(x, h_prev, c_prev, W_x, W_h, b)
    return h, c


class Layer:
    def __call__(self, *arguments):
        print("a word on stdout")
        return cells.lstm_step(*arguments)


STEPS = {
    "fused": written_with(stable),
    "naive sigmoid": written_with(naive),
    "logaddexp": written_with(with_logaddexp),
    "warns": written_with(with_warning),
    "separate gates, einsum": separate_gates,
    "one matrix": one_matrix,
    "unit by unit": unit_by_unit,
    "list": in_a_list,
    "stacked array": stacked,
    "more values": with_more,
    "not contiguous": not_contiguous,
    "reused buffers": reused_buffers,
    "object": Layer(),
    "partial": partial(cells.lstm_step),
    "lambda": lambda *arguments: cells.lstm_step(*arguments),
}


def preallocated(x, h0, c0, W_x, W_h, b):
    hs = np.empty((*x.shape[:2], h0.shape[1]), x.dtype)
    h, c = h0, c0
    for t, x_t in enumerate(x):
        h, c = cells.lstm_step(x_t, h, c, W_x, W_h, b)
        hs[t] = h
    return hs, (h, c)


def projected_first(x, h0, c0, W_x, W_h, b):
    projected = x @ W_x.T + b
    h, c, hs = h0, c0, []
    for a in projected:
        i, f, g, o = np.split(a + h @ W_h.T, 4, axis=-1)
        c = stable(f) * c + stable(i) * np.tanh(g)
        h = stable(o) * np.tanh(c)
        hs += [h]
    return hs, [h, c]  # lists


def accumulated(x, h0, c0, *parameters):
    states = list(
        accumulate(x, lambda s, x_t: cells.lstm_step(x_t, *s, *parameters), initial=(h0, c0))
    )
    return np.array([h for h, _ in states[1:]]), np.stack(states[-1])


def recursive(x, h0, c0, *parameters):
    if len(x) == 0:
        return np.empty((0, *h0.shape), h0.dtype), (h0, c0)
    hs, state = recursive(x[:-1], h0, c0, *parameters)
    h, c = cells.lstm_step(x[-1], *state, *parameters)
    return np.concatenate([hs, h[None]]), (h, c)


def with_cell_states(*arguments):
    hs, state = cells.lstm_forward(*arguments)
    return hs, (*state, "more"), hs + 1


FORWARDS = {
    "preallocated": preallocated,
    "projected first": projected_first,
    "accumulate": accumulated,
    "recursive": recursive,
    "more values": with_cell_states,
}


def gate_by_gate(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
    H = h_prev.shape[1]
    i, f, g, o = cells.lstm_gates(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * g
    dc_all = dc + dh * o / np.cosh(np.clip(c, -300, 300)) ** 2
    das = [
        dc_all * g * i * (1 - i),
        dc_all * c_prev * f * (1 - f),
        dc_all * i * (1 + g) * (1 - g),
        dh * np.tanh(c) * o * (1 - o),
    ]
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(b)
    for k, da in enumerate(das):
        rows = slice(k * H, (k + 1) * H)
        dx += da @ W_x[rows]
        dh_prev += da @ W_h[rows]
        dW_x[rows] = np.einsum("bh,bi->hi", da, x)
        dW_h[rows] = np.einsum("bh,bj->hj", da, h_prev)
        db[rows] = np.ones(len(da), da.dtype) @ da
    return [dx, dh_prev, dc_all * f, dW_x, dW_h, db, "more"]


def with_a_tape(x, h0, c0, W_x, W_h, b, dhs):
    tape, h, c = [], h0, c0
    for x_t in x:
        gates = cells.lstm_gates(x_t, h, W_x, W_h, b)
        new = gates.f * c + gates.i * gates.g
        tape.append((x_t, h, c, gates, np.tanh(new)))
        h, c = gates.o * np.tanh(new), new
    dh, dc, dxs, das = np.zeros_like(h0), np.zeros_like(c0), [], []
    for (_, _, c_prev, (i, f, g, o), tanh_c), dh_t in zip(tape[::-1], dhs[::-1], strict=True):
        dh = dh + dh_t
        dc = dc + dh * o * (1 - tanh_c**2)
        slopes = [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g**2)]
        da = np.concatenate([*slopes, dh * tanh_c * o * (1 - o)], axis=1)
        dxs.append(da @ W_x)
        das.append(da)
        dh, dc = da @ W_h, dc * f
    das = np.concatenate(das[::-1])  # all steps at once
    hs = np.concatenate([step[1] for step in tape])
    return dxs[::-1], dh, dc, das.T @ np.concatenate(x), das.T @ hs, das.sum(axis=0)


def summed_in_place(x, h0, c0, W_x, W_h, b, dhs):
    states = cells.unroll(cells.lstm_step, x, (h0, c0), (W_x, W_h, b))
    dx, dW_x, dW_h, db = (np.zeros_like(p) for p in (x, W_x, W_h, b))
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in range(len(x) - 1, -1, -1):
        dh = dh + dhs[t]
        grads = cells.lstm_step_backward(x[t], *states[t], W_x, W_h, b, dh, dc)
        dx[t], dh, dc = grads[:3]
        dW_x += grads[3]
        dW_h += grads[4]
        db += grads[5]
    return dx, dh, dc, dW_x, dW_h, db


@pytest.mark.parametrize(
    ("id", "function"),
    [
        *(pytest.param("lstm-step", f, id=f"step: {name}") for name, f in STEPS.items()),
        *(pytest.param("lstm-forward", f, id=f"forward: {name}") for name, f in FORWARDS.items()),
        pytest.param("lstm-step-backward", gate_by_gate, id="step back: gate by gate"),
        pytest.param("lstm-backward", with_a_tape, id="back: with a tape"),
        pytest.param("lstm-backward", summed_in_place, id="back: summed in place"),
        *(
            pytest.param(f"lstm-{name}", getattr(cells, f"lstm_{name.replace('-', '_')}"), id=name)
            for name in ("step", "forward", "step-backward", "backward")
        ),
    ],
)
def test_passes(id, function):
    found = report(id, function)
    assert found.passed, found.text()
    assert found.score == found.max_score


def test_a_learner_who_makes_numpy_raise_still_passes():
    with np.errstate(all="raise"):
        assert report("lstm-step", written_with(naive)).passed
