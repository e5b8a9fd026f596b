"""All checks, by id."""

import difflib

from rnncourse.checks import ps2
from rnncourse.checks.declare import Check

CHECKS = {check.id: check for check in ps2.CHECKS}


class UnknownCheckError(ValueError):
    """There is no check of this name; the message lists those there are."""


def find(id: str) -> Check:
    """Return the check with this id. Raises UnknownCheckError."""
    if id not in CHECKS:
        near = difflib.get_close_matches(str(id), CHECKS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownCheckError(f"there is no check {id!r}; there are {', '.join(CHECKS)}.{hint}")
    return CHECKS[id]
