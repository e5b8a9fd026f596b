"""Problem set 1: right answers pass in any style, and two mistakes at once are no right answer."""

from functools import partial
from itertools import accumulate

import numpy as np
import pytest

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS


def plain_step(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h.T + b)


def with_einsum(x, h_prev, W_x, W_h, b):
    return np.tanh(np.einsum("bi,hi->bh", x, W_x) + np.einsum("bj,hj->bh", h_prev, W_h) + b)


def one_matrix(x, h_prev, W_x, W_h, b):
    return np.tanh(np.hstack([x, h_prev]) @ np.hstack([W_x, W_h]).T + b)


def in_columns(x, h_prev, W_x, W_h, b):
    return np.tanh(W_x @ x.T + W_h @ h_prev.T + b[:, None]).T


def with_exp(x, h_prev, W_x, W_h, b):
    a = x.dot(W_x.T) + h_prev.dot(W_h.T) + b
    small = np.exp(-2 * np.abs(a))
    return np.sign(a) * (1 - small) / (1 + small)


def unit_by_unit(x, h_prev, W_x, W_h, b):
    h = np.empty_like(h_prev)
    for n, (row, old) in enumerate(zip(x, h_prev, strict=True)):
        for k in range(len(b)):
            h[n, k] = np.tanh(sum(W_x[k] * row) + sum(W_h[k] * old) + b[k])
    return h


BUFFERS = {}


def reused_buffer(x, h_prev, W_x, W_h, b):
    a = BUFFERS.setdefault((h_prev.shape, h_prev.dtype), np.empty_like(h_prev))
    np.matmul(x, W_x.T, out=a)
    a += h_prev @ W_h.T
    a += b
    return np.tanh(a, out=a)


class Step:
    def __call__(self, *arguments):
        return plain_step(*arguments)


STEPS = {
    "plain": plain_step,
    "einsum": with_einsum,
    "one matrix": one_matrix,
    "columns": in_columns,
    "exp": with_exp,
    "unit by unit": unit_by_unit,
    "reused buffer": reused_buffer,
    "object": Step(),
    "partial": partial(plain_step),
    "list of rows": lambda *arguments: list(plain_step(*arguments)),
    "more values": lambda *arguments: (plain_step(*arguments), arguments[0], "cache"),
    "Fortran order": lambda *arguments: np.asfortranarray(plain_step(*arguments)),
}


def in_a_list(x, h0, *parameters):
    hs, h = [], h0
    for x_t in x:
        h = plain_step(x_t, h, *parameters)
        hs += [h]
    return hs


def preallocated(x, h0, W_x, W_h, b):
    hs = np.empty((len(x), *h0.shape), x.dtype)
    for t in range(len(x)):
        hs[t] = plain_step(x[t], hs[t - 1] if t else h0, W_x, W_h, b)
    return hs


def projected_first(x, h0, W_x, W_h, b):
    hs = x @ W_x.T + b
    hs[0] = np.tanh(hs[0] + h0 @ W_h.T)
    for t in range(1, len(hs)):
        hs[t] = np.tanh(hs[t] + hs[t - 1] @ W_h.T)
    return hs


def accumulated(x, h0, *parameters):
    hs = accumulate(x, lambda h, x_t: plain_step(x_t, h, *parameters), initial=h0)
    return np.array(list(hs)[1:])


def recursive(x, h0, *parameters):
    if len(x) == 1:
        return plain_step(x[0], h0, *parameters)[None]
    hs = recursive(x[:-1], h0, *parameters)
    return np.concatenate([hs, plain_step(x[-1], hs[-1], *parameters)[None]])


def sequence_by_sequence(x, h0, W_x, W_h, b):
    hs = np.empty((*x.shape[:2], len(b)), x.dtype)
    for n, h in enumerate(h0):
        for t in range(len(x)):
            h = hs[t, n] = np.tanh(W_x @ x[t, n] + W_h @ h + b)
    return hs


def with_the_last(*arguments):
    hs = preallocated(*arguments)
    return hs, hs[-1]


