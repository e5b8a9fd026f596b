"""What holds for the cells with no oracle: saturation, limits, shapes, and clean hands."""

import numpy as np
import pytest

from rnncourse import cells

B, I, H = 2, 3, 4


def draw(gates, states=1, biases=1, dtype=np.float64):
    rng = np.random.default_rng(3)
    shapes = [(B, I), *[(B, H)] * states, (gates * H, I), (gates * H, H)]
    return [rng.normal(size=s).astype(dtype) for s in [*shapes, *[(gates * H,)] * biases]]


STEPS = [
    pytest.param(cells.rnn_step, (1, 1, 1), id="rnn"),
    pytest.param(cells.lstm_step, (4, 2, 1), id="lstm"),
    pytest.param(cells.gru_step, (3, 1, 2), id="gru"),
]


def block(row):
    return slice(row * H, (row + 1) * H)


@pytest.mark.parametrize(("step", "sizes"), STEPS)
def test_keeps_float32_and_writes_to_no_input(step, sizes):
    arguments = draw(*sizes, dtype=np.float32)
    for argument in arguments:
        argument.flags.writeable = False
    assert np.asarray(step(*arguments)).dtype == np.float32


@pytest.mark.parametrize(("step", "sizes"), STEPS)
def test_extreme_preactivations_saturate_without_a_warning(step, sizes):
    arguments = draw(*sizes)
    for sign in (-1000, 1000):
        arguments[-1][:] = sign
        with np.errstate(all="raise"):
            assert np.isfinite(np.asarray(step(*arguments))).all()


def test_a_shut_forget_gate_leaves_no_trace_of_the_old_cell_state():
    x, h, c, W_x, W_h, b = draw(4, 2)
    b[block(1)] = -1000
    one = cells.lstm_step(x, h, c, W_x, W_h, b)
    other = cells.lstm_step(x, h, c + 10, W_x, W_h, b)
    np.testing.assert_array_equal(one, other)


def test_an_open_forget_gate_and_a_shut_input_gate_keep_the_cell_state():
    x, h, c, W_x, W_h, b = draw(4, 2)
    b[block(0)], b[block(1)] = -1000, 1000
    np.testing.assert_array_equal(cells.lstm_step(x, h, c, W_x, W_h, b).c, c)


@pytest.mark.parametrize("reset_after", [True, False])
def test_an_open_update_gate_keeps_the_state_bit_for_bit(reset_after):
    x, h, W_x, W_h, b_x, b_h = draw(3, biases=2)
    b_x[block(1)] = 1000
    np.testing.assert_array_equal(cells.gru_step(x, h, W_x, W_h, b_x, b_h, reset_after), h)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_shut_reset_gate_hides_the_past_from_the_candidate(reset_after):
    x, h, W_x, W_h, b_x, b_h = draw(3, biases=2)
    b_x[block(0)] = -1000
    n = cells.gru_gates(x, h, W_x, W_h, b_x, b_h, reset_after).n
    other = cells.gru_gates(x, h + 1, W_x, W_h, b_x, b_h, reset_after).n
    np.testing.assert_allclose(n, other, rtol=0, atol=1e-15)


def test_the_two_resets_agree_at_the_first_step_from_zero_with_no_recurrent_bias():
    x, h, W_x, W_h, b_x, b_h = draw(3, biases=2)
    b_h[block(2)] = 0
    both = [cells.gru_step(x, 0 * h, W_x, W_h, b_x, b_h, after) for after in (True, False)]
    np.testing.assert_allclose(*both, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("position", "replace", "message"),
    [
        (0, lambda x: x[0], r"x has shape \(3,\), expected \(2, 3\) = \(B, I\)"),
        (
            1,
            lambda h: h.T,
            r"h_prev has shape \(4, 2\), expected \(2, 4\) = \(B, H\)\. Did you mean h_prev\.T",
        ),
        (2, lambda W: W.T, r"W_x has shape .* = \(4H, I\)\. Did you mean W_x\.T\?"),
        (3, lambda W: W[:, :3], r"W_h has shape \(16, 3\), expected \(16, 4\) = \(4H, H\)"),
        (4, lambda b: b[:3], r"b has shape \(3,\), expected \(16,\) = \(4H,\)"),
    ],
)
def test_a_wrong_shape_is_named(position, replace, message):
    x, h, c, W_x, W_h, b = draw(4, 2)
    arguments = [x, h, W_x, W_h, b]
    arguments[position] = replace(arguments[position])
    x, h, W_x, W_h, b = arguments
    with pytest.raises(cells.ShapeError, match=message):
        cells.lstm_step(x, h, c, W_x, W_h, b)
