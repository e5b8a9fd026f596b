"""Right backward passes of problem set 2 pass, in whatever style. None calls the course's own."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
import torch

from rnncourse.checks import report


def stable(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e)).astype(a.dtype)


def with_tanh(a):
    return (1 + np.tanh(a / 2)) / 2  # of complex numbers too


def gates(x, h_prev, W_x, W_h, b):
    i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    return stable(i), stable(f), np.tanh(g), stable(o)


def step(x, h_prev, c_prev, W_x, W_h, b, sigmoid=stable):
    i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


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
            h, c = step(*wide, sigmoid=with_tanh)
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
    hs = np.concatenate([kept[1] for kept in tape])
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
        kept[stop] = kept[start]
        for x_t in x[start:stop]:
            kept[stop] = step(x_t, *kept[stop], *parameters)
    dx, dh, dc, totals = np.zeros_like(x), np.zeros_like(h0), np.zeros_like(c0), 0
    for start, stop in list(pairwise(cuts))[::-1]:
        part = dhs[start:stop].copy()
        part[-1] += dh
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
STYLES = {"lstm-step-backward": STEPS_BACK, "lstm-backward": BACKS}


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
