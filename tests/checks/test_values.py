"""What a function returns is read as its signature says, and what does not fit is described."""

import numpy as np
import pytest

from rnncourse.checks.values import MisfitError, Returning

H = np.arange(6.0).reshape(2, 3)
HS = np.arange(24.0).reshape(4, 2, 3)


def read(returning, value):
    return returning(lambda: value, {})


@pytest.mark.parametrize(
    "value", [H, H.tolist(), list(H), tuple(H), (H, "cache"), [H, HS], (H, H + 1)]
)
def test_one_value_may_stand_alone_or_first(value):
    assert np.array_equal(read(Returning("h: B H"), value)["h"], H)


@pytest.mark.parametrize("value", [HS, list(HS), tuple(HS), (HS, H), [HS, H], (HS, (H, H))])
def test_a_sequence_may_be_a_list_of_its_steps(value):
    assert np.array_equal(read(Returning("hs: T B H"), value)["hs"], HS)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 7, 7),
        ("int", np.int32(7), 7),
        ("int", np.array(7), 7),
        ("float", 0.5, 0.5),
        ("float", 1, 1.0),
        ("float", np.float32(0.5), 0.5),
        ("float", (0.5, "and more"), 0.5),
        ("bool", np.True_, True),
        ("bool", False, False),
        ("word", "gru", "gru"),
    ],
)
def test_reads_a_scalar(kind, value, expected):
    (found,) = read(Returning(f"v: {kind}"), value).values()
    assert found.shape == ()
    assert found == expected


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("int", 7.0, "returned 7.0, a value of type float for v, expected a whole number"),
        ("int", True, "returned True, a value of type bool for v, expected a whole number"),
        ("int", None, "returned None, expected v. Is the return statement missing?"),
        ("float", "0.5", "returned '0.5', a value of type str for v, expected a number."),
        ("float", 1j, "a value of type complex for v, expected a number."),
        ("float", np.ones(3), "returned an array of float64, shape (3,) for v, expected a number."),
        ("bool", 1, "returned 1, a value of type int for v, expected True or False."),
        ("word", 3, "returned 3, a value of type int for v, expected a string."),
        ("B H", H + 0j, "returned an array of complex128, shape (2, 3) for v, expected an array"),
        ("B H", {1: H}, "returned a value of type dict for v, expected an array of floats."),
        ("B H", (n for n in H), "returned a value of type generator for v, expected an array"),
        ("B H", None, "returned None, expected v. Is the return statement missing?"),
    ],
)
def test_describes_what_does_not_fit(kind, value, said):
    with pytest.raises(MisfitError) as raised:
        read(Returning(f"v: {kind}"), value)
    assert said in str(raised.value)
