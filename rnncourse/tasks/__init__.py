"""What cells can be tried on: a trained character LSTM. NumPy alone."""

from rnncourse.tasks.trained import Writer, writer

__all__ = ["Writer", "writer"]
