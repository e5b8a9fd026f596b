"""What learners write instead of the hoisted LSTM, each mistake as a formula that runs."""

from dataclasses import replace

import numpy as np

from rnncourse.cells import lstm_forward
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.lstm_forward import FORWARD

Array = np.ndarray

HOIST = "costs-hoist"


def _project(x: Array, W_x: Array) -> Array:
    return x @ W_x.T


def _hoisted(forward: Function, project: Function = _project) -> Function:
    """Make the input product before the loop: what is left for W_x to do is nothing."""

    def wrong(x: Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array) -> tuple:
        return forward(project(x, W_x), h0, c0, np.eye(len(W_x), dtype=x.dtype), W_h, b)

    return wrong


def _flattened_batch_first(x: Array, W_x: Array) -> Array:
    T, B, I = x.shape
    return (x.swapaxes(0, 1).reshape(T * B, I) @ W_x.T).reshape(T, B, -1)


def _unflattened_batch_first(x: Array, W_x: Array) -> Array:
    T, B, I = x.shape
    return (x.reshape(T * B, I) @ W_x.T).reshape(B, T, -1).swapaxes(0, 1)


def _features_mixed(x: Array, W_x: Array) -> Array:
    T, B, I = x.shape
    return (x.reshape(I, T * B).T @ W_x.T).reshape(T, B, -1)


def _weights_reshaped(x: Array, W_x: Array) -> Array:
    return x @ W_x.reshape(W_x.shape[::-1])


def _first_alone(x: Array, W_x: Array) -> Array:
    return np.repeat((x @ W_x.T)[:1], len(x), axis=0)


def _one_step_behind(x: Array, W_x: Array) -> Array:
    return np.roll(x @ W_x.T, 1, axis=0)


FLAT = "After your reshape, which row of the product belongs to step 1 of sequence 0?"
OTHERWISE = ("bias-twice", "weights-reshaped")  # said or done in another way below
INDEX = "Which row of the product does your step t read?"

HOISTED = (
    Mistake(
        "not-hoisted",
        "a layer that is right, and multiplies by W_x again at every step",
        "Which part of a step needs nothing from the step before?",
        HOIST,
        lambda *arguments: lstm_forward(*arguments),
    ),
    *(
        replace(mistake, section=HOIST, wrong=_hoisted(mistake.wrong))
        for mistake in FORWARD
        if mistake.slug not in OTHERWISE
    ),
    Mistake(
        "bias-twice",
        "a layer that adds b to the product and once more in the loop",
        "In how many of your lines does b stand?",
        HOIST,
        _hoisted(lambda x, h0, c0, W_x, W_h, b: lstm_forward(x, h0, c0, W_x, W_h, 2 * b)),
    ),
    Mistake(
        "flattened-batch-first",
        "a layer that flattens x with the batch first and unflattens the product with time first",
        FLAT,
        HOIST,
        _hoisted(lstm_forward, _flattened_batch_first),
    ),
    Mistake(
        "unflattened-batch-first",
        "a layer that flattens x with time first and unflattens the product with the batch first",
        FLAT,
        HOIST,
        _hoisted(lstm_forward, _unflattened_batch_first),
    ),
    Mistake(
        "features-mixed",
        "a layer that reshapes x to (I, T * B)",
        "Are the numbers in a row of your flat x the inputs of one step of one sequence?",
        HOIST,
        _hoisted(lstm_forward, _features_mixed),
    ),
    Mistake(
        "input-weights-reshaped",
        "a layer that reshapes W_x to (I, 4H)",
        "Where does W_x[0, 1] go in a reshape, and where in a transpose?",
        HOIST,
        _hoisted(lstm_forward, _weights_reshaped),
    ),
    Mistake(
        "first-product-alone",
        "a loop that reads the product of the first step at every step",
        INDEX,
        HOIST,
        _hoisted(lstm_forward, _first_alone),
    ),
    Mistake(
        "product-one-step-behind",
        "a loop that reads the product one step behind, beginning with the last",
        INDEX,
        HOIST,
        _hoisted(lstm_forward, _one_step_behind),
    ),
)
