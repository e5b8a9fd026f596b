"""Two common mistakes in one answer to problem set 3: it fails, and the report names no third.

The mistakes are written here anew, so each alone must also be recognised as itself.
"""

from itertools import combinations

import numpy as np
import pytest

from rnncourse.checks import report


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def blocks_transposed(W):
    return np.concatenate([block.T for block in np.split(W, 3)])


def in_another_order(W):
    r, z, n = np.split(W, 3)
    return np.concatenate([z, r, n])


def step_with(*made):
    """A step with these mistakes."""

    def gru_step(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
        if "gate-order-zrn" in made:
            W_x, W_h, b_x, b_h = map(in_another_order, (W_x, W_h, b_x, b_h))
        W_h = blocks_transposed(W_h) if "W_h-not-transposed" in made else W_h
        b_x = 0 * b_x if "b_x-forgotten" in made else b_x
        H = h_prev.shape[1]
        a, u = x @ W_x.T + b_x, h_prev @ W_h.T + b_h
        squash = np.tanh if "tanh-on-gates" in made else sigmoid
        r = squash(a[:, :H] + u[:, :H])
        z = squash(a[:, H : 2 * H] + u[:, H : 2 * H])
        if "always-before" in made or (not reset_after and "always-after" not in made):
            past = (r * h_prev) @ W_h[2 * H :].T + b_h[2 * H :]
        elif "b_hn-outside-the-reset" in made:
            past = r * (h_prev @ W_h[2 * H :].T) + b_h[2 * H :]
        else:
            past = r * u[:, 2 * H :]
        n = (sigmoid if "sigmoid-on-candidate" in made else np.tanh)(a[:, 2 * H :] + past)
        if "z-swapped" in made:
            z = 1 - z
        return (1 - z) * n + z * h_prev

    return gru_step


STEP = (
    "gate-order-zrn",
    "W_h-not-transposed",
    "b_x-forgotten",
    "tanh-on-gates",
    "always-before",
    "always-after",
    "b_hn-outside-the-reset",
    "sigmoid-on-candidate",
    "z-swapped",
)


def forward_with(*made):
    """A layer with these mistakes, of the step or of the loop."""
    step = step_with(*made)

    def gru_forward(x, h0, *rest):
        h = 0 * h0 if "initial-state-ignored" in made else h0
        first, hs = h, []
        for x_t in x[::-1] if "time-reversed" in made else x:
            new = step(x_t, h, *rest)
            hs.append(h if "hs-one-step-behind" in made else new)
            h = first if "h-not-carried" in made else new
        hs = np.stack(hs)
        return hs.swapaxes(0, 1) if "hs-batch-first" in made else hs

    return gru_forward


LOOP = (
    "initial-state-ignored",
    "time-reversed",
    "hs-one-step-behind",
    "h-not-carried",
    "hs-batch-first",
)


def backward_with(*made):
    """A backward pass with these mistakes."""

    def gru_backward(x, h0, W_x, W_h, b_x, b_h, dhs):
        hs, H = [h0], h0.shape[1]
        for x_t in x:
            hs.append(step_with()(x_t, hs[-1], W_x, W_h, b_x, b_h))
        dx, dh = np.zeros_like(x), np.zeros_like(h0)
        totals = [np.zeros_like(W) for W in (W_x, W_h, b_x, b_h)]
        for t in range(len(x))[:: 1 if "time-runs-forward" in made else -1]:
            dh = dhs[t] + dh * ("no-carry" not in made)
            h = hs[t]
            a, u = x[t] @ W_x.T + b_x, h @ W_h.T + b_h
            r, z = sigmoid(a[:, :H] + u[:, :H]), sigmoid(a[:, H:-H] + u[:, H:-H])
            n = np.tanh(a[:, -H:] + r * u[:, -H:])
            moved = n - h if "sign-of-dz" in made else h - n
            da_z = dh * moved * (1 if "z-slope-missing" in made else z * (1 - z))
            da_n = dh * (1 - z) * (1 if "candidate-slope-missing" in made else 1 - n**2)
            da_r = da_n * u[:, -H:] * r * (1 - r)
            past = da_n if "r-forgotten-on-the-way-back" in made else da_n * r
            da, du = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, past])
            db_h = da if "db_h-equal-to-db_x" in made else du
            direct = 0 if "direct-road-dropped" in made else dh * z
            back = blocks_transposed(W_h) if "W_h-transposed" in made else W_h
            dx[t], dh = da @ W_x, direct + du @ back
            for total, part in zip(
                totals, (da.T @ x[t], du.T @ h, da.sum(axis=0), db_h.sum(axis=0)), strict=True
            ):
                total *= "parameter-gradients-overwritten" not in made
                total += part / (len(h0) if "averaged-over-batch" in made else 1)
        return dx, dh, *totals

    return gru_backward


BACKWARD = (
    "time-runs-forward",
    "no-carry",
    "sign-of-dz",
    "z-slope-missing",
    "candidate-slope-missing",
    "r-forgotten-on-the-way-back",
    "db_h-equal-to-db_x",
    "direct-road-dropped",
    "W_h-transposed",
    "parameter-gradients-overwritten",
    "averaged-over-batch",
)
# of these the one hides the other: they are one mistake, or cannot be made together
ONE = [
    {"always-before", "always-after"},
    {"always-before", "b_hn-outside-the-reset"},
    {"r-forgotten-on-the-way-back", "db_h-equal-to-db_x"},
]
MADE = {
    "gru-step": (step_with, STEP),
    "gru-forward": (forward_with, (*STEP[-3:], *LOOP)),
    "gru-backward": (backward_with, BACKWARD),
}
ALONE = [(id, slug) for id, (_, slugs) in MADE.items() for slug in slugs]
PAIRS = [
    (id, *pair)
    for id, (_, slugs) in MADE.items()
    for pair in combinations(slugs, 2)
    if set(pair) not in ONE
]


@pytest.mark.parametrize("id", MADE)
def test_without_mistakes_they_pass(id):
    assert report(id, MADE[id][0]()).passed


@pytest.mark.parametrize(("id", "slug"), ALONE)
def test_each_alone_is_recognised(id, slug):
    assert report(id, MADE[id][0](slug)).diagnosis == slug


@pytest.mark.parametrize(("id", "one", "other"), PAIRS)
def test_two_at_once_fail_and_no_third_is_named(id, one, other):
    found = report(id, MADE[id][0](one, other))
    assert not found.passed
    assert found.score <= 1
    both = {one, other}
    if "always-after" in both:  # the one combination that has a name of its own
        both |= {f"{slug}-always-after" for slug in both}
    assert found.diagnosis in {None, *both}


@pytest.mark.parametrize("slug", ["z-swapped", "gate-order-zrn", "b_hn-outside-the-reset"])
def test_a_mistake_is_recognised_before_the_second_form_is_written(slug):
    found = report("gru-step", step_with(slug, "always-after"))
    assert found.diagnosis == f"{slug}-always-after"
    assert "whatever reset_after says" in found.message
