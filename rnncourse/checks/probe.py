"""Ask the learner's function: call it, take the arrays out of what it returns, say what went wrong.

Nothing here knows a right answer.
"""

import contextlib
import copy
import linecache
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs, Probe

OURS = str(Path(__file__).parent)
LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))


class MisfitError(Exception):
    """What the function returned is not what its signature promises."""


@dataclass(frozen=True)
class Answer:
    """What came back: arrays by name, or ``problem``, a sentence; and the inputs it wrote to.

    ``kind`` is "not-written", "raised" or "misfit" where there is a problem.
    """

    arrays: Arrays = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    problem: str = ""
    kind: str = ""


class Returning:
    """A probe for functions: pass the inputs in order, name the values that come back.

    ``Returning("hs: T B H", ("h: B H", "c: B H"))`` reads ``hs, (h, c)``. Tuples, lists and
    stacked arrays will do, and further values may follow.
    """

    def __init__(self, *values: Any) -> None:
        self.values = values
        self.shapes = dict(_named(values))

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        return dict(_unpack(function(*inputs.values()), self.values))


def ask(function: Function, probe: Probe, inputs: Inputs, read_only: bool = False) -> Answer:
    """Call ``probe(function, inputs)`` on copies of the inputs. Never raises an Exception."""
    given = copy.deepcopy(inputs)
    for array in given.values():
        if read_only and isinstance(array, np.ndarray):
            array.flags.writeable = False
    try:
        with _quiet():
            arrays = probe(function, given)
    except MisfitError as misfit:
        return Answer(problem=f"{_name(function)} {misfit}", kind="misfit")
    except (Exception, SystemExit) as error:
        kind, problem = _explain(error, function, inputs, read_only)
        return Answer(problem=problem, kind=kind)
    same = [name for name in inputs if np.array_equal(given[name], inputs[name], equal_nan=True)]
    return Answer(arrays, tuple(name for name in inputs if name not in same))


def _named(values: tuple) -> Iterator[tuple[str, str]]:
    for value in values:
        if isinstance(value, tuple):
            yield from _named(value)
        else:
            name, letters = value.split(": ")
            yield name, letters


def _unpack(given: Any, values: tuple, where: str = "") -> Iterator[tuple[str, np.ndarray]]:
    wanted = _spell(values)
    rank = 1 + max(len(letters.split()) for _, letters in _named(values))
    stacked = isinstance(given, np.ndarray) and given.ndim == rank
    if not isinstance(given, tuple | list) and not stacked:
        missing = " Is the return statement missing?" if given is None else ""
        raise MisfitError(f"returned {_describe(given)}{where}, expected {wanted}.{missing}")
    if len(given) < len(values):
        count = f"{len(given)} value{'s' * (len(given) != 1)}"
        raise MisfitError(f"returned {count}{where}, expected {len(values)}: {wanted}.")
    for part, value in zip(given, values, strict=False):
        if isinstance(value, tuple):
            yield from _unpack(part, value, f" in the place of ({_spell(value)})")
        else:
            name = value.split(": ")[0]
            yield name, _array(name, part)


def _array(name: str, value: Any) -> np.ndarray:
    try:
        array = np.array(value)  # a copy: the function may reuse its buffer
    except ValueError:
        raise MisfitError(
            f"returned {name} as parts of unequal shapes, expected one array."
        ) from None
    if array.dtype.kind != "f":
        raise MisfitError(f"returned {_describe(value)} for {name}, expected an array of floats.")
    return array


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _spell(values: tuple) -> str:
    parts = [v.split(": ")[0] if isinstance(v, str) else f"({_spell(v)})" for v in values]
    return ", ".join(parts)


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Warnings cost nothing: they stay away from stderr, which nbgrader reads as a failure."""
    errors = np.errstate(all="ignore")
    with warnings.catch_warnings(), errors, contextlib.redirect_stderr(sys.stdout):
        warnings.simplefilter("ignore")
        yield


def _explain(
    error: BaseException, function: Function, inputs: Inputs, read_only: bool
) -> tuple[str, str]:
    """Return the kind of the problem and a sentence, with the learner's line where there is one."""
    name = _name(function)
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    frames = _learners_frames(error)
    if not callable(function):
        given = _describe(function)
        return "misfit", f"check was given {given}, expected the function, without brackets."
    if not frames:
        return "raised", f"{name} could not be called as {name}({', '.join(inputs)}): {said}"
    inner = [name, *(frame.name for frame in frames if not frame.name.startswith("<"))][-1]
    if isinstance(error, NotImplementedError):
        called = "" if inner == name else f"{name} calls {inner}: "
        return "not-written", f"{called}{inner} is not written yet."
    if read_only and "read-only" in str(error):
        said += " (its inputs were read-only arrays)"
    last = frames[-1]
    source = linecache.getline(last.filename, last.lineno or 0).strip()
    shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in inputs.items())
    where = f"In {inner}, line {last.lineno}: {source}\nGiven: {shapes}"
    return "raised", f"{name} raised {said}\n{where}"


def _learners_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames of the traceback that are neither ours nor a library's, innermost last."""
    return [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((OURS, *LIBRARIES))
    ]
