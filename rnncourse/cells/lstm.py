"""The LSTM with a forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000).

The mark at the end of a line is the label of the book's equation that it computes.
"""

from typing import NamedTuple

import numpy as np

from rnncourse.cells.shapes import require_shapes
from rnncourse.cells.unroll import hidden_states, sigmoid, unroll, unroll_backward

Array = np.ndarray


class LSTMState(NamedTuple):
    """What an LSTM carries from step to step, each (B, H)."""

    h: Array
    c: Array


class LSTMGates(NamedTuple):
    """Input, forget and output gate, and candidate, each (B, H)."""

    i: Array
    f: Array
    g: Array
    o: Array


def lstm_gates(x: Array, h_prev: Array, W_x: Array, W_h: Array, b: Array) -> LSTMGates:
    """Compute the four blocks of one step; shapes as in ``lstm_step``."""
    a = x @ W_x.T + h_prev @ W_h.T + b  # (eq-lstm-preactivation)
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)
    i = sigmoid(a_i)  # (eq-lstm-input-gate)
    f = sigmoid(a_f)  # (eq-lstm-forget-gate)
    g = np.tanh(a_g)  # (eq-lstm-candidate)
    o = sigmoid(a_o)  # (eq-lstm-output-gate)
    return LSTMGates(i, f, g, o)


def lstm_step(
    x: Array, h_prev: Array, c_prev: Array, W_x: Array, W_h: Array, b: Array
) -> LSTMState:
    """Advance one LSTM layer by one time step.

    a = x W_xᵀ + h_prev W_hᵀ + b        i, f, o = σ(a_i), σ(a_f), σ(a_o)        g = tanh(a_g)
    c = f ⊙ c_prev + i ⊙ g              h = o ⊙ tanh(c)

    x (B, I); h_prev, c_prev (B, H); W_x (4H, I), W_h (4H, H), b (4H,), rows stacked i f g o.
    Returns LSTMState(h, c) and writes to none of its inputs. Raises ShapeError, which names the
    array and the letter that disagrees. Equals torch.nn.LSTM with b = b_ih + b_hh.
    """
    _require(x, h_prev, c_prev, W_x, W_h, b)
    i, f, g, o = lstm_gates(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * g  # (eq-lstm-cell)
    h = o * np.tanh(c)  # (eq-lstm-hidden)
    return LSTMState(h, c)


def lstm_step_backward(
    x: Array,
    h_prev: Array,
    c_prev: Array,
    W_x: Array,
    W_h: Array,
    b: Array,
    dh: Array,
    dc: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients of one step, given those of its two outputs, dh and dc (B, H).

    Returns (dx, dh_prev, dc_prev, dW_x, dW_h, db), each in the shape of what it is the gradient
    of. The gates are computed again rather than kept.
    """
    _require(x, h_prev, c_prev, W_x, W_h, b)
    i, f, g, o = lstm_gates(x, h_prev, W_x, W_h, b)
    tanh_c = np.tanh(f * c_prev + i * g)
    dc = dc + dh * o * (1 - tanh_c**2)  # two roads: through time, and through h  (eq-lstm-dcell)
    da_i = dc * g * i * (1 - i)
    da_f = dc * c_prev * f * (1 - f)
    da_g = dc * i * (1 - g**2)
    da_o = dh * tanh_c * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=-1)  # (eq-lstm-dgates)
    return da @ W_x, da @ W_h, dc * f, da.T @ x, da.T @ h_prev, da.sum(axis=0)


def lstm_forward(
    x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array
) -> tuple[Array, LSTMState]:
    """Run over x (T, B, I) from h0, c0 (B, H).

    Returns hs (T, B, H) and the last LSTMState. Raises ShapeError.
    """
    require_shapes(x=(x, "T B I"), h0=(h0, "B H"), c0=(c0, "B H"), W_x=(W_x, "4H I"))
    states = unroll(lstm_step, x, LSTMState(h0, c0), (W_x, W_h, b))
    return hidden_states(states), LSTMState(*states[-1])


def lstm_backward(
    x: Array,
    h0: Array,
    c0: Array,
    W_x: Array,
    W_h: Array,
    b: Array,
    dhs: Array,
    dc: Array | None = None,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Backpropagation through time for dhs (T, B, H), the gradient of every hidden state.

    ``dc`` (B, H) is the gradient of the last cell state, where the loss reads it (default 0).
    Returns (dx, dh0, dc0, dW_x, dW_h, db). Raises ShapeError.
    """
    require_shapes(x=(x, "T B I"), h0=(h0, "B H"), c0=(c0, "B H"), dhs=(dhs, "T B H"))
    states = unroll(lstm_step, x, LSTMState(h0, c0), (W_x, W_h, b))
    dlast = (np.zeros_like(h0), np.zeros_like(c0) if dc is None else dc)
    dx, (dh0, dc0), (dW_x, dW_h, db) = unroll_backward(
        lstm_step_backward, x, states, (W_x, W_h, b), dhs, dlast
    )
    return dx, dh0, dc0, dW_x, dW_h, db


def _require(x: Array, h_prev: Array, c_prev: Array, W_x: Array, W_h: Array, b: Array) -> None:
    require_shapes(
        x=(x, "B I"),
        h_prev=(h_prev, "B H"),
        c_prev=(c_prev, "B H"),
        W_x=(W_x, "4H I"),
        W_h=(W_h, "4H H"),
        b=(b, "4H"),
    )
