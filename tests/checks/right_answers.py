"""Right answers that owe nothing to the package, which would refuse its own."""

from typing import NamedTuple

import numpy as np


class State(NamedTuple):
    h: np.ndarray
    c: np.ndarray


def right_step(x, h_prev, c_prev, W_x, W_h, b):
    a = x @ W_x.T + h_prev @ W_h.T + b
    i, f, o = (0.5 * (1 + np.tanh(0.5 * a.reshape(len(x), 4, -1)[:, k])) for k in (0, 1, 3))
    c = f * c_prev + i * np.tanh(np.split(a, 4, axis=1)[2])
    return State(o * np.tanh(c), c)


def right_forward(x, h0, c0, *parameters):
    hs, state = [], (h0, c0)
    for x_t in x:
        state = right_step(x_t, *state, *parameters)
        hs.append(state.h)
    return np.stack(hs), state
