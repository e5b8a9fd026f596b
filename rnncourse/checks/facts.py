"""What is known about answers that are wrong and equal no recognised mistake."""

from collections.abc import Callable, Sequence

import numpy as np

from rnncourse.checks.compare import off
from rnncourse.checks.declare import Arrays, Check
from rnncourse.checks.values import SCALARS

Pairs = Sequence[tuple[Arrays, Arrays]]  # what came back and what was expected, for every draw


def facts(check: Check, drawn: Pairs, lenses: Sequence[tuple[str, Arrays, Arrays]]) -> list[str]:
    """Say in a few sentences what holds on every draw; ``lenses`` had one input at zero each."""
    if not all(_comparable(got, wanted) for got, wanted in drawn):
        return []
    names = [n for n, of in check.probe.shapes.items() if of not in SCALARS and n in drawn[0][1]]
    differing = [n for n in names if any(_differs(check, n, *pair) for pair in drawn)]
    found = ["The shapes are right."] if names else []
    for about in (_swapped, _factor, _steps):
        found += [said for name in differing if (said := about(check, name, drawn))]
        if len(found) > 1:
            break
    zero = [name for name in differing if not any(got[name].any() for got, _ in drawn)]
    if zero:
        found.append(f"{' and '.join(zero)} {'is' if len(zero) == 1 else 'are'} zero.")
    silent = [
        label
        for label, got, wanted in lenses
        if _right(check, got, wanted) and any(array.any() for array in wanted.values())
    ]
    if _right(check, *drawn[0]):  # it is right there with all inputs as they are
        silent = []
    if silent:
        found.append(
            f"With {' or '.join(silent)} at zero it is right: look at the terms that have "
            f"{'it' if len(silent) == 1 else 'them'}."
        )
    return found


def _comparable(got: Arrays, wanted: Arrays) -> bool:
    return (
        bool(got)
        and got.keys() == wanted.keys()
        and all(got[n].shape == wanted[n].shape for n in got)
    )


def _differs(check: Check, name: str, got: Arrays, wanted: Arrays) -> bool:
    return bool(off(got[name], wanted[name], check.tolerance).any())


def _right(check: Check, got: Arrays, wanted: Arrays) -> bool:
    return _comparable(got, wanted) and not any(_differs(check, n, got, wanted) for n in got)


def _everywhere(drawn: Pairs, holds: Callable[[Arrays, Arrays], bool]) -> bool:
    return all(holds(got, wanted) for got, wanted in drawn)


def _swapped(check: Check, name: str, drawn: Pairs) -> str | None:
    """Find that one value stands in the place of another, or lies on its side."""
    for other in drawn[0][1]:

        def is_other(got: Arrays, wanted: Arrays, other: str = other) -> bool:
            fits = got[name].shape == wanted[other].shape
            return fits and not off(got[name], wanted[other], check.tolerance).any()

        if other != name and _everywhere(drawn, is_other):
            return f"What comes back as {name} is {other}."
    return None


def _factor(check: Check, name: str, drawn: Pairs) -> str | None:
    """Find one factor between what came back and what was expected, the same on every draw."""
    got, wanted = drawn[0][0][name], drawn[0][1][name]
    norm = float((wanted * wanted).sum())
    if not norm or not np.isfinite(got).all():
        return None
    factor = float((got * wanted).sum()) / norm

    def scaled(got: Arrays, wanted: Arrays) -> bool:
        return not off(got[name], factor * wanted[name], check.tolerance).any()

    if abs(factor) < 1e-6 or not _everywhere(drawn, scaled):
        return None
    return f"{name} is {factor:.4g} times what it has to be, everywhere."


def _steps(check: Check, name: str, drawn: Pairs) -> str | None:
    """Find that a sequence is right at one of its ends and not beyond."""
    if not check.probe.shapes[name].startswith("T "):
        return None
    wrong = [
        np.array(off(got[name], wanted[name], check.tolerance).reshape(len(got[name]), -1).any(1))
        for got, wanted in drawn
    ]
    if all(not steps[0] and steps[1:].all() for steps in wrong):
        return f"{name} is right at step 1 and differs from step 2 on: what does a step hand on?"
    if all(not steps[-1] and steps[:-1].all() for steps in wrong):
        return (
            f"{name} is right at the last step and differs at all before: what does a step hand "
            "back to the one before it?"
        )
    return None
