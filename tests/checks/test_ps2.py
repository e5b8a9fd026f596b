"""Right answers to problem set 2 pass, however they are written. None calls the course's own."""

import warnings
from functools import partial
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rnncourse.checks import report


def stable(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e)).astype(a.dtype)


def naive(a):
    return 1 / (1 + np.exp(-a))  # overflows at -1000 with a warning, and is right


def with_tanh(a):
    return (1 + np.tanh(a / 2)) / 2


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


step = written_with(stable)


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


def columns(x, h_prev, c_prev, W_x, W_h, b):
    a = (W_x @ x.T + W_h @ h_prev.T + b[:, None]).reshape(4, -1, len(x))  # W x, as in papers
    c = stable(a[1]) * c_prev.T + stable(a[0]) * np.tanh(a[2])
    return (stable(a[3]) * np.tanh(c)).T, c.T


def unit_by_unit(x, h_prev, c_prev, W_x, W_h, b):
    B, H = h_prev.shape
    h, c = np.empty_like(h_prev), np.empty_like(c_prev)
    for n in range(B):
        for k in range(H):
            i, f, g, o = (W_x[r] @ x[n] + W_h[r] @ h_prev[n] + b[r] for r in range(k, 4 * H, H))
            c[n, k] = stable(f) * c_prev[n, k] + stable(i) * np.tanh(g)
            h[n, k] = stable(o) * np.tanh(c[n, k])
    return h, c


def in_place(x, h_prev, c_prev, W_x, W_h, b):
    a = x @ W_x.T
    a += h_prev @ W_h.T
    a += b
    i, f, g, o = np.split(a, 4, axis=1)  # views
    for gate in (i, f, o):
        gate[:] = stable(gate)
    c = f * c_prev
    c += i * np.tanh(g, out=g)
    return np.multiply(o, np.tanh(c), out=o), c


class State(NamedTuple):
    h: np.ndarray
    c: np.ndarray


def in_a_list(*arguments):
    return list(step(*arguments))


def in_a_namedtuple(*arguments):
    return State(*step(*arguments))


def stacked(*arguments):
    return np.stack(step(*arguments))


def with_more(x, *rest):
    return *step(x, *rest), {"x": x}, "cache"


def not_contiguous(*arguments):
    h, c = step(*arguments)
    wide = np.zeros((len(h), 2 * h.shape[1]), h.dtype)
    wide[:, ::2] = h
    return wide[:, ::2], np.asfortranarray(c)


BUFFERS = {}


def reused_buffers(x, h_prev, c_prev, W_x, W_h, b):
    h, c = BUFFERS.setdefault((h_prev.shape, h_prev.dtype), np.empty((2, *h_prev.shape), x.dtype))
    h[:], c[:] = step(x, h_prev, c_prev, W_x, W_h, b)
    return h, c


class Layer:
    def __call__(self, *arguments):
        print("a word on stdout")
        return step(*arguments)


STEPS = {
    "fused": step,
    "naive sigmoid": written_with(naive),
    "sigmoid by tanh": written_with(with_tanh),
    "logaddexp": written_with(with_logaddexp),
    "warns": written_with(with_warning),
    "separate gates, einsum": separate_gates,
    "one matrix": one_matrix,
    "columns": columns,
    "unit by unit": unit_by_unit,
    "in place": in_place,
    "list": in_a_list,
    "named tuple": in_a_namedtuple,
    "stacked array": stacked,
    "more values": with_more,
    "not contiguous": not_contiguous,
    "reused buffers": reused_buffers,
    "object": Layer(),
    "partial": partial(step),
    "lambda": lambda *arguments: step(*arguments),
}


def preallocated(x, h0, c0, W_x, W_h, b):
    hs = np.empty((*x.shape[:2], h0.shape[1]), x.dtype)
    h, c = h0, c0
    for t, x_t in enumerate(x):
        h, c = step(x_t, h, c, W_x, W_h, b)
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
    states = list(accumulate(x, lambda s, x_t: step(x_t, *s, *parameters), initial=(h0, c0)))
    return np.array([h for h, _ in states[1:]]), np.stack(states[-1])