FORWARDS = {
    "list": in_a_list,
    "preallocated": preallocated,
    "projected first": projected_first,
    "accumulate": accumulated,
    "recursive": recursive,
    "sequence by sequence": sequence_by_sequence,
    "more values": with_the_last,
}


def two_copies(f, x, eps):
    gradient = np.zeros_like(x)
    for index, _ in np.ndenumerate(x):
        above, below = x.copy(), x.copy()
        above[index] += eps
        below[index] -= eps
        gradient[index] = f(above) / (2 * eps) - f(below) / (2 * eps)
    return gradient


def moved_and_taken_back(f, x, eps):
    gradient = np.zeros(x.shape, x.dtype)
    for index in np.ndindex(*x.shape):
        was = x[index]
        x[index] = was + eps
        gradient[index] = f(x)
        x[index] = was - eps
        gradient[index] -= f(x)
        x[index] = was
    return gradient / (eps + eps)


def flat(f, x, eps):
    ways = np.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape) * eps
    slopes = [0.5 * (f(x + way) - f(x - way)) / eps for way in ways]
    return np.array(slopes, dtype=x.dtype).reshape(x.shape)


def with_nditer(f, x, eps):
    gradient, moved = np.empty_like(x), np.array(x)
    steps = np.nditer(x, flags=["multi_index"])
    for value in steps:
        ends = []
        for end in (value + eps, value - eps):
            moved[steps.multi_index] = end
            ends.append(f(moved))
        moved[steps.multi_index] = value
        gradient[steps.multi_index] = (ends[0] - ends[1]) / 2 / eps
    return gradient


def in_float64(f, x, eps):
    return two_copies(f, x.astype(np.float64), eps).astype(x.dtype)


DIFFERENCES = {
    "two copies": two_copies,
    "moved and taken back": moved_and_taken_back,
    "flat": flat,
    "nditer": with_nditer,
    "in float64": in_float64,
    "more values": lambda f, x, eps: (flat(f, x, eps), f(x)),
}


def step_by_step(x, h0, W_x, W_h, b, dhs):
    hs = [h0, *in_a_list(x, h0, W_x, W_h, b)]
    dx, dW_x, dW_h, db = (np.zeros_like(array) for array in (x, W_x, W_h, b))
    dh = 0
    for t in range(len(x), 0, -1):
        da = (dhs[t - 1] + dh) * (1 - hs[t]) * (1 + hs[t])
        dx[t - 1] = da @ W_x
        dW_x += da.T @ x[t - 1]
        dW_h += da.T @ hs[t - 1]
        db += da.sum(0)
        dh = da @ W_h
    return dx, dh, dW_x, dW_h, db


def all_at_once(x, h0, W_x, W_h, b, dhs):
    hs = preallocated(x, h0, W_x, W_h, b)
    das, dh = [], np.zeros_like(h0)
    for h, dh_out in zip(hs[::-1], dhs[::-1], strict=True):
        das.insert(0, (dh_out + dh) * (1 - h * h))
        dh = np.einsum("bh,hk->bk", das[0], W_h)
    das, before = np.concatenate(das), np.concatenate([h0, *hs[:-1]])
    ones = np.ones(len(das), das.dtype)
    dx = (das @ W_x).reshape(x.shape)
    return [dx, dh, das.T @ np.concatenate(x), das.T @ before, ones @ das, "more"]


def back_by_recursion(x, h0, W_x, W_h, b, dhs):
    if len(x) == 0:
        return x, np.zeros_like(h0), 0 * W_x, 0 * W_h, 0 * b
    h = plain_step(x[0], h0, W_x, W_h, b)
    dx, dh, dW_x, dW_h, db = back_by_recursion(x[1:], h, W_x, W_h, b, dhs[1:])
    da = (dhs[0] + dh) * (1 - h**2)
    dx = np.concatenate([(da @ W_x)[None], dx])
    return dx, da @ W_h, dW_x + da.T @ x[0], dW_h + da.T @ h0, db + da.sum(axis=0)


