"""When are two arrays the same, and if they are not, how do they differ?"""

from collections.abc import Mapping

import numpy as np

from rnncourse.checks.declare import BLOCKS, TOLERANCE, Arrays, Check
from rnncourse.checks.values import SCALARS


def off(
    got: np.ndarray, wanted: np.ndarray, tolerance: Mapping[str, float] = TOLERANCE
) -> np.ndarray:
    """Mark the numbers that differ, relative to the largest of ``wanted``; nan always does."""
    if wanted.dtype.kind != "f" or got.dtype.kind != "f":
        return np.asarray(got != wanted)
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    allowed = tolerance.get(str(got.dtype), tolerance["float64"]) * scale
    return np.asarray(~((got == wanted) | (np.abs(got - wanted) <= allowed)))


def same(got: Arrays, other: Arrays, tolerance: Mapping[str, float] = TOLERANCE) -> bool:
    """Say whether all arrays have the same shapes and numbers, within the tolerance."""
    return got.keys() == other.keys() and all(
        got[name].shape == other[name].shape and not off(got[name], other[name], tolerance).any()
        for name in got
    )


def difference(check: Check, got: Arrays, wanted: Arrays, single: bool = False) -> str | None:
    """Say which arrays are right, which differ and by how much, and where.

    Where the inputs were float32, ``single``, no more is asked of answers in float64.
    """
    tolerance = check.tolerance | {"float64": check.tolerance["float32"]} if single else None
    marks = {name: off(got[name], wanted[name], tolerance or check.tolerance) for name in got}
    differing = [name for name in got if marks[name].any()]
    if not differing:
        return None
    right = [name for name in got if name not in differing]
    praise = f"; right: {', '.join(right)}" if right else ""
    alone = next((name for name in differing if check.probe.shapes[name] in SCALARS), None)
    if alone:  # a gap would give the number away
        return f"{alone} is {got[alone]}, and that is not it{praise}"
    parts = [_where(name, check.probe.shapes[name], marks[name]) for name in differing]
    gap = max(float(np.abs(got[name] - wanted[name]).max()) for name in differing)
    plural = "s" * (len(differing) == 1 and not parts[0].startswith("the rows"))
    return f"{', '.join(parts)} differ{plural} (largest gap {gap:.2g}){praise}"


def _where(name: str, letters: str, marks: np.ndarray) -> str:
    """Name the steps, or the blocks of rows, where not all differ."""
    first, *_ = letters.split() or [""]
    if letters.startswith("T "):
        return _steps(name, marks)
    blocks = BLOCKS.get(first)
    if blocks is None or len(marks) % len(blocks):
        return name
    by_block = np.array(marks.reshape(len(blocks), -1).any(axis=1))
    wrong = [block for block, mark in zip(blocks, by_block, strict=True) if mark]
    return name if by_block.all() else f"the rows of {' and '.join(wrong)} in {name}"


def _steps(name: str, marks: np.ndarray) -> str:
    steps = np.flatnonzero(marks.any(axis=tuple(range(1, marks.ndim)))) + 1
    if len(steps) == len(marks):
        return name
    spelt = f"step {steps[0]}" if len(steps) == 1 else f"steps {steps[0]} to {steps[-1]}"
    if len(steps) > 1 and len(steps) != steps[-1] - steps[0] + 1:
        spelt = f"steps {', '.join(map(str, steps))}"
    return f"{name} at {spelt} of {len(marks)}"