def generated(x, h0, c0, *parameters):
    def states(h, c):
        for x_t in x:
            h, c = step(x_t, h, c, *parameters)
            yield h, c

    hs, cs = zip(*states(h0, c0), strict=True)
    return np.stack(hs), (hs[-1], cs[-1])


def recursive(x, h0, c0, *parameters):
    if len(x) == 0:
        return np.empty((0, *h0.shape), h0.dtype), (h0, c0)
    hs, state = recursive(x[:-1], h0, c0, *parameters)
    h, c = step(x[-1], *state, *parameters)
    return np.concatenate([hs, h[None]]), (h, c)


def sequence_by_sequence(x, h0, c0, *parameters):
    T, B, _ = x.shape
    hs, cs = np.empty((T, B, h0.shape[1]), x.dtype), c0.copy()
    for n in range(B):
        h, c = h0[n : n + 1], c0[n : n + 1]
        for t in range(T):
            h, c = step(x[t, n : n + 1], h, c, *parameters)
            hs[t, n] = h[0]
        cs[n] = c[0]
    return hs, (hs[-1], cs)


def with_cell_states(*arguments):
    hs, state = preallocated(*arguments)
    return hs, (*state, "more"), hs + 1


FORWARDS = {
    "preallocated": preallocated,
    "projected first": projected_first,
    "accumulate": accumulated,
    "generator": generated,
    "recursive": recursive,
    "sequence by sequence": sequence_by_sequence,
    "more values": with_cell_states,
}


def gates(x, h_prev, W_x, W_h, b):
    i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    return stable(i), stable(f), np.tanh(g), stable(o)


