"""Gate biases by name: the right slice, the right sign, and what the gates then do."""

import numpy as np
import pytest

from rnncourse import cells
from rnncourse.cells import initialise

B, I, H = 2, 3, 5


@pytest.fixture
def rng():
    return np.random.default_rng(17)


def gates_at_rest(cell, b_x, b_h):
    """Every gate of a cell whose input and state are zero, so that only the biases speak."""
    x, h, (G,) = np.zeros((B, I)), np.zeros((B, H)), {len(b_x) // H}
    W_x, W_h = np.ones((G * H, I)), np.ones((G * H, H))
    if cell == "lstm":
        return cells.lstm_gates(x, h, W_x, W_h, b_x + b_h)
    return cells.gru_gates(x, h, W_x, W_h, b_x, b_h)


def test_keep_bias_opens_the_forget_gate_of_an_lstm_and_no_other():
    b_x, b_h = initialise.keep_bias("lstm", H)
    assert b_x.shape == b_h.shape == (4 * H,)
    assert not b_h.any()
    gates = gates_at_rest("lstm", b_x, b_h)
    np.testing.assert_allclose(gates.f, 1 / (1 + np.exp(-1)), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(gates.i, 0.5)
    np.testing.assert_array_equal(gates.o, 0.5)
    np.testing.assert_array_equal(gates.g, 0)


def test_keep_bias_opens_the_update_gate_of_a_gru_and_no_other():
    b_x, b_h = initialise.keep_bias("gru", H, 2.0)
    assert b_x.shape == b_h.shape == (3 * H,)
    assert not b_h.any()
    gates = gates_at_rest("gru", b_x, b_h)
    np.testing.assert_allclose(gates.z, 1 / (1 + np.exp(-2)), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(gates.r, 0.5)
    np.testing.assert_array_equal(gates.n, 0)


def test_a_large_keep_bias_keeps_the_state(rng):
    x, h, c = rng.normal(size=(B, I)), rng.normal(size=(B, H)), rng.normal(size=(B, H))
    W_x, W_h = rng.normal(size=(3 * H, I)), rng.normal(size=(3 * H, H))
    kept = cells.gru_step(x, h, W_x, W_h, *initialise.keep_bias("gru", H, 1000.0))
    np.testing.assert_array_equal(kept, h)
    b_x, b_h = initialise.keep_bias("lstm", H, 1000.0)
    W_x, W_h = rng.normal(size=(4 * H, I)), rng.normal(size=(4 * H, H))
    i, f, g, _ = cells.lstm_gates(x, h, W_x, W_h, b_x + b_h)
    np.testing.assert_array_equal(f, 1)
    state = cells.lstm_step(x, h, c, W_x, W_h, b_x + b_h)
    np.testing.assert_allclose(state.c - i * g, c, rtol=0, atol=1e-15)


def test_forget_bias_is_the_keep_bias_of_the_lstm():
    for value in (1.0, -3.0):
        ours, expected = initialise.forget_bias(H, value), initialise.keep_bias("lstm", H, value)
        np.testing.assert_array_equal(ours, expected)
    np.testing.assert_array_equal(initialise.forget_bias(H), initialise.keep_bias("lstm", H))


def test_chrono_bias_gives_each_unit_its_timescale():
    timescales = np.array([1.0, 2.0, 9.0, 99.0, 1e6])
    f = timescales / (1 + timescales)
    lstm = gates_at_rest("lstm", *initialise.chrono_bias("lstm", timescales))
    np.testing.assert_allclose(lstm.f[0], f, rtol=1e-12)
    np.testing.assert_allclose(lstm.i[0], 1 / (1 + timescales), rtol=1e-9)
    np.testing.assert_array_equal(lstm.o, 0.5)
    np.testing.assert_array_equal(lstm.g, 0)
    gru = gates_at_rest("gru", *initialise.chrono_bias("gru", timescales))
    np.testing.assert_allclose(gru.z[0], f, rtol=1e-12)
    np.testing.assert_array_equal(gru.r, 0.5)
    np.testing.assert_array_equal(gru.n, 0)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_draws_from_one_to_the_longest_dependency_less_one(rng, cell):
    size, T_max = 4000, 50
    b_x, b_h = initialise.chrono(cell, size, T_max, rng)
    drawn = np.exp(b_x[size : 2 * size])
    assert not b_h.any()
    assert 1 <= drawn.min() < 1.2
    assert 48.8 < drawn.max() <= 49
    quartiles = np.quantile(drawn, [0.25, 0.5, 0.75])
    np.testing.assert_allclose(quartiles, [13, 25, 37], rtol=0, atol=1.5)
    np.testing.assert_array_equal(b_x[:size], -b_x[size : 2 * size] if cell == "lstm" else 0)
    assert not b_x[2 * size :].any()


def test_chrono_repeats_with_its_generator_and_leaves_it_alone_on_bad_input():
    one = initialise.chrono("gru", H, 20, np.random.default_rng(1))
    again = initialise.chrono("gru", H, 20, np.random.default_rng(1))
    other = initialise.chrono("gru", H, 20, np.random.default_rng(2))
    np.testing.assert_array_equal(one, again)
    assert abs(one[0] - other[0]).max() > 0.01
    rng = np.random.default_rng(3)
    with pytest.raises(ValueError, match="cell is 'rnn'"):
        initialise.chrono("rnn", H, 20, rng)
    assert rng.random() == np.random.default_rng(3).random()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: initialise.keep_bias("rnn", H), "cell is 'rnn', expected 'lstm' or 'gru'"),
        (lambda: initialise.keep_bias("gru", 0), "hidden_size is 0, expected a whole number"),
        (lambda: initialise.keep_bias("gru", 2.5), "hidden_size is 2.5, expected a whole number"),
        (lambda: initialise.keep_bias("gru", "4"), "hidden_size is '4', expected a whole number"),
        (lambda: initialise.forget_bias(-1), "hidden_size is -1, expected a whole number"),
        (lambda: initialise.chrono_bias("lstm", [[2.0]]), r"shape \(1, 1\), expected \(H,\)"),
        (lambda: initialise.chrono_bias("lstm", [0.5]), r"\[0.5\], expected finite numbers of 1"),
        (lambda: initialise.chrono_bias("gru", [np.nan]), "expected finite numbers of 1 or more"),
        (lambda: initialise.chrono_bias("gru", [np.inf]), "expected finite numbers of 1 or more"),
        (lambda: initialise.chrono("gru", H, 1, None), "T_max is 1, expected a finite number"),
        (lambda: initialise.chrono("gru", H, np.nan, None), "T_max is nan, expected a finite"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
