"""Weights to Keras 3 and back: its layers, run on its torch backend, give the cells' numbers."""

import numpy as np
import pytest

from rnncourse import cells
from rnncourse.cells import conventions, initialise

T, B, I, H = 5, 2, 3, 4  # all different, above 1
ATOL = 1e-12  # float64 on both sides; a wrong gate order moves these by 1e-1
MATMUL_ATOL = 2e-6  # where Keras runs its own loop, float64 products are float32 (its issue 23704)
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
KINDS = [
    pytest.param("rnn", True, MATMUL_ATOL, id="rnn"),
    pytest.param("lstm", True, ATOL, id="lstm"),
    pytest.param("gru", True, ATOL, id="gru-reset-after"),
    pytest.param("gru", False, MATMUL_ATOL, id="gru-reset-before"),
]


# Keras gives its torch variables an __array__ of before NumPy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    """Keras on torch; it reads both variables when it is first imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        import keras

    assert keras.backend.backend() == "torch"
    return keras


def draw(cell):
    rng = np.random.default_rng(9)
    G = GATES[cell]
    x = rng.normal(size=(T, B, I))
    states = [rng.normal(size=(B, H)) for _ in range(2 if cell == "lstm" else 1)]
    shapes = [(G * H, I), (G * H, H), (G * H,), (G * H,)]
    return x, states, conventions.Weights(*(rng.normal(size=s) for s in shapes))


def build_layer(keras, cell, reset_after, **options):
    kinds = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    if cell == "gru":
        options["reset_after"] = reset_after
    layer = kinds[cell](H, return_sequences=True, return_state=True, dtype="float64", **options)
    layer.build((B, T, I))
    return layer


def run_layer(keras, layer, x, states):
    """hs (T, B, H) and the last states of a Keras layer, which is batch-first."""
    outputs = layer(x.swapaxes(0, 1), initial_state=[keras.ops.array(s) for s in states])
    hs, *last = [keras.ops.convert_to_numpy(o) for o in outputs]
    return [hs.swapaxes(0, 1), *last]


def run_ours(cell, x, states, weights, reset_after):
    W_x, W_h, b_x, b_h = weights
    if cell == "gru":
        hs = cells.gru_forward(x, *states, W_x, W_h, b_x, b_h, reset_after)
        return [hs, hs[-1]]
    b = conventions.merge_biases(cell, b_x, b_h)
    if cell == "lstm":
        hs, last = cells.lstm_forward(x, *states, W_x, W_h, b)
        return [hs, *last]
    hs = cells.rnn_forward(x, *states, W_x, W_h, b)
    return [hs, hs[-1]]


def assert_all_close(got, expected, atol):
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=0, atol=atol)


@pytest.mark.parametrize(("cell", "reset_after", "atol"), KINDS)
def test_keras_runs_our_weights(keras, cell, reset_after, atol):
    x, states, weights = draw(cell)
    layer = build_layer(keras, cell, reset_after)
    layer.set_weights(conventions.to_keras(cell, weights, reset_after))
    expected = run_layer(keras, layer, x, states)
    assert_all_close(run_ours(cell, x, states, weights, reset_after), expected, atol)


@pytest.mark.parametrize(("cell", "reset_after", "atol"), KINDS)
def test_the_cells_run_weights_of_keras(keras, cell, reset_after, atol):
    x, states, _ = draw(cell)
    layer = build_layer(
        keras, cell, reset_after, bias_initializer=keras.initializers.RandomNormal(seed=2)
    )
    expected = run_layer(keras, layer, x, states)
    weights = conventions.from_keras(cell, layer.get_weights(), reset_after)
    assert_all_close(run_ours(cell, x, states, weights, reset_after), expected, atol)


@pytest.mark.parametrize(("cell", "reset_after", "atol"), KINDS)
def test_a_layer_without_bias(keras, cell, reset_after, atol):
    x, states, weights = draw(cell)
    weights = conventions.Weights(*weights[:2])
    layer = build_layer(keras, cell, reset_after, use_bias=False)
    layer.set_weights(conventions.to_keras(cell, weights, reset_after))
    expected = run_layer(keras, layer, x, states)
    b = np.zeros(GATES[cell] * H)
    ours = run_ours(cell, x, states, (*weights[:2], b, b), reset_after)
    assert_all_close(ours, expected, atol)
    back = conventions.from_keras(cell, layer.get_weights(), reset_after)
    np.testing.assert_array_equal(back.weight_hh, weights.weight_hh)
    assert back.bias_ih is back.bias_hh is None


def test_the_bias_that_keras_gives_a_new_lstm_is_its_forget_bias(keras):
    layer = build_layer(keras, "lstm", reset_after=True)
    weights = conventions.from_keras("lstm", layer.get_weights())
    assert_all_close(weights[2:], initialise.forget_bias(H), ATOL)
