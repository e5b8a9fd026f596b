"""LSTM and GRU, to learn, to build and to choose between.

``RNN``, ``LSTM`` and ``GRU`` are torch layers, ``enable_native`` makes the latter two faster; they
load torch on first use, so that the rest works with NumPy alone.
"""

from typing import TYPE_CHECKING

from rnncourse.checks import check

if TYPE_CHECKING:
    from rnncourse.layers import GRU, LSTM, RNN, enable_native

__all__ = ["GRU", "LSTM", "RNN", "check", "enable_native"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in ("GRU", "LSTM", "RNN", "enable_native"):
        from rnncourse import layers

        return getattr(layers, name)
    raise AttributeError(f"module 'rnncourse' has no attribute {name!r}")
