"""What is no LSTM at all gets its own sentence, and the check never breaks."""

import re
import sys

import numpy as np
import pytest
from right_answers import right_forward, right_step

from rnncourse import check
from rnncourse.checks import CheckFailed, UnknownCheckError, report
from rnncourse.checks.bank import CHECKS


def stub(x, h_prev, c_prev, W_x, W_h, b):
    raise NotImplementedError


def forgets_to_return(*arguments):
    right_step(*arguments)


def h_alone(*arguments):
    return right_step(*arguments).h


def one_of_two(*arguments):
    return right_step(*arguments)[:1]


def transposed(*arguments):
    return tuple(array.T for array in right_step(*arguments))


def batch_of_one_squeezed(*arguments):
    h, c = right_step(*arguments)
    return h.squeeze(), c


def complex_numbers(*arguments):
    h, c = right_step(*arguments)
    return h + 0j, c


def objects(*arguments):
    h, c = right_step(*arguments)
    return h.astype(object), c


def a_generator(*arguments):
    return (state for state in right_step(*arguments))


def a_dict(*arguments):
    return right_step(*arguments)._asdict()


def ragged(*arguments):
    h, c = right_step(*arguments)
    return [h[0], h[1][:1], *h[2:]], c


def rounds(*arguments):
    return [state.astype(int) for state in right_step(*arguments)]


def always_float64(*arguments):
    return [state.astype(np.float64) for state in right_step(*arguments)]


def always_float32(*arguments):
    return [state.astype(np.float32) for state in right_step(*arguments)]


def float32_in_half(*arguments):
    if arguments[0].dtype == np.float32:
        arguments = [array.astype(np.float16) for array in arguments]
        return [state.astype(np.float32) for state in right_step(*arguments)]
    return right_step(*arguments)


def off_by_a_millionth(*arguments):
    h, c = right_step(*arguments)
    return h * (1 + 1e-6), c


def overflows(x, h_prev, c_prev, W_x, W_h, b):
    def sigmoid(a):
        return np.exp(a) / (1 + np.exp(a))

    i, f, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def writes_to_c_prev(x, h_prev, c_prev, W_x, W_h, b):
    h, c = right_step(x, h_prev, c_prev, W_x, W_h, b)
    c_prev[:] = c
    return h, c_prev


def five_arguments(x, h_prev, c_prev, W_x, W_h):
    return h_prev, c_prev


def wrong_product(x, h_prev, c_prev, W_x, W_h, b):
    a = x @ W_x
    return a, a


def ends_python(*arguments):
    sys.exit(3)


def calls_a_stub(*arguments):
    return [stub(*arguments) for _ in range(2)]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (stub, "stub is not written yet."),
        (calls_a_stub, "calls_a_stub calls stub: stub is not written yet."),
        (forgets_to_return, "returned None, expected h, c. Is the return statement missing?"),
        (h_alone, "returned an array of float64, shape (5, 3), expected h, c."),
        (one_of_two, "returned 1 value, expected 2: h, c."),
        (transposed, "h has shape (3, 5), expected (5, 3) = (B, H)"),
        (complex_numbers, "returned an array of complex128, shape (5, 3) for h"),
        (objects, "returned an array of object, shape (5, 3) for h"),
        (a_generator, "returned a value of type generator, expected h, c."),
        (a_dict, "returned a value of type dict, expected h, c."),
        (ragged, "returned h as parts of unequal shapes"),
        (rounds, "returned an array of int64, shape (5, 3) for h"),
        (five_arguments, "could not be called as five_arguments(x, h_prev, c_prev, W_x, W_h, b)"),
        (wrong_product, "line 2: a = x @ W_x"),
        (ends_python, "ends_python raised SystemExit: 3"),
        (None, "check was given None, expected the function, without brackets."),
        (np.zeros(3), "check was given an array of float64, shape (3,), expected the function"),
    ],
)
def test_gets_its_own_sentence_and_no_points(function, message):
    found = report("lstm-step", function)
    assert message in found.message.replace(f"line {_line(function) + 1}", "line 2")
    assert found.score == 0
    assert found.diagnosis is None


def _line(function):
    return getattr(getattr(function, "__code__", None), "co_firstlineno", 0)


@pytest.mark.parametrize(
    ("function", "item", "message"),
    [
        (batch_of_one_squeezed, "a batch of one", "h has shape (3,), expected (1, 3) = (B, H)"),
        (float32_in_half, "inputs in float32", "h, c differ (largest gap 0.00"),
        (overflows, "pre-activations of ±1000", "is not finite (nan or inf)"),
        (writes_to_c_prev, "inputs left as they were", "raised ValueError: assignment destination"),
    ],
)
def test_one_fault_costs_one_item_and_asks_about_it(function, item, message):
    found = report("lstm-step", function)
    assert [i.name for i in found.items if not i.passed] == [item]
    assert message in found.message
    assert found.score == found.max_score - 1


def test_a_millionth_is_noticed():
    found = report("lstm-step", off_by_a_millionth)
    first, second, *_ = found.message.splitlines()
    assert re.fullmatch(r"lstm_step: h differs \(largest gap .*\); right: c\.", first)
    assert second == "The shapes are right."


def test_float64_is_enough_for_float32():
    assert report("lstm-step", always_float64).passed


def test_float32_is_not_enough_for_float64():
    found = report("lstm-step", always_float32)
    assert "h is float32 where the inputs are float64" in found.message
    assert found.score == 1


def test_two_values_where_the_last_state_is_a_pair():
    def flat(*arguments):
        hs, (h, c) = right_forward(*arguments)
        return hs, h, c

    found = report("lstm-forward", flat)
    assert "shape (5, 3) in the place of (h, c), expected h, c." in found.message


def test_names_the_steps_that_differ():
    def drifts(*arguments):
        hs, state = right_forward(*arguments)
        hs[2:] += 0.5
        return hs, state

    found = report("lstm-forward", drifts)
    assert "hs at steps 3 to 4 of 4 differs (largest gap 0.5); right: h, c" in found.message
    assert found.diagnosis is None


def test_an_input_that_changes_through_a_detour_is_named():
    def through_a_view(x, *rest):
        np.lib.stride_tricks.as_strided(x.view(), writeable=True)
        x.flags.writeable = True
        x *= 2
        return right_step(x / 2, *rest)

    found = report("lstm-step", through_a_view)
    assert "it changes its input x" in found.message


def test_an_unknown_check_lists_the_known_ones():
    with pytest.raises(UnknownCheckError) as raised:
        check("lstm-stepp", right_step)
    said = r"there is no check 'lstm-stepp'; there are [\w, -]+\. Did you mean lstm-step\?"
    assert re.fullmatch(said, str(raised.value))
    assert all(id in str(raised.value) for id in CHECKS)


def test_ctrl_c_is_not_swallowed():
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("lstm-step", interrupted)


def test_check_returns_nothing_and_raises_the_report(capsys):
    assert check("lstm-step", right_step) is None
    assert capsys.readouterr().out.startswith("lstm-step: 5 of 5 passed, 6 of 6 points\n")
    with pytest.raises(CheckFailed) as raised:
        check("lstm-step", stub)
    assert str(raised.value) == report("lstm-step", stub).text()
    assert capsys.readouterr().out == ""  # the exception says it
