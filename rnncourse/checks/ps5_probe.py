"""The probes of problem set 5. How often does a function multiply by W_x?

It is counted for two lengths of sequence. A hoisted input product is made as often for five steps
as for three, be it one product or one for each gate. To count, every entry of W_x is huge and every
entry of x tiny, so that their products are ordinary numbers and whatever holds a part of W_x is
seen by its size: slices, copies, a matrix that W_x was put into. The arrays given are of a class
that sees its own operations.

Where nothing is seen, or the class does not fit, the function is trusted: its numbers come from
plain arrays in any case.
"""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs
from rnncourse.checks.values import Returning, unpack

HUGE = 1e150
PRODUCTS = {
    "dot", "einsum", "inner", "matmul", "matvec", "multi_dot", "multiply", "outer",
    "tensordot", "vdot", "vecdot", "vecmat",
}  # fmt: skip
MAKERS = ("array", "asarray", "ascontiguousarray", "asfortranarray")
ONCE, AGAIN = "made once for all steps", "made again at every step"


class BiasesByName(Returning):
    """The probe of a count: passes ``biases`` by name, where it is given at all."""

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        sizes = [value for name, value in inputs.items() if name != "biases"]
        named = {"biases": inputs["biases"]} if "biases" in inputs else {}
        return dict(unpack(function(*sizes, **named), self.values))


class Hoisted(Returning):
    """The probe of a layer: what it returns, and how often it makes its product with W_x."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.shapes |= {"product_with_W_x": "word"}

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        arrays = super().__call__(function, inputs)
        few, many = (products(function, inputs, T) for T in (3, 5))
        return arrays | {"product_with_W_x": np.array(AGAIN if few < many else ONCE)}


def products(function: Function, inputs: Inputs, T: int) -> int:
    """Count the products with W_x over T steps; 0 where the function does not take such arrays."""
    rng = np.random.default_rng(0)
    shapes = {name: np.shape(value) for name, value in inputs.items()}
    shapes["x"] = (T, *shapes["x"][1:])
    arrays = {name: rng.uniform(0.1, 1, size=shape) for name, shape in shapes.items()}
    arrays["x"] /= HUGE
    arrays["W_x"] *= HUGE
    ledger: list[str] = []
    try:
        with _kept():
            function(*(_seen(array, ledger) for array in arrays.values()))
    except Exception:
        return 0
    return len(ledger)


class Seen(np.ndarray):
    """An array that writes to its ledger which products with a part of W_x it takes part in."""

    ledger: list[str]

    def __array_finalize__(self, parent: Any) -> None:
        self.ledger = getattr(parent, "ledger", [])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        return self._run(ufunc.__name__, getattr(ufunc, method), inputs, keywords)

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        return self._run(function.__name__, function, arguments, keywords)

    def dot(self, *arguments: Any, **keywords: Any) -> Any:  # the one product that is a method
        return np.dot(self, *arguments, **keywords)

    def _run(self, name: str, function: Any, arguments: Any, keywords: Any) -> Any:
        plain = _plain(list(arguments))
        if name in PRODUCTS and _holds_weights(plain):
            self.ledger.append(name)
        return _seen(function(*plain, **_plain(keywords)), self.ledger)


def _holds_weights(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_weights, value))
    is_float = isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f"
    return is_float and bool((np.abs(value) > np.sqrt(HUGE)).any())


def _seen(value: Any, ledger: list[str]) -> Any:
    if isinstance(value, list | tuple):
        parts = [_seen(part, ledger) for part in value]
        return type(value)(parts) if type(value) in (list, tuple) else value
    if not isinstance(value, np.ndarray):
        return value
    seen = value.view(Seen)
    seen.ledger = ledger
    return seen


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    return value.view(np.ndarray) if isinstance(value, Seen) else value


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Let np.array and its like, which return plain arrays, return arrays that still see."""

    def keeping(make: Any) -> Any:
        def made(given: Any, *arguments: Any, **keywords: Any) -> Any:
            ledger = _ledger(given)
            array = make(given, *arguments, **keywords)
            return array if ledger is None else _seen(array, ledger)

        return made

    with contextlib.ExitStack() as stack:
        for name in MAKERS:
            stack.enter_context(mock.patch.object(np, name, keeping(getattr(np, name))))
        yield


def _ledger(given: Any) -> list[str] | None:
    if isinstance(given, list | tuple):
        return next((found for part in given if (found := _ledger(part)) is not None), None)
    return given.ledger if isinstance(given, Seen) else None
