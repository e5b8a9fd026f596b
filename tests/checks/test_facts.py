"""Where no mistake is recognised, the report says what is known, and nothing that is not so."""

import numpy as np
import pytest
from right_answers import right_forward, right_step

from rnncourse.checks import report


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def step_with(f_of=sigmoid, more_c=0.0, times=(1.0, 1.0)):
    def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
        i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
        c = f_of(f) * c_prev + sigmoid(i) * np.tanh(g) + more_c * c_prev
        return times[0] * sigmoid(o) * np.tanh(c), times[1] * c

    return lstm_step


def forgets_c_after_a_step(x, h0, c0, *parameters):
    hs, h, c = [], h0, c0
    for x_t in x:
        h, c = right_step(x_t, h, c, *parameters)
        hs.append(h)
        c = 0.9 * c
    return hs, (h, c / 0.9)


def off_at_the_third_step(*arguments):
    hs, state = right_forward(*arguments)
    hs[2] += 0.5
    return hs, state


@pytest.mark.parametrize(
    ("id", "function", "said"),
    [
        ("lstm-step", step_with(more_c=0.01), "With c_prev at zero it is right: look at the term"),
        ("lstm-step", step_with(lambda f: sigmoid(1.5 * f)), "c_prev or the rows of f at zero"),
        ("lstm-step", step_with(times=(0.5, 1.0)), "h is 0.5 times what it has to be, everywhere."),
        ("lstm-step", step_with(times=(1.0, -3.0)), "c is -3 times what it has to be, everywhere."),
        ("lstm-step", step_with(times=(0.0, 1.0)), "h is zero."),
        ("lstm-forward", forgets_c_after_a_step, "hs is right at step 1 and differs from step 2"),
        ("lstm-forward", off_at_the_third_step, "hs at step 3 of"),
    ],
)
def test_says_what_holds(id, function, said):
    found = report(id, function)
    assert found.diagnosis is None
    assert said in found.message
    assert "The shapes are right." in found.message


def test_says_which_gradient_and_which_rows():
    def doubled_rows_of_f(x, h_prev, c_prev, W_x, W_h, b, dh, dc):
        i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        tanh_c = np.tanh(f * c_prev + i * g)
        dc = dc + dh * o * (1 - tanh_c**2)
        slopes = i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o)
        roads = dc * g, dc * c_prev, dc * i, dh * tanh_c
        da = np.concatenate([r * s for r, s in zip(roads, slopes, strict=True)], axis=1)
        dW_x, H = da.T @ x, len(b) // 4
        dW_x[H : 2 * H] *= 1.7
        return da @ W_x, da @ W_h, dc * f, dW_x, da.T @ h_prev, da.sum(axis=0)

    found = report("lstm-step-backward", doubled_rows_of_f)
    assert "the rows of f in dW_x differ" in found.message
    assert "; right: dx, dh_prev, dc_prev, dW_h, db." in found.message
    assert found.diagnosis is None


def test_says_nothing_of_zeros_where_all_would_be_zero():
    """With dhs at zero every gradient is zero, whatever is wrong."""

    def rnn_backward(x, h0, W_x, W_h, b, dhs):
        return [np.cos(7 * array) * dhs.sum() for array in (x, h0, W_x, W_h, b)]

    assert "dhs at zero" not in report("rnn-backward", rnn_backward).message


def test_a_whole_number_that_is_not_right_is_shown_with_its_call_and_no_gap():
    found = report("count-parameters", lambda cell, input_size, hidden_size, biases=2: 17)
    assert "count is 17, and that is not it" in found.message
    assert "cell='" in found.message
    assert "largest gap" not in found.message
