"""A character LSTM with trained weights, for a learner's own step to run."""

from importlib.resources import files
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Writer(NamedTuple):
    """An LSTM that reads a character, one-hot of size I, and scores the next one.

    ``alphabet`` has the I characters, in the order of the one-hot vector and of the scores. W_x
    (4H, I), W_h (4H, H), b (4H,), rows stacked i f g o. The scores, before a softmax, are
    h @ W_out.T + b_out, with W_out (I, H) and b_out (I,). All in float32.
    """

    alphabet: str
    W_x: Array
    W_h: Array
    b: Array
    W_out: Array
    b_out: Array


def writer() -> Writer:
    """Load an LSTM that was trained on a megabyte of Shakespeare's plays.

    writer.json, beside the weights, says on what, how and how well; tools/train_writer.py trained
    it.
    """
    with (files("rnncourse.tasks") / "writer.npz").open("rb") as file:
        stored = np.load(file)
        alphabet = str(stored["alphabet"])
        return Writer(alphabet, *(stored[name].astype(np.float32) for name in Writer._fields[1:]))
