"""What ps1 asks for beyond the cells: central differences, and the gradient by lag."""

from collections.abc import Callable

import numpy as np

from rnncourse.cells import rnn_forward

Array = np.ndarray


def numerical_gradient(f: Callable[[Array], float], x: Array, eps: float) -> Array:
    """Gradient of f at x by central differences, in the shape and dtype of x."""
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = eps
        gradient[index] = (f(x + step) - f(x - step)) / (2 * eps)
    return gradient


def gradient_by_lag(x: Array, h0: Array, W_x: Array, W_h: Array, b: Array) -> Array:
    """Return norms (T,): entry k the Frobenius norm of ∂h_T/∂x_{T-k}, mean over the batch."""
    hs = rnn_forward(x, h0, W_x, W_h, b)
    return np.linalg.norm(products(1 - hs**2, W_h) @ W_x, axis=(2, 3)).mean(axis=1)


def products(slopes: Array, W_h: Array) -> Array:
    """Return ∂h_T/∂a_{T-k} of each sequence, (T, B, H, H), entry k at lag k.

    It is D_T W_h D_{T-1} ... W_h D_{T-k}, with the slopes (T, B, H) of step t on the diagonal of
    D_t (Pascanu, Mikolov & Bengio 2013).
    """
    by_lag = [slopes[-1][:, :, None] * np.eye(len(W_h), dtype=W_h.dtype)]
    for earlier in slopes[-2::-1]:
        by_lag.append(by_lag[-1] @ W_h * earlier[:, None, :])
    return np.stack(by_lag)
