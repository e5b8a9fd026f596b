"""Take a function out of a learner's file, a .py or an .ipynb, by running the file."""

import contextlib
import importlib.util
import json
import linecache
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from rnncourse.checks.limit import Clock, TimeUp

SECONDS = 10.0  # for each cell, or for a file of Python
SKIPPED_TAGS = {"experiment"}


class LoadError(Exception):
    """The file cannot be read; the message says why."""


class MissingError(Exception):
    """The file does not define the function; the message says what failed in it."""


def load(path: Path, name: str) -> Callable[..., Any]:
    """Run the file and return the function. A cell that fails does not stop those after it.

    Cells that are graded or tagged as experiments are not run, nor are lines of magic. What the
    file prints goes to stderr. A cell that does not end is interrupted. Raises LoadError and
    MissingError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"cannot read {path}: {error}") from None
    if "torch" in text and importlib.util.find_spec("torch"):
        importlib.import_module("torch")  # takes seconds, which are not the learner's
    cells = _cells(path, text) if path.suffix == ".ipynb" else [(str(path), text)]
    module = sys.modules["submission"] = ModuleType("submission")  # dataclasses look it up
    failures = []
    with _beside(path), contextlib.redirect_stdout(sys.stderr):
        for label, source in cells:
            linecache.cache[label] = (len(source), None, source.splitlines(True), label)
            try:
                Clock(SECONDS).run(exec, _compiled(source, label), vars(module))
            except TimeUp:
                failures.append(f"{label} did not end within {SECONDS:g} seconds")
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                said = traceback.format_exception_only(error)[-1].strip()
                failures.append(f"{label} raised {said}")
    if not hasattr(module, name):
        why = f": {failures[0]}" if failures else ""
        raise MissingError(f"{path} defines no {name}{why}")
    return getattr(module, name)


def _cells(path: Path, text: str) -> list[tuple[str, str]]:
    try:
        cells = json.loads(text)["cells"]
        return [
            (f"{path.name} cell {number}", "".join(cell["source"]))
            for number, cell in enumerate(cells, start=1)
            if cell["cell_type"] == "code" and not _skipped(cell.get("metadata", {}))
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise LoadError(f"{path} is no notebook (JSON with cells, nbformat 4): {said}") from None


def _skipped(metadata: dict[str, Any]) -> bool:
    graded = metadata.get("nbgrader", {}).get("grade", False)
    return graded or bool(SKIPPED_TAGS & set(metadata.get("tags", [])))


def _compiled(source: str, label: str) -> CodeType:
    """Compile a cell; where that fails, without the lines that only IPython understands."""
    try:
        return compile(source, label, "exec")
    except SyntaxError:
        if source.lstrip().startswith("%%"):
            source = ""
        python = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
        return compile(python, label, "exec")


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Let the file import what lies beside it."""
    before = sys.path[:]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield
    finally:
        sys.path[:] = before
