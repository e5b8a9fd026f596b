"""Two common mistakes in one answer to problem set 2: it fails, and the report names no third.

The mistakes are written here anew, so each alone must also be recognised as itself.
"""

from itertools import combinations

import numpy as np
import pytest

from rnncourse.checks import report


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def blocks_transposed(W):
    H = W.shape[1]
    return W.reshape(4, H, H).swapaxes(1, 2).reshape(4 * H, H)


def step_with(*made):
    """A step with these mistakes."""

    def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
        W_h = blocks_transposed(W_h) if "W_h-not-transposed" in made else W_h
        a = x @ W_x.T + h_prev @ W_h.T + b * ("bias-forgotten" not in made)
        a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)
        if "i-and-f-swapped" in made:
            a_i, a_f = a_f, a_i
        squash = np.tanh if "tanh-on-gates" in made else sigmoid
        i, f, o = squash(a_i), squash(a_f), squash(a_o)
        g = sigmoid(a_g) if "sigmoid-on-candidate" in made else np.tanh(a_g)
        kept = h_prev if "c-from-h-prev" in made else c_prev
        f = 1 if "forget-gate-omitted" in made else f
        c = f * kept + i * g
        h = (1 if "output-gate-omitted" in made else o) * np.tanh(c)
        if "tanh-of-c-missing" in made:
            h = (1 if "output-gate-omitted" in made else o) * c
        return (c, h) if "h-and-c-swapped" in made else (h, c)

    return lstm_step


def forward_with(*made):
    def lstm_forward(x, h0, c0, *parameters):
        step = step_with(*made)
        h, c = (0 * h0, 0 * c0) if "initial-state-ignored" in made else (h0, c0)
        hs = []
        for x_t in x[::-1] if "time-reversed" in made else x:
            old = h
            h_in = h0 if "h-not-carried" in made else h
            c_in = c0 if "c-not-carried" in made else c
            h, c = step(x_t, h_in, c_in, *parameters)
            hs.append(old if "hs-one-step-behind" in made else h)
        return np.stack(hs), ((c, h) if "last-state-swapped" in made else (h, c))

    return lstm_forward


def step_backward_with(*made):
    def lstm_step_backward(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
        blocks = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
        order = [1, 0, 2, 3] if "i-and-f-swapped" in made else [0, 1, 2, 3]
        i, f, g, o = (np.tanh(blocks[k]) if k == 2 else sigmoid(blocks[k]) for k in order)
        c = f * c_prev + i * g
        inner = c if "slope-of-tanh-from-c" in made else np.tanh(c)
        dc = dc * ("dc-carry-dropped" not in made) + dh * o * (1 - inner**2)
        df = dc * (c if "forget-gate-reads-new-c" in made else c_prev)
        gate = (lambda y: 1) if "gate-slope-missing" in made else (lambda y: y * (1 - y))
        candidate = (lambda y: 1) if "candidate-slope-missing" in made else (lambda y: 1 - y**2)
        das = [dc * g * gate(i), df * gate(f), dc * i * candidate(g), dh * np.tanh(c) * gate(o)]
        da = np.hstack([das[k] for k in order])
        W_back = blocks_transposed(W_h) if "W_h-transposed" in made else W_h
        h_read = o * np.tanh(c) if "dW_h-from-new-h" in made else h_prev
        dc_prev = dc if "forget-gate-missing-in-dc-prev" in made else dc * f
        share = 1 / len(x) if "averaged-over-batch" in made else 1
        sums = [da.T @ x, da.T @ h_read, da.sum(axis=0)]
        return da @ W_x, da @ W_back, dc_prev, *(share * total for total in sums)

    return lstm_step_backward


def backward_with(*made):
    def lstm_backward(x, h0, c0, W_x, W_h, b, dhs):
        step, step_backward = step_with(), step_backward_with(*made)
        states = [(h0, c0)]
        for x_t in x:
            states.append(step(x_t, *states[-1], W_x, W_h, b))
        T = len(x)
        dx, dh, dc = np.empty_like(x), np.zeros_like(h0), np.zeros_like(c0)
        totals = [np.zeros_like(p) for p in (W_x, W_h, b)]
        for t in range(T) if "time-runs-forward" in made else reversed(range(T)):
            lost = "only-the-last-output" in made and t < T - 1
            dh = dh * ("dh-carry-dropped" not in made) + dhs[t] * (not lost)
            dx[t], dh, dc, *here = step_backward(x[t], *states[t], W_x, W_h, b, dh, dc)
            again = "parameter-gradients-overwritten" in made
            totals = here if again else [a + b for a, b in zip(totals, here, strict=True)]
        share = 1 / T if "averaged-over-time" in made else 1
        dx = dx[::-1] if "dx-reversed" in made else dx
        return dx, dh, dc, *(share * total for total in totals)

    return lstm_backward


COMMON = {
    "lstm-step": (
        step_with,
        [
            "i-and-f-swapped",
            "tanh-on-gates",
            "sigmoid-on-candidate",
            "c-from-h-prev",
            "forget-gate-omitted",
            "tanh-of-c-missing",
            "output-gate-omitted",
            "h-and-c-swapped",
            "W_h-not-transposed",
            "bias-forgotten",
        ],
    ),
    "lstm-forward": (
        forward_with,
        [
            "i-and-f-swapped",
            "forget-gate-omitted",
            "bias-forgotten",
            "h-not-carried",
            "c-not-carried",
            "initial-state-ignored",
            "time-reversed",
            "hs-one-step-behind",
            "last-state-swapped",
        ],
    ),
    "lstm-step-backward": (
        step_backward_with,
        [
            "i-and-f-swapped",
            "dc-carry-dropped",
            "slope-of-tanh-from-c",
            "gate-slope-missing",
            "candidate-slope-missing",
            "forget-gate-reads-new-c",
            "W_h-transposed",
            "dW_h-from-new-h",
            "forget-gate-missing-in-dc-prev",
            "averaged-over-batch",
        ],
    ),
    "lstm-backward": (
        backward_with,
        [
            "dh-carry-dropped",
            "dc-carry-dropped",
            "parameter-gradients-overwritten",
            "only-the-last-output",
            "slope-of-tanh-from-c",
            "gate-slope-missing",
            "W_h-transposed",
            "averaged-over-time",
            "dx-reversed",
            "time-runs-forward",
        ],
    ),
}
# two that together are a third, which has a name of its own
TOGETHER = {
    ("tanh-of-c-missing", "output-gate-omitted"): "c-returned-for-h",
    ("h-not-carried", "c-not-carried"): "state-not-carried",
    ("gate-slope-missing", "candidate-slope-missing"): "slopes-missing",
    ("dh-carry-dropped", "dc-carry-dropped"): "no-carry",
}
ALONE = [(id, slug) for id, (_, slugs) in COMMON.items() for slug in slugs]
PAIRS = [(id, pair) for id, (_, slugs) in COMMON.items() for pair in combinations(slugs, 2)]


@pytest.mark.parametrize("id", COMMON)
def test_without_a_mistake_it_passes(id):
    assert report(id, COMMON[id][0]()).passed


@pytest.mark.parametrize(("id", "slug"), ALONE)
def test_one_alone_is_recognised(id, slug):
    assert report(id, COMMON[id][0](slug)).diagnosis == slug


@pytest.mark.parametrize(("id", "pair"), PAIRS)
def test_two_fail_and_no_other_is_named(id, pair):
    found = report(id, COMMON[id][0](*pair))
    assert not found.passed
    assert found.score <= 1
    assert found.diagnosis in {None, *pair, TOGETHER.get(pair)}
