"""What an exercise must do, and the mistakes that are recognised."""

from rnncourse.checks.bank import UnknownCheckError, find
from rnncourse.checks.declare import Check, Function, Inputs, Item, Mistake
from rnncourse.checks.judge import judge
from rnncourse.checks.probe import SECONDS, Answer, Clock, ask
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
    clock = Clock(SECONDS)

    def answer(inputs: Inputs, read_only: bool = False) -> Answer:
        return ask(function, declared.probe, inputs, read_only, declared.allows, clock)

    cases = declared.cases(seed)
    answers = [answer(inputs, item.read_only) for item, inputs in cases]
    lenses = [(label, inputs, answer(inputs)) for label, inputs in declared.lenses(seed)]
    return judge(declared, cases, answers, lenses)
