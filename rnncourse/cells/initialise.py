"""Gate biases by name: what a cell remembers before it has learned anything.

Each function returns (b_x, b_h), zero outside the gates that it sets. All of it stands in b_x: a
value set in both vectors would count twice.
"""

import numpy as np

Array = np.ndarray

BLOCKS = {"lstm": 4, "gru": 3}  # rows i f g o and r z n: the gate that keeps is the second


def keep_bias(cell: str, hidden_size: int, value: float = 1.0) -> tuple[Array, Array]:
    """Bias the gate that keeps the old state: f of the "lstm", z of the "gru".

    A positive value keeps, because h = (1 − z) ⊙ n + z ⊙ h_prev in this course; a GRU written
    with z for 1 − z needs the opposite sign. Returns b_x, b_h (4H,) or (3H,). Raises ValueError
    for a cell that has no such gate, and for a size below 1.
    """
    b_x, b_h = _zeros(cell, hidden_size)
    b_x[hidden_size : 2 * hidden_size] = value
    return b_x, b_h


def forget_bias(hidden_size: int, value: float = 1.0) -> tuple[Array, Array]:
    """``keep_bias`` of the LSTM, under the name that its users know: b_x, b_h (4H,)."""
    return keep_bias("lstm", hidden_size, value)


def chrono_bias(cell: str, timescales: Array) -> tuple[Array, Array]:
    """Let unit k keep its state for about ``timescales[k]`` steps (Tallec & Ollivier 2018).

    b_f = log(timescales) and b_i = −b_f for the "lstm"; b_z = log(timescales) for the "gru". With
    all else at zero, f = timescale / (1 + timescale). ``timescales`` (H,), each 1 or more.
    Returns b_x, b_h (4H,) or (3H,). Raises ValueError.
    """
    timescales = np.asarray(timescales, dtype=np.float64)
    if timescales.ndim != 1:
        raise ValueError(f"timescales has shape {timescales.shape}, expected (H,)")
    if not (np.isfinite(timescales) & (timescales >= 1)).all():
        raise ValueError(f"timescales are {timescales}, expected finite numbers of 1 or more")
    H = timescales.size
    b_x, b_h = _zeros(cell, H)
    b_x[H : 2 * H] = np.log(timescales)
    if cell == "lstm":
        b_x[:H] = -b_x[H : 2 * H]
    return b_x, b_h


def chrono(
    cell: str, hidden_size: int, T_max: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """``chrono_bias`` with the timescales of the paper, drawn from U(1, T_max − 1).

    ``T_max`` is the longest dependency that the task is thought to have, in steps. Returns b_x,
    b_h (4H,) or (3H,). Raises ValueError.
    """
    if not 2 <= T_max < np.inf:
        raise ValueError(f"T_max is {T_max}, expected a finite number of 2 or more")
    _zeros(cell, hidden_size)  # refuse bad input before anything is drawn from rng
    return chrono_bias(cell, rng.uniform(1, T_max - 1, size=hidden_size))


def _zeros(cell: str, hidden_size: int) -> tuple[Array, Array]:
    if cell not in BLOCKS:
        raise ValueError(f"cell is {cell!r}, expected 'lstm' or 'gru': they have a gate that keeps")
    if not isinstance(hidden_size, int | np.integer) or hidden_size < 1:
        raise ValueError(f"hidden_size is {hidden_size!r}, expected a whole number of 1 or more")
    size = BLOCKS[cell] * hidden_size
    return np.zeros(size), np.zeros(size)
