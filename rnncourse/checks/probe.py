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
from rnncourse.checks.limit import Clock, TimeUp
from rnncourse.checks.values import MisfitError, Returning, describe
from rnncourse.checks.watch import Borrowed, watching

__all__ = ["Answer", "Clock", "MisfitError", "Returning", "ask"]

OURS = str(Path(__file__).parent)
SECONDS = 10.0  # for all cases of a check together
LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))


@dataclass(frozen=True)
class Answer:
    """What came back: arrays by name, or ``problem``, a sentence; and the inputs it wrote to.

    ``kind`` is "not-written", "raised", "misfit", "slow" or "borrowed" where there is a problem.
    """

    arrays: Arrays = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    problem: str = ""
    kind: str = ""


def ask(
    function: Function,
    probe: Probe,
    inputs: Inputs,
    read_only: bool = False,
    allows: frozenset[str] = frozenset(),
    clock: Clock | None = None,
) -> Answer:
    """Call ``probe(function, inputs)`` on copies of the inputs. Never raises an Exception.

    With ``read_only`` arrays are views that cannot be written to, and not contiguous.
    ``allows`` is that of the check; the time comes from ``clock``, else there are 10 seconds.
    """
    clock = clock or Clock(SECONDS)
    given = {name: _given(value, read_only) for name, value in inputs.items()}
    seen: list[str] = []
    try:
        with _quiet(), watching(allows) as seen:
            arrays = clock.run(probe, function, given)
    except Borrowed:
        pass
    except TimeUp as stopped:
        where = _place(stopped, function)
        return Answer(
            problem=f"{_name(function)} did not end within {SECONDS:g} seconds and was "
            f"interrupted.{where}",
            kind="slow",
        )
    except MisfitError as misfit:
        if not seen:
            return Answer(problem=f"{_name(function)} {misfit}", kind="misfit")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if not seen:
            kind, problem = _explain(error, function, inputs, read_only)
            return Answer(problem=problem, kind=kind)
    if seen:
        return Answer(
            problem=f"{_name(function)} calls {seen[0]}, not your own code.", kind="borrowed"
        )
    same = [name for name in inputs if _equal(given[name], inputs[name])]
    return Answer(arrays, tuple(name for name in inputs if name not in same))


def _given(value: Any, read_only: bool) -> Any:
    """Copy an input, so that the learner's function can do what it likes with it."""
    if isinstance(value, list | tuple):
        return type(value)(_given(part, read_only) for part in value)
    value = copy.deepcopy(value)
    if not read_only or not isinstance(value, np.ndarray) or value.ndim == 0:
        return value
    view = np.repeat(value, 2, axis=-1)[..., ::2]
    view.flags.writeable = False
    return view


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return True  # nothing that a function could change


def _name(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return name if name.isidentifier() and name != "partial" else "your function"


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
        given = describe(function)
        return "misfit", f"check was given {given}, expected the function, without brackets."
    if not frames:
        return "raised", f"{name} could not be called as {name}({', '.join(inputs)}): {said}"
    inner = [name, *(frame.name for frame in frames if not frame.name.startswith("<"))][-1]
    if isinstance(error, NotImplementedError):
        called = "" if inner == name else f"{name} calls {inner}: "
        return "not-written", f"{called}{inner} is not written yet."
    if read_only and "read-only" in str(error):
        said += " (its inputs were read-only arrays)"
    given = ", ".join(f"{name} {_shown(value)}" for name, value in inputs.items())
    return "raised", f"{name} raised {said}{_place(error, function)}\nGiven: {given}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    said = f"{value.shape}" if isinstance(value, np.ndarray) else repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."


def _place(error: BaseException, function: Function) -> str:
    """Say which line of the learner's it was, on a line of its own."""
    frames = _learners_frames(error)
    if not frames:
        return ""
    last = frames[-1]
    inner = [_name(function), *(f.name for f in frames if not f.name.startswith("<"))][-1]
    source = linecache.getline(last.filename, last.lineno or 0).strip()
    return f"\nIn {inner}, line {last.lineno}: {source}"


def _learners_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames of the traceback that are neither ours nor a library's, innermost last."""
    return [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((OURS, *LIBRARIES))
    ]
