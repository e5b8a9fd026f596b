"""The vanilla RNN: one tanh layer that reads its own last output (Elman 1990).

The mark at the end of a line is the label of the book's equation that it computes.
"""

import numpy as np

from rnncourse.cells.shapes import require_shapes
from rnncourse.cells.unroll import hidden_states, unroll, unroll_backward

Array = np.ndarray


def rnn_step(x: Array, h_prev: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    """Advance a vanilla RNN by one time step.

    h = tanh(x W_xᵀ + h_prev W_hᵀ + b)

    x (B, I); h_prev (B, H); W_x (H, I), W_h (H, H), b (H,). Returns h (B, H) and writes to none
    of its inputs. Raises ShapeError. Equals torch.nn.RNN with b = b_ih + b_hh.
    """
    _require(x, h_prev, W_x, W_h, b)
    return np.tanh(x @ W_x.T + h_prev @ W_h.T + b)  # (eq-rnn-step)


def rnn_step_backward(
    x: Array, h_prev: Array, W_x: Array, W_h: Array, b: Array, dh: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of one step, given dh (B, H): (dx, dh_prev, dW_x, dW_h, db)."""
    h = rnn_step(x, h_prev, W_x, W_h, b)
    da = dh * (1 - h**2)  # (eq-rnn-da)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)  # (eq-rnn-gradients)


def rnn_forward(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    """Run over x (T, B, I) from h0 (B, H). Returns hs (T, B, H). Raises ShapeError."""
    require_shapes(x=(x, "T B I"), h0=(h0, "B H"), W_x=(W_x, "H I"), W_h=(W_h, "H H"), b=(b, "H"))
    return hidden_states(unroll(rnn_step, x, (h0,), (W_x, W_h, b)))


def rnn_backward(
    x: Array, h0: Array, W_x: Array, W_h: Array, b: Array, dhs: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Backpropagation through time: (dx, dh0, dW_x, dW_h, db) for dhs (T, B, H)."""
    require_shapes(x=(x, "T B I"), h0=(h0, "B H"), dhs=(dhs, "T B H"))
    states = unroll(rnn_step, x, (h0,), (W_x, W_h, b))
    dx, (dh0,), (dW_x, dW_h, db) = unroll_backward(
        rnn_step_backward, x, states, (W_x, W_h, b), dhs, (np.zeros_like(h0),)
    )
    return dx, dh0, dW_x, dW_h, db


def _require(x: Array, h_prev: Array, W_x: Array, W_h: Array, b: Array) -> None:
    require_shapes(
        x=(x, "B I"), h_prev=(h_prev, "B H"), W_x=(W_x, "H I"), W_h=(W_h, "H H"), b=(b, "H")
    )
