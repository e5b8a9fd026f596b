"""What an exercise must do, and the mistakes that are recognised."""

from rnncourse.checks.bank import UnknownCheckError, find
from rnncourse.checks.declare import Check, Function, Item, Mistake
from rnncourse.checks.judge import judge
from rnncourse.checks.probe import ask
from rnncourse.checks.report import CheckFailed, Report, show

__all__ = [
    "Check",
    "CheckFailed",
    "Item",
    "Mistake",
    "Report",
    "UnknownCheckError",
    "check",
    "report",
]


def check(id: str, function: Function) -> None:
    """Check an exercise and show the report.

    Raises CheckFailed unless everything passes, with the report as its text, and UnknownCheckError
    for an id that does not exist.

    >>> check("lstm-step", lstm_step)
    """
    found = report(id, function)
    show(found)
    if not found.passed:
        raise CheckFailed(found) from None


def report(id: str, function: Function, seed: int = 0) -> Report:
    """Ask the function every case of the check and judge its answers. Raises UnknownCheckError."""
    declared = find(id)
    cases = declared.cases(seed)
    answers = [
        ask(function, declared.probe, inputs, read_only=item.read_only) for item, inputs in cases
    ]
    return judge(declared, cases, answers)
