"""Biases by name on a torch layer: the numbers of ``rnncourse.cells.initialise`` in their rows."""

import numpy as np
import torch
from torch import Tensor

from rnncourse.cells.initialise import chrono, keep_bias

NAMES = {"LSTM": ("forget_bias", "chrono"), "GRU": ("keep_bias", "chrono")}


def check_named_bias(mode: str, init: str | None, horizon: float | None) -> None:
    """Raise ValueError unless ``init`` is a name that the cell has, with a horizon for chrono."""
    names = NAMES.get(mode, ())
    if init is not None and init not in names:
        known = " or ".join(map(repr, names)) or "nothing but None: no gate keeps its state"
        raise ValueError(f"init is {init!r}, expected {known} for {mode}")
    if (init == "chrono") != (horizon is not None):
        raise ValueError(
            f"horizon is {horizon} with init={init!r}: chrono, and it alone, needs the longest "
            "dependency in steps"
        )


@torch.no_grad()
def set_named_bias(mode: str, init: str, horizon: float | None, b_x: Tensor, b_h: Tensor) -> None:
    """Set the rows that ``init`` speaks of: all of the value in b_x, zero in b_h.

    Chrono draws its time scales; torch's seed decides them.
    """
    cell, H = mode.lower(), len(b_x) // (4 if mode == "LSTM" else 3)
    if init == "chrono":
        seed = int(torch.randint(2**63 - 1, ()))
        values, _ = chrono(cell, H, horizon or 0, np.random.default_rng(seed))
        rows = slice(0, 2 * H) if mode == "LSTM" else slice(H, 2 * H)
    else:
        values, _ = keep_bias(cell, H)
        rows = slice(H, 2 * H)
    b_x[rows] = torch.from_numpy(values[rows]).to(b_x)
    b_h[rows] = 0
