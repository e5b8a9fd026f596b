"""The hoisted LSTM, for comparison: `rnncourse.cells` multiplies at every step."""

import numpy as np

from rnncourse.cells import sigmoid

Array = np.ndarray


def hoisted_lstm_forward(
    x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array
) -> tuple[Array, tuple[Array, Array]]:
    """Run an LSTM whose input product is made once: hs (T, B, H) and the last (h, c)."""
    T, B, I = x.shape
    products = (x.reshape(T * B, I) @ W_x.T + b).reshape(T, B, len(b))  # (eq-costs-hoist)
    h, c, hs = h0, c0, []
    for a_x in products:
        a_i, a_f, a_g, a_o = np.split(a_x + h @ W_h.T, 4, axis=-1)
        c = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)
        h = sigmoid(a_o) * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)
