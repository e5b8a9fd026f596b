"""All checks, by id: those of every problem set, a file ps1.py, ps2.py and so on each."""

import difflib
import importlib
from pathlib import Path

from rnncourse.checks.declare import Check

SETS = sorted(path.stem for path in Path(__file__).parent.glob("ps[0-9].py"))
CHECKS: dict[str, Check] = {
    check.id: check
    for name in SETS
    for check in importlib.import_module(f"rnncourse.checks.{name}").CHECKS
}


class UnknownCheckError(ValueError):
    """There is no check of this name; the message lists those there are."""


def find(id: str) -> Check:
    """Return the check with this id. Raises UnknownCheckError."""
    if id not in CHECKS:
        near = difflib.get_close_matches(str(id), CHECKS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownCheckError(f"there is no check {id!r}; there are {', '.join(CHECKS)}.{hint}")
    return CHECKS[id]
