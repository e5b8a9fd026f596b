"""LSTM and GRU, to learn, to build and to choose between.

``RNN``, ``LSTM`` and ``GRU`` are torch layers; they load torch on first use, so that the rest
works with NumPy alone.
"""

from typing import TYPE_CHECKING

from rnncourse.checks import check

if TYPE_CHECKING:
    from rnncourse.layers import GRU, LSTM, RNN

__all__ = ["GRU", "LSTM", "RNN", "check"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in ("GRU", "LSTM", "RNN"):
        from rnncourse import layers

        return getattr(layers, name)
    raise AttributeError(f"module 'rnncourse' has no attribute {name!r}")
