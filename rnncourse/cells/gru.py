"""The GRU (Cho et al. 2014) in both its forms: reset after or before the recurrent product.

The mark at the end of a line is the label of the book's equation that it computes.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from rnncourse.cells.shapes import require_shapes
from rnncourse.cells.unroll import hidden_states, sigmoid, unroll, unroll_backward

Array = np.ndarray


class GRUGates(NamedTuple):
    """Reset gate, update gate and candidate, each (B, H)."""

    r: Array
    z: Array
    n: Array


def gru_gates(
    x: Array,
    h_prev: Array,
    W_x: Array,
    W_h: Array,
    b_x: Array,
    b_h: Array,
    reset_after: bool = True,
) -> GRUGates:
    """Compute the three blocks of one step; shapes as in ``gru_step``."""
    H = h_prev.shape[-1]
    a_r, a_z, a_n = np.split(x @ W_x.T + b_x, 3, axis=-1)
    u_r, u_z = np.split(h_prev @ W_h[: 2 * H].T + b_h[: 2 * H], 2, axis=-1)
    W_hn, b_hn = W_h[2 * H :], b_h[2 * H :]
    r = sigmoid(a_r + u_r)  # (eq-gru-reset-gate)
    z = sigmoid(a_z + u_z)  # (eq-gru-update-gate)
    if reset_after:
        n = np.tanh(a_n + r * (h_prev @ W_hn.T + b_hn))  # (eq-gru-candidate-after)
    else:
        n = np.tanh(a_n + (r * h_prev) @ W_hn.T + b_hn)  # (eq-gru-candidate-before)
    return GRUGates(r, z, n)


def gru_step(
    x: Array,
    h_prev: Array,
    W_x: Array,
    W_h: Array,
    b_x: Array,
    b_h: Array,
    reset_after: bool = True,
) -> Array:
    """Advance one GRU layer by one time step.

    r = σ(x W_xrᵀ + b_xr + h_prev W_hrᵀ + b_hr)       z likewise
    n = tanh(x W_xnᵀ + b_xn + r ⊙ (h_prev W_hnᵀ + b_hn))           reset_after=True
    n = tanh(x W_xnᵀ + b_xn + (r ⊙ h_prev) W_hnᵀ + b_hn)           reset_after=False
    h = (1 − z) ⊙ n + z ⊙ h_prev

    x (B, I); h_prev (B, H); W_x (3H, I), W_h (3H, H), b_x, b_h (3H,), rows stacked r z n.
    True is version 1 of the paper, torch, cuDNN and Keras; False is its version 3 and ONNX's
    default. Returns h (B, H) and writes to none of its inputs. Raises ShapeError. Equals
    torch.nn.GRU.
    """
    _require(x, h_prev, W_x, W_h, b_x, b_h)
    _, z, n = gru_gates(x, h_prev, W_x, W_h, b_x, b_h, reset_after)
    return (1 - z) * n + z * h_prev  # (eq-gru-hidden)


def gru_step_backward(
    x: Array,
    h_prev: Array,
    W_x: Array,
    W_h: Array,
    b_x: Array,
    b_h: Array,
    dh: Array,
    reset_after: bool = True,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients of one step, given dh (B, H): (dx, dh_prev, dW_x, dW_h, db_x, db_h)."""
    _require(x, h_prev, W_x, W_h, b_x, b_h)
    H = h_prev.shape[-1]
    W_hn, b_hn = W_h[2 * H :], b_h[2 * H :]
    r, z, n = gru_gates(x, h_prev, W_x, W_h, b_x, b_h, reset_after)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_n = dh * (1 - z) * (1 - n**2)
    if reset_after:
        dr = da_n * (h_prev @ W_hn.T + b_hn)
        dh_candidate = (da_n * r) @ W_hn
        dW_hn, db_hn = (da_n * r).T @ h_prev, (da_n * r).sum(axis=0)
    else:
        dr = (da_n @ W_hn) * h_prev
        dh_candidate = (da_n @ W_hn) * r
        dW_hn, db_hn = da_n.T @ (r * h_prev), da_n.sum(axis=0)
    da_r = dr * r * (1 - r)
    da_rz = np.concatenate([da_r, da_z], axis=-1)
    da = np.concatenate([da_rz, da_n], axis=-1)  # (eq-gru-dgates)
    dh_prev = dh * z + dh_candidate + da_rz @ W_h[: 2 * H]  # (eq-gru-dhidden)
    dW_h = np.concatenate([da_rz.T @ h_prev, dW_hn])
    db_h = np.concatenate([da_rz.sum(axis=0), db_hn])
    return da @ W_x, dh_prev, da.T @ x, dW_h, da.sum(axis=0), db_h


def gru_forward(
    x: Array,
    h0: Array,
    W_x: Array,
    W_h: Array,
    b_x: Array,
    b_h: Array,
    reset_after: bool = True,
) -> Array:
    """Run over x (T, B, I) from h0 (B, H). Returns hs (T, B, H). Raises ShapeError."""
    require_shapes(x=(x, "T B I"), h0=(h0, "B H"), W_x=(W_x, "3H I"))
    step = partial(gru_step, reset_after=reset_after)
    return hidden_states(unroll(step, x, (h0,), (W_x, W_h, b_x, b_h)))


def gru_backward(
    x: Array,
    h0: Array,
    W_x: Array,
    W_h: Array,
    b_x: Array,
    b_h: Array,
    dhs: Array,
    reset_after: bool = True,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Backpropagation through time: (dx, dh0, dW_x, dW_h, db_x, db_h) for dhs (T, B, H)."""
    require_shapes(x=(x, "T B I"), h0=(h0, "B H"), dhs=(dhs, "T B H"))
    parameters = (W_x, W_h, b_x, b_h)
    states = unroll(partial(gru_step, reset_after=reset_after), x, (h0,), parameters)
    backward = partial(gru_step_backward, reset_after=reset_after)
    dx, (dh0,), (dW_x, dW_h, db_x, db_h) = unroll_backward(
        backward, x, states, parameters, dhs, (np.zeros_like(h0),)
    )
    return dx, dh0, dW_x, dW_h, db_x, db_h


def _require(x: Array, h_prev: Array, W_x: Array, W_h: Array, b_x: Array, b_h: Array) -> None:
    require_shapes(
        x=(x, "B I"),
        h_prev=(h_prev, "B H"),
        W_x=(W_x, "3H I"),
        W_h=(W_h, "3H H"),
        b_x=(b_x, "3H"),
        b_h=(b_h, "3H"),
    )
