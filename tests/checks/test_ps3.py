"""Problem set 3: right GRUs pass however they are written, and two mistakes at once do not."""

import re
from itertools import accumulate

import numpy as np
import pytest
import torch

from rnncourse.checks import report

# right answers, in many styles; none calls the course's own


def sigmoid(a):
    return 1 / (1 + np.exp(-a))  # overflows at -1000 with a warning, and is right


def stable(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e)).astype(a.dtype)


def fused(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    a, u = x @ W_x.T + b_x, h_prev @ W_h.T + b_h
    H = h_prev.shape[-1]
    r, z = np.split(stable(a[:, : 2 * H] + u[:, : 2 * H]), 2, axis=1)
    if reset_after:
        n = np.tanh(a[:, 2 * H :] + r * u[:, 2 * H :])
    else:
        n = np.tanh(a[:, 2 * H :] + (r * h_prev) @ W_h[2 * H :].T + b_h[2 * H :])
    return n + z * (h_prev - n)


def gate_by_gate(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    W_xr, W_xz, W_xn = W_x.reshape(3, -1, x.shape[1])
    W_hr, W_hz, W_hn = W_h.reshape(3, h_prev.shape[1], -1)
    (b_xr, b_xz, b_xn), (b_hr, b_hz, b_hn) = np.split(b_x, 3), np.split(b_h, 3)
    r = sigmoid(x.dot(W_xr.T) + h_prev.dot(W_hr.T) + (b_xr + b_hr))
    z = sigmoid(x.dot(W_xz.T) + h_prev.dot(W_hz.T) + (b_xz + b_hz))
    past = np.dot(h_prev, W_hn.T) if reset_after else np.dot(r * h_prev, W_hn.T) + b_hn
    past = r * (past + b_hn) if reset_after else past
    return (1.0 - z) * np.tanh(np.dot(x, W_xn.T) + b_xn + past) + z * h_prev


def with_einsum(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    H = h_prev.shape[1]
    a = np.einsum("bi,ki->kb", x, W_x) + b_x[:, None]
    u = np.einsum("bj,kj->kb", h_prev, W_h) + b_h[:, None]
    r, z = stable(a[:H] + u[:H]), stable(a[H:-H] + u[H:-H])
    if not reset_after:
        heard = np.einsum("jb,bj,kj->kb", r, h_prev, W_h[-H:]) + b_h[-H:, None]
    else:
        heard = r * u[-H:]
    return (z * h_prev.T + (1 - z) * np.tanh(a[-H:] + heard)).T


def unit_by_unit(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    B, H = h_prev.shape
    h = np.empty_like(h_prev)
    for k in range(B):
        a = [W_x[row] @ x[k] + b_x[row] for row in range(3 * H)]
        u = [W_h[row] @ h_prev[k] + b_h[row] for row in range(3 * H)]
        r = stable(np.array(a[:H]) + np.array(u[:H]))
        for j in range(H):
            if reset_after:
                past = r[j] * u[2 * H + j]
            else:
                past = W_h[2 * H + j] @ (r * h_prev[k]) + b_h[2 * H + j]
            z = stable(a[H + j] + u[H + j])
            h[k, j] = (1 - z) * np.tanh(a[2 * H + j] + past) + z * h_prev[k, j]
    return h


def one_matrix_for_the_gates(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    H = h_prev.shape[1]
    both = np.concatenate([x, h_prev], axis=1) @ np.concatenate([W_x, W_h], axis=1)[: 2 * H].T
    r, z = stable(both + b_x[: 2 * H] + b_h[: 2 * H]).reshape(len(x), 2, H).swapaxes(0, 1)
    past = h_prev if reset_after else r * h_prev
    past = past @ W_h[2 * H :].T + b_h[2 * H :]
    n = np.tanh(x @ W_x[2 * H :].T + b_x[2 * H :] + (r * past if reset_after else past))
    return np.where(z > 0.5, h_prev + (1 - z) * (n - h_prev), n + z * (h_prev - n))


def with_more(*arguments):
    h = fused(*arguments)
    return h, {"cache": arguments}


def in_a_list(*arguments):
    return [fused(*arguments)]


def rows_in_a_list(*arguments):
    return list(fused(*arguments))


BUFFERS = {}


def reused_buffer(x, h_prev, *rest):
    h = BUFFERS.setdefault((h_prev.shape, h_prev.dtype), np.empty_like(h_prev))
    h[:] = fused(x, h_prev, *rest)
    return h


STEPS = {
    "fused": fused,
    "gate by gate, naive sigmoid": gate_by_gate,
    "einsum, batch last": with_einsum,
    "unit by unit": unit_by_unit,
    "one matrix for the gates": one_matrix_for_the_gates,
    "more values": with_more,
    "in a list": in_a_list,
    "rows in a list": rows_in_a_list,
    "reused buffer": reused_buffer,
    "lambda": lambda *arguments: fused(*arguments),
}


def preallocated(x, h0, W_x, W_h, b_x, b_h, reset_after=True):
    hs = np.empty((*x.shape[:2], h0.shape[1]), x.dtype)
    h = h0
    for t in range(len(x)):
        hs[t] = h = gate_by_gate(x[t], h, W_x, W_h, b_x, b_h, reset_after)
    return hs


def projected_first(x, h0, W_x, W_h, b_x, b_h, reset_after=True):
    a, h, hs = x @ W_x.T + b_x, h0, []
    for a_r, a_z, a_n in zip(*np.split(a, 3, axis=-1), strict=True):
        u_r, u_z, u_n = np.split(h @ W_h.T + b_h, 3, axis=-1)
        r, z = stable(a_r + u_r), stable(a_z + u_z)
        H = h.shape[1]
        past = r * u_n if reset_after else (r * h) @ W_h[2 * H :].T + b_h[2 * H :]
        h = (1 - z) * np.tanh(a_n + past) + z * h
        hs += [h]
    return hs  # a list


def accumulated(x, h0, *rest):
    return np.array(list(accumulate(x, lambda h, x_t: fused(x_t, h, *rest), initial=h0))[1:])


def recursive(x, h0, *rest):
    if len(x) == 0:
        return np.empty((0, *h0.shape), h0.dtype)
    hs = recursive(x[:-1], h0, *rest)
    h = fused(x[-1], hs[-1] if len(hs) else h0, *rest)
    return np.concatenate([hs, h[None]])


def with_the_last_state(*arguments):
    hs = preallocated(*arguments)
    return hs, hs[-1]


FORWARDS = {
    "preallocated": preallocated,
    "projected first, a list": projected_first,
    "accumulate": accumulated,
    "recursive": recursive,
    "with the last state": with_the_last_state,
}


def with_a_tape(x, h0, W_x, W_h, b_x, b_h, dhs):
    H, h, tape = h0.shape[1], h0, []
    for x_t in x:
        a, u = x_t @ W_x.T + b_x, h @ W_h.T + b_h
        r, z = stable(a[:, :H] + u[:, :H]), stable(a[:, H:-H] + u[:, H:-H])
        n = np.tanh(a[:, -H:] + r * u[:, -H:])
        tape.append((h, r, z, n, u[:, -H:]))
        h = (1 - z) * n + z * h
    dh, das, dus = np.zeros_like(h0), [], []
    for (h, r, z, n, u_n), dh_t in zip(tape[::-1], dhs[::-1], strict=True):
        dh = dh + dh_t
        da_n = dh * (1 - z) * (1 - n**2)
        gates = [da_n * u_n * r * (1 - r), dh * (h - n) * z * (1 - z)]
        das.insert(0, np.concatenate([*gates, da_n], axis=1))
        dus.insert(0, np.concatenate([*gates, da_n * r], axis=1))
        dh = dh * z + dus[0] @ W_h
    da, du = np.array(das), np.array(dus)  # all steps at once
    hs = np.array([step[0] for step in tape])
    dW_x, dW_h = np.einsum("tbk,tbi->ki", da, x), np.einsum("tbk,tbj->kj", du, hs)
    return da @ W_x, dh, dW_x, dW_h, da.sum(axis=(0, 1)), du.sum(axis=(0, 1))


def block_by_block(x, h0, W_x, W_h, b_x, b_h, dhs, reset_after=True):
    """Both forms, one block at a time, parameters' gradients summed in place, in a list."""
    H = h0.shape[1]
    R, Z, N = (slice(k * H, (k + 1) * H) for k in range(3))
    hs = [h0, *preallocated(x, h0, W_x, W_h, b_x, b_h, reset_after)]
    dx, dW_x, dW_h, db_x, db_h = (np.zeros_like(p) for p in (x, W_x, W_h, b_x, b_h))
    dh = np.zeros_like(h0)
    for t in range(len(x))[::-1]:
        dh, h = dh + dhs[t], hs[t]
        r = stable(x[t] @ W_x[R].T + b_x[R] + h @ W_h[R].T + b_h[R])
        z = stable(x[t] @ W_x[Z].T + b_x[Z] + h @ W_h[Z].T + b_h[Z])
        read = h if reset_after else r * h
        u = read @ W_h[N].T + b_h[N]
        n = np.tanh(x[t] @ W_x[N].T + b_x[N] + (r * u if reset_after else u))
        dn = (1 - z) * dh * (1 + n) * (1 - n)
        du = r * dn if reset_after else dn
        dread = du @ W_h[N]
        dr = dn * u if reset_after else dread * h
        sides = [(R, dr * (r - r * r)), (Z, dh * (h - n) * (z - z * z))]
        dh = z * dh + (dread if reset_after else r * dread)
        for rows, d in [*sides, (N, dn)]:
            dx[t] += d @ W_x[rows]
            dW_x[rows] += d.T @ x[t]
            db_x[rows] += d.sum(axis=0)
        for rows, d in sides:
            dh = dh + d @ W_h[rows]
            dW_h[rows] += d.T @ h
            db_h[rows] += np.ones(len(d), d.dtype) @ d
        dW_h[N] += du.T @ read
        db_h[N] += du.sum(axis=0)
    return [dx, dh, dW_x, dW_h, db_x, db_h, "more"]


def bonus_left_open(*arguments):
    if len(arguments) == 8:
        raise NotImplementedError
    return with_a_tape(*arguments)


def flag_ignored(*arguments):
    return with_a_tape(*arguments[:7])


def flipped(W_x, W_h, b_x, b_h):
    def flip(W):
        r, z, n = np.split(W, 3)
        return np.concatenate([r, -z, n])

    return flip(W_x), flip(W_h), flip(b_x), flip(b_h)


def flipped_in_a_list(*parameters):
    H = len(parameters[2]) // 3
    copies = [np.copy(p) for p in parameters]
    for copy in copies:
        copy[H : 2 * H] *= -1
    return [*copies, "more"]


def flipped_into_one_bias(W_x, W_h, b_x, b_h):
    """All of z's and r's bias in b_x: the same function."""
    W_x, W_h, b_x, b_h = flipped(W_x, W_h, b_x, b_h)
    gates = slice(2 * len(b_x) // 3)
    b_x[gates], b_h[gates] = b_x[gates] + b_h[gates], 0
    return W_x, W_h, b_x, b_h


BACKWARDS = {
    "with a tape": with_a_tape,
    "block by block, both forms": block_by_block,
    "bonus left open": bonus_left_open,
    "bonus ignored": flag_ignored,
}
FLIPS = {
    "split": flipped,
    "slices, in a list": flipped_in_a_list,
    "into one bias": flipped_into_one_bias,
}


@pytest.mark.parametrize(
    ("id", "function"),
    [
        pytest.param(f"{check}", function, id=f"{check}: {name}")
        for check, styles in {
            "gru-step": STEPS,
            "gru-forward": FORWARDS,
            "gru-backward": BACKWARDS,
            "flip-update-gate": FLIPS,
        }.items()
        for name, function in styles.items()
    ],
)
def test_passes(id, function):
    found = report(id, function)
    assert found.passed, found.text()
    assert found.score == found.max_score


@pytest.fixture
def layer():
    torch.manual_seed(7)
    return torch.nn.GRU(3, 4, dtype=torch.float64)


@pytest.fixture
def drawn(layer):
    rng = np.random.default_rng(7)
    x, h0, dhs = (rng.normal(size=size) for size in ((5, 2, 3), (2, 4), (5, 2, 4)))
    return x, h0, *(p.detach().numpy() for p in layer.parameters()), dhs


@pytest.mark.parametrize("forward", [preallocated, projected_first, accumulated, recursive])
def test_the_styles_are_torchs_gru(forward, layer, drawn):
    x, h0, *parameters, _ = drawn
    wanted, _ = layer(torch.from_numpy(x), torch.from_numpy(h0)[None])
    np.testing.assert_allclose(forward(x, h0, *parameters), wanted.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("backward", [with_a_tape, block_by_block])
def test_the_styles_have_the_gradients_of_torchs_gru(backward, layer, drawn):
    x, h0, *_, dhs = drawn
    leaves = [torch.from_numpy(array).requires_grad_() for array in (x, h0)]
    (layer(leaves[0], leaves[1][None])[0] * torch.from_numpy(dhs)).sum().backward()
    wanted = [leaf.grad for leaf in (*leaves, *layer.parameters())]
    for got, gradient in zip(backward(*drawn), wanted, strict=False):
        np.testing.assert_allclose(got, gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("flip", FLIPS.values(), ids=FLIPS)
def test_a_flip_of_any_style_gives_the_same_gru_in_the_other_convention(flip, drawn):
    x, h0, *parameters, _ = drawn
    W_x, W_h, b_x, b_h = flip(*parameters)[:4]
    h = h0
    for x_t in x:
        a, u = np.split(x_t @ W_x.T + b_x, 3, axis=1), np.split(h @ W_h.T + b_h, 3, axis=1)
        z = sigmoid(a[1] + u[1])
        h = (1 - z) * h + z * np.tanh(a[2] + sigmoid(a[0] + u[0]) * u[2])
    np.testing.assert_allclose(h, preallocated(x, h0, *parameters)[-1], rtol=0, atol=1e-12)


# what is half done


def one_form_alone(x, h_prev, W_x, W_h, b_x, b_h, reset_after=True):
    if not reset_after:
        raise NotImplementedError
    return fused(x, h_prev, W_x, W_h, b_x, b_h)


def test_the_default_form_alone_earns_all_but_the_other():
    found = report("gru-step", one_form_alone)
    assert [item.name for item in found.items if not item.passed] == [
        "random inputs",
        "reset before the product",
    ]
    assert found.score == 5
    assert "one_form_alone is not written yet for reset_after=False." in found.message


def test_a_mistake_in_the_form_that_is_written_is_shown_before_the_missing_form():
    def renews(*arguments):
        return one_form_alone(*arguments[:2], *flipped(*arguments[2:6]), *arguments[6:])

    found = report("gru-step", renews)
    assert found.score == 0
    assert "h differs" in found.message
    assert "not written" not in found.message


def test_a_form_that_forgets_the_flag_on_the_way_to_the_step_is_told_so():
    found = report("gru-forward", lambda *arguments: preallocated(*arguments[:6]))
    assert found.diagnosis == "always-after"
    assert "hands reset_after on" in found.message


def test_the_bonus_is_shown_where_it_is_open():
    found = report("gru-backward", bonus_left_open)
    assert found.passed
    assert found.score == found.max_score == 10
    assert [item.name for item in found.items if not item.passed] == [
        "the gradients of reset_after=False"
    ]


def test_a_flip_in_place_loses_one_item():
    def in_place(*parameters):
        for parameter in parameters:
            H = len(parameter) // 3
            parameter[H : 2 * H] *= -1
        return parameters

    found = report("flip-update-gate", in_place)
    assert not found.passed
    assert [item.name for item in found.items if not item.passed] == ["inputs left as they were"]


# the probe of flip_update_gate is its own

BAD_FLIPS = {
    "nothing": (lambda *given: None, "Is the return statement missing?"),
    "three": (lambda *given: given[:3], "returned 3 values, expected 4: W_x, W_h, b_x, b_h"),
    "transposed": (
        lambda W_x, W_h, b_x, b_h: (W_x.T, W_h, b_x, b_h),
        r"W_x of shape \(\d+, \d+\), expected \(\d+, \d+\) = \(3H, I\)",
    ),
    "one block": (
        lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x[: len(b_x) // 3], b_h),
        r"b_x of shape \(\d+,\), expected \(\d+,\) = \(3H\)",
    ),
    "a generator": (lambda *given: (array for array in given), "a value of type generator"),
    "objects": (lambda *given: [array.astype(object) for array in given], "an array of object"),
    "complex": (lambda *given: [array * 1j for array in given], "an array of complex128"),
    "nan": (lambda *given: [array * np.nan for array in flipped(*given)], "not finite"),
    "raises": (lambda *given: flipped(given), "missing 3 required positional arguments"),
}


@pytest.mark.parametrize(("function", "said"), BAD_FLIPS.values(), ids=BAD_FLIPS)
def test_a_flip_that_returns_something_else_is_told_what(function, said):
    found = report("flip-update-gate", function)
    assert found.score == 0
    assert re.search(said, found.message), found.message
