"""Compare answers with the reference, and recognise mistakes. The learner's code never gets here.

All there is to see are the arrays that came back.
"""

from collections.abc import Sequence

import numpy as np

from rnncourse.checks.declare import Arrays, Check, Inputs, Item, Mistake
from rnncourse.checks.probe import Answer
from rnncourse.checks.report import ItemResult, Report

# relative to the largest expected value; a right answer in another order of operations is off by
# 1e-15 and 1e-6, the smallest recognised mistake by 1e-3
TOLERANCE = {"float64": 1e-8, "float32": 1e-4}

Case = tuple[Item, Inputs]


def judge(check: Check, cases: Sequence[Case], answers: Sequence[Answer]) -> Report:
    """Turn the answers to the cases into a report."""
    changed = sorted({name for answer in answers for name in answer.changed})
    faults = [
        fault(check, item, inputs, answer, changed)
        for (item, inputs), answer in zip(cases, answers, strict=True)
    ]
    items = [_item_result(item, cases, faults) for item in check.items]
    if all(item.passed for item in items):
        return Report(check.id, check.title, items, None, "Everything is right.")
    first = next(n for n, said in enumerate(faults) if said)
    item, answer = cases[first][0], answers[first]
    if answer.problem:
        link = check.link(check.section)
        return Report(check.id, check.title, items, None, answer.problem, link, answer.kind)
    mistake = recognise(check, cases, answers)
    said = [f"{check.function_name}: {faults[first]}."]
    if mistake:
        said.append(f"Your numbers equal those of {mistake.says}, on every random draw.")
    asks = mistake.asks if mistake else item.asks
    if asks:
        said.append(f"Ask: {asks}")
    link = check.link(mistake.section if mistake else check.section)
    return Report(
        check.id, check.title, items, mistake.slug if mistake else None, "\n".join(said), link
    )


def recognise(check: Check, cases: Sequence[Case], answers: Sequence[Answer]) -> Mistake | None:
    """Return the mistake whose numbers equal the answers to all cases of the first item."""
    drawn = [
        (inputs, answer.arrays)
        for (item, inputs), answer in zip(cases, answers, strict=True)
        if item is check.items[0]
    ]
    if not all(arrays for _, arrays in drawn):
        return None
    with np.errstate(all="ignore"):
        for mistake in check.mistakes:
            if all(same(arrays, check.probe(mistake.wrong, inputs)) for inputs, arrays in drawn):
                return mistake
    return None


def expected(check: Check, inputs: Inputs) -> Arrays:
    """Run the reference in float64, whatever the inputs are."""
    exact = {
        name: value.astype(np.float64) if isinstance(value, np.ndarray) else value
        for name, value in inputs.items()
    }
    return check.probe(check.reference, exact)


def same(got: Arrays, other: Arrays) -> bool:
    """Say whether all arrays have the same shapes and numbers, within the tolerance."""
    return got.keys() == other.keys() and all(
        got[name].shape == other[name].shape and not _off(got[name], other[name]).any()
        for name in got
    )


def fault(
    check: Check, item: Item, inputs: Inputs, answer: Answer, changed: Sequence[str]
) -> str | None:
    """Say what is wrong with one answer, or None."""
    if answer.problem:
        return answer.problem.splitlines()[0].rstrip(".")
    if item.read_only and changed:
        return f"it changes its input {' and '.join(changed)}"
    wanted = expected(check, inputs)
    dtype = next(v.dtype for v in inputs.values() if isinstance(v, np.ndarray))
    for name, array in answer.arrays.items():
        if array.shape != wanted[name].shape:
            return _shape_fault(name, check.probe.shapes[name], array, wanted[name])
        if array.dtype != dtype:
            return f"{name} is {array.dtype} where the inputs are {dtype}"
        if not np.isfinite(array).all():
            return f"{name} is not finite (nan or inf)"
    return _difference(check, answer.arrays, wanted)


def _item_result(item: Item, cases: Sequence[Case], faults: Sequence[str | None]) -> ItemResult:
    mine = [said for (of, _), said in zip(cases, faults, strict=True) if of is item and said]
    return ItemResult(item.name, item.points, not mine, mine[0] if mine else "")


def _off(got: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mark the numbers that differ; nan always does."""
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    tolerance = TOLERANCE.get(str(got.dtype), TOLERANCE["float64"])
    return ~(np.abs(got - wanted) <= tolerance * scale)


def _shape_fault(name: str, letters: str, got: np.ndarray, wanted: np.ndarray) -> str:
    expected = f"{wanted.shape} = ({', '.join(letters.split())})"
    return f"{name} has shape {got.shape}, expected {expected}"


def _difference(check: Check, got: Arrays, wanted: Arrays) -> str | None:
    """Say which arrays are right, which differ and by how much, and at which steps."""
    off = {name: _off(got[name], wanted[name]) for name in got}
    wrong = [name for name in got if off[name].any()]
    if not wrong:
        return None
    right = [name for name in got if name not in wrong]
    parts = [_where(name, check.probe.shapes[name], off[name]) for name in wrong]
    gap = max(float(np.abs(got[name] - wanted[name]).max()) for name in wrong)
    praise = f"; right: {', '.join(right)}" if right else ""
    return f"{', '.join(parts)} differ{'s' * (len(wrong) == 1)} (largest gap {gap:.2g}){praise}"


def _where(name: str, letters: str, off: np.ndarray) -> str:
    if not letters.startswith("T "):
        return name
    steps = np.flatnonzero(off.any(axis=tuple(range(1, off.ndim)))) + 1
    if len(steps) == len(off):
        return name
    spelt = f"step {steps[0]}" if len(steps) == 1 else f"steps {steps[0]} to {steps[-1]}"
    if len(steps) > 1 and len(steps) != steps[-1] - steps[0] + 1:
        spelt = f"steps {', '.join(map(str, steps))}"
    return f"{name} at {spelt} of {len(off)}"