def fused(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
    i, f, g, o = gates(x, h_prev, W_x, W_h, b)
    t = np.tanh(f * c_prev + i * g)
    dc = dc + dh * o * (1 - t * t)
    da = np.hstack([dc * g, dc * c_prev, dc * i, dh * t])
    da *= np.hstack([i - i * i, f - f * f, 1 - g * g, o - o * o])
    return da @ W_x, da @ W_h, dc * f, da.T @ x, da.T @ h_prev, da.sum(0)


def gate_by_gate(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
    H = h_prev.shape[1]
    i, f, g, o = gates(x, h_prev, W_x, W_h, b)
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


def slopes_from_a(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
    def slope(a):  # of the sigmoid, from what goes into it
        return stable(a) * stable(-a)

    a_i, a_f, a_g, a_o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    c = stable(a_f) * c_prev + stable(a_i) * np.tanh(a_g)
    dc = dc + dh * stable(a_o) * (1 - np.tanh(c) ** 2)
    da = np.concatenate(
        [
            dc * np.tanh(a_g) * slope(a_i),
            dc * c_prev * slope(a_f),
            dc * stable(a_i) * (1 - np.tanh(a_g) ** 2),
            dh * np.tanh(c) * slope(a_o),
        ],
        axis=1,
    )
    dz = da @ np.concatenate([W_x, W_h], axis=1)
    dW = np.tensordot(da, np.concatenate([x, h_prev], axis=1), (0, 0))
    I = x.shape[1]
    return dz[:, :I], dz[:, I:], dc * stable(a_f), dW[:, :I], dW[:, I:], da.sum(0)


def complex_step(*arguments):
    """Every entry in turn a little way into the complex plane: exact, and no calculus."""
    *inputs, dh, dc = arguments
    wide = [array.astype(complex) for array in inputs]
    gradients = [np.zeros_like(array) for array in inputs]
    for array, gradient in zip(wide, gradients, strict=True):
        for place in np.ndindex(array.shape):
            array[place] += 1e-30j
            h, c = written_with(with_tanh)(*wide)
            gradient[place] = ((h * dh).sum() + (c * dc).sum()).imag / 1e-30
            array[place] = array[place].real
    return gradients


STEPS_BACK = {
    "fused": fused,
    "gate by gate": gate_by_gate,
    "slopes from a": slopes_from_a,
    "complex step": complex_step,
}


def with_a_tape(x, h0, c0, W_x, W_h, b, dhs):
    tape, h, c = [], h0, c0
    for x_t in x:
        i, f, g, o = gates(x_t, h, W_x, W_h, b)
        new = f * c + i * g
        tape.append((x_t, h, c, (i, f, g, o), np.tanh(new)))
        h, c = o * np.tanh(new), new
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
    states = list(accumulate(x, lambda s, x_t: step(x_t, *s, W_x, W_h, b), initial=(h0, c0)))
    dx, dW_x, dW_h, db = (np.zeros_like(p) for p in (x, W_x, W_h, b))
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in range(len(x) - 1, -1, -1):
        dh = dh + dhs[t]
        grads = fused(x[t], *states[t], W_x, W_h, b, dh, dc)
        dx[t], dh, dc = grads[:3]
        dW_x += grads[3]
        dW_h += grads[4]
        db += grads[5]
    return dx, dh, dc, dW_x, dW_h, db


def recursive_back(x, h0, c0, *rest):
    """The gradient of the first state comes from all that follows it."""
    *parameters, dhs = rest

    def back(t, h, c):
        if t == len(x):
            return np.zeros_like(h), np.zeros_like(c), [], [0, 0, 0]
        dh, dc, dxs, totals = back(t + 1, *step(x[t], h, c, *parameters))
        dx, dh, dc, *here = gate_by_gate(x[t], h, c, *parameters, dh + dhs[t], dc)[:6]
        return dh, dc, [dx, *dxs], [a + b for a, b in zip(totals, here, strict=True)]

    dh, dc, dxs, totals = back(0, h0, c0)
    return np.array(dxs), dh, dc, *totals


def forgets_and_recomputes(x, h0, c0, *rest):
    """Keep every second state alone, and make the others again on the way back."""
    *parameters, dhs = rest
    cuts = [*range(0, len(x), 2), len(x)]
    kept = {0: (h0, c0)}
    for start, stop in pairwise(cuts):
        kept[stop] = preallocated(x[start:stop], *kept[start], *parameters)[1]
    dx, dh, dc, totals = np.zeros_like(x), np.zeros_like(h0), np.zeros_like(c0), 0
    for start, stop in list(pairwise(cuts))[::-1]:
        part = dhs[start:stop].copy()
        part[-1] += dh
        # dc goes in by hand: the tape's own loop starts from zero
        window = _window_back(x[start:stop], *kept[start], *parameters, part, dc)
        dx[start:stop], dh, dc, *here = window
        totals = here if totals == 0 else [a + b for a, b in zip(totals, here, strict=True)]
    return dx, dh, dc, *totals


def _window_back(x, h0, c0, W_x, W_h, b, dhs, dc):
    states = [(h0, c0)]
    for x_t in x:
        states.append(step(x_t, *states[-1], W_x, W_h, b))
    dx, dh, totals = np.empty_like(x), np.zeros_like(h0), [0, 0, 0]
    for t in reversed(range(len(x))):
        dx[t], dh, dc, *here = fused(x[t], *states[t], W_x, W_h, b, dh + dhs[t], dc)
        totals = [a + b for a, b in zip(totals, here, strict=True)]
    return dx, dh, dc, *totals


def by_autograd(*arguments):
    *inputs, dhs = (torch.from_numpy(array.copy()) for array in arguments)
    x, h, c, W_x, W_h, b = (array.requires_grad_() for array in inputs)
    loss = 0
    for x_t, dh in zip(x, dhs, strict=True):
        i, f, g, o = (x_t @ W_x.T + h @ W_h.T + b).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        loss = loss + (h * dh).sum()
    return [gradient.numpy() for gradient in torch.autograd.grad(loss, inputs)]


BACKS = {
    "with a tape": with_a_tape,
    "summed in place": summed_in_place,
    "recursive": recursive_back,
    "forgets and recomputes": forgets_and_recomputes,
    "by autograd": by_autograd,
}
STYLES = {
    "lstm-step": STEPS,
    "lstm-forward": FORWARDS,
    "lstm-step-backward": STEPS_BACK,
    "lstm-backward": BACKS,
}


@pytest.mark.parametrize(
    ("id", "function"),
    [
        pytest.param(id, function, id=f"{id}: {name}")
        for id, styles in STYLES.items()
        for name, function in styles.items()
    ],
)
def test_passes(id, function):
    found = report(id, function)
    assert found.passed, found.text()
    assert found.score == found.max_score
    assert found.diagnosis is None


def test_a_learner_who_makes_numpy_raise_still_passes():
    with np.errstate(all="raise"):
        assert report("lstm-step", written_with(naive)).passed
