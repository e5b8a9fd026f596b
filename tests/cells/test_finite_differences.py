"""Each backward pass equals central differences of its own forward pass."""

from functools import partial

import numpy as np
import pytest

from rnncourse import cells

T, B, I, H = 4, 2, 3, 5
EPS = 1e-6
ATOL = 1e-7  # central differences in float64 are good to about 1e-9 here


def draw(gates, states, biases):
    rng = np.random.default_rng(11)
    shapes = [(T, B, I), *[(B, H)] * states, (gates * H, I), (gates * H, H)]
    shapes += [(gates * H,)] * biases
    return [rng.normal(size=shape) for shape in shapes], rng.normal(size=(T, B, H))


def central_difference(loss, array):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        middle = array[index]
        array[index] = middle + EPS
        above = loss()
        array[index] = middle - EPS
        below = loss()
        array[index] = middle
        gradient[index] = (above - below) / (2 * EPS)
    return gradient


def lstm_hs(*arguments):
    return cells.lstm_forward(*arguments)[0]


@pytest.mark.parametrize(
    ("forward", "backward", "sizes"),
    [
        pytest.param(cells.rnn_forward, cells.rnn_backward, (1, 1, 1), id="rnn"),
        pytest.param(lstm_hs, cells.lstm_backward, (4, 2, 1), id="lstm"),
        pytest.param(cells.gru_forward, cells.gru_backward, (3, 1, 2), id="gru"),
        pytest.param(
            partial(cells.gru_forward, reset_after=False),
            partial(cells.gru_backward, reset_after=False),
            (3, 1, 2),
            id="gru-reset-before",
        ),
    ],
)
def test_backward_equals_central_differences(forward, backward, sizes):
    arguments, dhs = draw(*sizes)
    gradients = backward(*arguments, dhs)
    for argument, gradient in zip(arguments, gradients, strict=True):
        expected = central_difference(lambda: (forward(*arguments) * dhs).sum(), argument)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=ATOL)
