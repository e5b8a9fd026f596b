"""Compare answers with the reference, and recognise mistakes. The learner's code never gets here.

All there is to see are the arrays that came back.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnncourse.checks.compare import difference, same
from rnncourse.checks.declare import Arrays, Check, Inputs, Item, Mistake
from rnncourse.checks.facts import facts
from rnncourse.checks.probe import Answer
from rnncourse.checks.report import ItemResult, Report
from rnncourse.checks.values import SCALARS

Case = tuple[Item, Inputs]
Lens = tuple[str, Inputs, Answer]

BORROWED = "not-your-own-work"


def judge(
    check: Check, cases: Sequence[Case], answers: Sequence[Answer], lenses: Sequence[Lens] = ()
) -> Report:
    """Turn the answers to the cases into a report; ``lenses`` serve to say more of a wrong one."""
    changed = sorted({name for answer in answers for name in answer.changed})
    faults = [
        fault(check, item, inputs, answer, changed)
        for (item, inputs), answer in zip(cases, answers, strict=True)
    ]
    borrowed = next((answer for answer in answers if answer.kind == "borrowed"), None)
    if borrowed:
        faults = [borrowed.problem.rstrip(".")] * len(faults)
    items = [_item_result(item, cases, faults) for item in check.items]
    if all(item.passed or item.bonus for item in items):
        return Report(check.id, check.title, items, None, _praise(items))
    first = next(n for n, said in enumerate(faults) if said and not cases[n][0].bonus)
    if borrowed:
        said = [borrowed.problem, "Ask: how would you compute this from the equations?"]
        link = check.link(check.section)
        return Report(check.id, check.title, items, BORROWED, "\n".join(said), link, "borrowed")
    if answers[first].problem:
        link = check.link(check.section)
        problem, kind = answers[first].problem, answers[first].kind
        given = _plain(cases[first][1])
        if kind == "not-written" and given and any(answer.arrays for answer in answers):
            problem = f"{problem.rstrip('.')} for {given}."
        return Report(check.id, check.title, items, None, problem, link, kind)
    mistake = recognise(check, cases, answers)
    said = [f"{check.function_name}: {faults[first]}."]
    if mistake:
        said.append(f"Your numbers equal those of {mistake.says}, on every random draw.")
        said.append(f"Ask: {mistake.asks}")
    else:
        said += _known(check, cases, answers, lenses)
        asks = cases[first][0].asks
        said += [f"Ask: {asks}"] if asks else []
    link = check.link(mistake.section if mistake else check.section)
    return Report(
        check.id, check.title, items, mistake.slug if mistake else None, "\n".join(said), link
    )


def unwritten(check: Check, why: str) -> Report:
    """Report that there is no function to ask."""
    items = [ItemResult(i.name, i.points, False, bonus=i.bonus) for i in check.items]
    return Report(check.id, check.title, items, None, why, check.link(check.section), "missing")


def recognise(check: Check, cases: Sequence[Case], answers: Sequence[Answer]) -> Mistake | None:
    """Return the mistake whose numbers equal the answers to the cases of the first item.

    Cases that were not answered with numbers do not count, nor does it where the others are right.
    """
    drawn = [(inputs, got) for inputs, got in _first_item(check, cases, answers) if got]
    if all(same(got, expected(check, inputs), check.tolerance) for inputs, got in drawn):
        return None
    with np.errstate(all="ignore"):
        for mistake in check.mistakes:
            if all(
                same(arrays, check.probe(mistake.wrong, inputs), check.tolerance)
                for inputs, arrays in drawn
            ):
                return mistake
    return None


def expected(check: Check, inputs: Inputs) -> Arrays:
    """Run the reference in float64, whatever the inputs are."""
    return check.probe(check.reference, {name: _exact(value) for name, value in inputs.items()})


def fault(
    check: Check, item: Item, inputs: Inputs, answer: Answer, changed: Sequence[str]
) -> str | None:
    """Say what is wrong with one answer, or None."""
    if answer.problem:
        return answer.problem.splitlines()[0].rstrip(".")
    if item.read_only and changed:
        return f"it changes its input {' and '.join(changed)}"
    wanted = expected(check, inputs)
    dtypes = [array.dtype for array in _float_arrays(inputs.values())]
    for name, array in answer.arrays.items():
        letters = check.probe.shapes[name]
        if array.shape != wanted[name].shape:
            return _shape_fault(name, letters, array, wanted[name])
        if array.dtype.kind != "f":
            continue
        if dtypes and array.dtype.itemsize < dtypes[0].itemsize and letters not in SCALARS:
            return f"{name} is {array.dtype} where the inputs are {dtypes[0]}"
        if not np.isfinite(array).all() and np.isfinite(wanted[name]).all():
            return f"{name} is not finite (nan or inf)"
    single = bool(dtypes) and dtypes[0] == np.float32
    said = difference(check, answer.arrays, wanted, single)
    given = _plain(inputs)
    return f"{said} for {given}" if said and given else said


def _praise(items: Sequence[ItemResult]) -> str:
    left = [item for item in items if item.bonus and not item.passed]
    return "\n".join(
        ["Everything is right.", *(f"Still open, as a bonus: {item.name}." for item in left)]
    )


def _known(
    check: Check, cases: Sequence[Case], answers: Sequence[Answer], lenses: Sequence[Lens]
) -> list[str]:
    """Say what is known of an answer that equals no recognised mistake."""
    drawn = [(got, expected(check, inputs)) for inputs, got in _first_item(check, cases, answers)]
    seen = [
        (label, answer.arrays, expected(check, inputs))
        for label, inputs, answer in lenses
        if not answer.problem
    ]
    wrong = any(not same(got, wanted, check.tolerance) for got, wanted in drawn)
    numbers = all(_are_numbers(array) for got, _ in drawn for array in got.values())
    return facts(check, drawn, seen) if wrong and numbers else []


def _are_numbers(array: np.ndarray) -> bool:
    """Say whether differences tell something: no nan, and the precision of the inputs."""
    return array.dtype.kind != "f" or (array.dtype == np.float64 and bool(np.isfinite(array).all()))


def _first_item(
    check: Check, cases: Sequence[Case], answers: Sequence[Answer]
) -> list[tuple[Inputs, Arrays]]:
    return [
        (inputs, answer.arrays)
        for (item, inputs), answer in zip(cases, answers, strict=True)
        if item is check.items[0]
    ]


def _item_result(item: Item, cases: Sequence[Case], faults: Sequence[str | None]) -> ItemResult:
    mine = [said for (of, _), said in zip(cases, faults, strict=True) if of is item and said]
    return ItemResult(item.name, item.points, not mine, mine[0] if mine else "", item.bonus)


def _exact(value: Any) -> Any:
    if isinstance(value, list):
        return [_exact(part) for part in value]
    is_float = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.astype(np.float64) if is_float else value


def _float_arrays(values: Any) -> Iterator[np.ndarray]:
    for value in values:
        if isinstance(value, list):
            yield from _float_arrays(value)
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            yield value


def _plain(inputs: Inputs) -> str:
    """Spell the inputs that are no arrays, so that the learner can repeat the call."""
    plain = {n: v for n, v in inputs.items() if isinstance(v, bool | int | float | str)}
    return ", ".join(
        f"{name}={f'{value:.4g}' if isinstance(value, float) else repr(value)}"
        for name, value in plain.items()
    )


def _shape_fault(name: str, letters: str, got: np.ndarray, wanted: np.ndarray) -> str:
    expected = f"{wanted.shape} = ({', '.join(letters.split())})"
    return f"{name} has shape {got.shape}, expected {expected}"
