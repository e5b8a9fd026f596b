"""Take named arrays out of what a learner's function returns, or say what does not fit."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs

SCALARS = {
    "int": ("a whole number, an int", int | np.integer),
    "float": ("a number", int | float | np.integer | np.floating),
    "bool": ("True or False", bool | np.bool_),
    "word": ("a string", str),
}


class MisfitError(Exception):
    """What the function returned is not what its signature promises."""


class Returning:
    """A probe for functions: pass the inputs in order, name the values that come back.

    ``Returning("hs: T B H", ("h: B H", "c: B H"))`` reads ``hs, (h, c)``. Tuples, lists and
    stacked arrays will do, and further values may follow. A value that is no array has the name
    of its kind for letters: "count: int", "p: float", "same: bool", "verdict: word".
    """

    def __init__(self, *values: Any) -> None:
        self.values = values
        self.shapes = dict(_named(values))

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        return dict(unpack(function(*inputs.values()), self.values))


def unpack(given: Any, values: tuple, where: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Name the parts of what was returned; ``values`` are those of ``Returning``."""
    if len(values) == 1 and isinstance(values[0], str):
        name, letters = values[0].split(": ")
        yield name, _alone(name, letters, given)
        return
    wanted = _spell(values)
    ranks = [1 + len(spelt.split()) for _, spelt in _named(values) if spelt not in SCALARS]
    stacked = isinstance(given, np.ndarray) and given.ndim == max(ranks, default=1)
    if not isinstance(given, tuple | list) and not stacked:
        missing = " Is the return statement missing?" if given is None else ""
        raise MisfitError(f"returned {describe(given)}{where}, expected {wanted}.{missing}")
    if len(given) < len(values):
        count = f"{len(given)} value{'s' * (len(given) != 1)}"
        raise MisfitError(f"returned {count}{where}, expected {len(values)}: {wanted}.")
    for part, value in zip(given, values, strict=False):
        if isinstance(value, tuple):
            yield from unpack(part, value, f" in the place of ({_spell(value)})")
        else:
            name, letters = value.split(": ")
            yield name, as_value(name, letters, part)


def as_value(name: str, letters: str, value: Any) -> np.ndarray:
    """Turn one returned value into an array of floats, or of its kind. Raises MisfitError."""
    return _scalar(name, letters, value) if letters in SCALARS else _array(name, value)


def describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _alone(name: str, letters: str, given: Any) -> np.ndarray:
    """Read the only documented value; others may follow it in a tuple or a list."""
    if isinstance(given, tuple | list) and len(given) and not _fits(letters, given):
        given = given[0]
    if given is None:
        raise MisfitError(f"returned None, expected {name}. Is the return statement missing?")
    return as_value(name, letters, given)


def _fits(letters: str, given: Any) -> bool:
    try:
        return letters not in SCALARS and np.ndim(given) == len(letters.split())
    except Exception:
        return False  # parts of unequal shapes


def _array(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor of torch, on its way to a gradient
        value = value.detach()
    try:
        array = np.array(value)  # a copy: the function may reuse its buffer
    except ValueError:
        raise MisfitError(
            f"returned {name} as parts of unequal shapes, expected one array."
        ) from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise MisfitError(
            f"returned {describe(value)} for {name}, which NumPy cannot read ({said})."
        ) from None
    if array.dtype.kind != "f":
        raise MisfitError(f"returned {describe(value)} for {name}, expected an array of floats.")
    return array


def _scalar(name: str, kind: str, value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    wanted, types = SCALARS[kind]
    if not isinstance(value, types) or (kind != "bool" and isinstance(value, bool | np.bool_)):
        given = f"{value!r}, {describe(value)}" if np.isscalar(value) else describe(value)
        raise MisfitError(f"returned {given} for {name}, expected {wanted}.")
    return np.array(float(value) if kind == "float" else value)


def _named(values: tuple) -> Iterator[tuple[str, str]]:
    for value in values:
        if isinstance(value, tuple):
            yield from _named(value)
        else:
            name, letters = value.split(": ")
            yield name, letters


def _spell(values: tuple) -> str:
    parts = [v.split(": ")[0] if isinstance(v, str) else f"({_spell(v)})" for v in values]
    return ", ".join(parts)