def with_slopes_from_cosh(x, h0, W_x, W_h, b, dhs):
    before = np.concatenate([h0[None], preallocated(x, h0, W_x, W_h, b)[:-1]])
    slopes = np.cosh(np.clip(x @ W_x.T + before @ W_h.T + b, -40, 40)) ** -2
    dh, dx = np.zeros_like(h0), [None] * len(x)
    dW_x, dW_h, db = (np.zeros_like(parameter) for parameter in (W_x, W_h, b))
    for t in reversed(range(len(x))):
        das = (dhs[t] + dh) * slopes[t]
        dx[t], dh = das @ W_x, das @ W_h
        for da, x_row, h_row in zip(das, x[t], before[t], strict=True):
            dW_x += np.outer(da, x_row)
            dW_h += np.outer(da, h_row)
            db += da
    return dx, dh, dW_x, dW_h, db


BACKWARDS = {
    "step by step": step_by_step,
    "all at once": all_at_once,
    "recursion": back_by_recursion,
    "slopes from cosh": with_slopes_from_cosh,
}


def product_carried(x, h0, W_x, W_h, b):
    hs = preallocated(x, h0, W_x, W_h, b)
    products, norms = [np.eye(len(b), dtype=x.dtype)] * x.shape[1], []
    for h in hs[::-1]:
        products = [p @ np.diag(1 - row**2) for p, row in zip(products, h, strict=True)]
        norms.append(np.mean([np.linalg.norm(p @ W_x) for p in products]))
        products = [p @ W_h for p in products]
    return norms


def a_pass_for_each_unit(x, h0, W_x, W_h, b):
    squares = np.zeros(x.shape[:2], x.dtype)
    for unit in range(len(b)):
        dhs = np.zeros((*x.shape[:2], len(b)), x.dtype)
        dhs[-1, :, unit] = 1
        squares += (step_by_step(x, h0, W_x, W_h, b, dhs)[0] ** 2).sum(axis=2)
    return np.sqrt(squares).mean(axis=1)[::-1]


def pushed_forward(x, h0, W_x, W_h, b):
    """Carry ∂h_t/∂x_s of every s along with the state."""
    tangents, h = [], h0
    for x_t in x:
        h = plain_step(x_t, h, W_x, W_h, b)
        slope = (1 - h**2)[:, :, None]
        tangents = [slope * (W_h @ tangent) for tangent in tangents]
        tangents.append(slope * W_x)
    norms = [np.sqrt((tangent**2).sum(axis=(1, 2))).mean() for tangent in tangents]
    return np.array(norms[::-1])


def by_differences(x, h0, W_x, W_h, b, eps=1e-5):
    wide = [array.astype(np.float64) for array in (x, h0, W_x, W_h, b)]
    squares = np.zeros(x.shape[:2])
    for t, i in np.ndindex(len(x), x.shape[2]):
        ends = []
        for by in (eps, -eps):
            moved = wide[0].copy()
            moved[t, :, i] += by
            ends.append(preallocated(moved, *wide[1:])[-1])
        squares[t] += (((ends[0] - ends[1]) / (2 * eps)) ** 2).sum(axis=1)
    return np.sqrt(squares).mean(axis=1)[::-1].astype(x.dtype)


BY_LAG = {
    "product carried": product_carried,
    "a pass for each unit": a_pass_for_each_unit,
    "pushed forward": pushed_forward,
    "by differences": by_differences,
    "by differences, a larger step": partial(by_differences, eps=1e-3),
    "more values": lambda *arguments: (pushed_forward(*arguments), "more"),
}
STYLES = {
    "rnn-step": STEPS,
    "rnn-forward": FORWARDS,
    "numerical-gradient": DIFFERENCES,
    "rnn-backward": BACKWARDS,
    "gradient-by-lag": BY_LAG,
}


@pytest.mark.parametrize(
    ("id", "function"),
    [
        pytest.param(id, function, id=f"{id}: {name}")
        for id, styles in STYLES.items()
        for name, function in styles.items()
    ],
)
def test_a_right_answer_passes_in_any_style(id, function):
    found = report(id, function)
    assert found.passed, found.text()
    assert found.score == found.max_score == CHECKS[id].points
