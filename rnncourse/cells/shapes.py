"""Say which array has the wrong shape, and what was expected, in the letters of the book."""

import re
from statistics import mode

import numpy as np


class ShapeError(ValueError):
    """An array's shape disagrees with the others; the message names the array and the letters."""


def require_shapes(**arrays: tuple[np.ndarray, str]) -> None:
    """Check arrays against shapes in letters, such as ``x=(x, "B I"), W_x=(W_x, "4H I")``.

    A letter has the size that most arrays give it, so that the odd one out is named. Raises
    ShapeError for the first array that disagrees.
    """
    votes: dict[str, list[int]] = {}
    for array, letters in arrays.values():
        for (factor, letter), size in zip(_axes(letters), np.shape(array), strict=False):
            if size % factor == 0:
                votes.setdefault(letter, []).append(size // factor)
    sizes = {letter: mode(cast) for letter, cast in votes.items()}
    for name, (array, letters) in arrays.items():
        shape = np.shape(array)
        expected = tuple(factor * sizes.get(letter, 0) for factor, letter in _axes(letters))
        if shape != expected:
            hint = f" Did you mean {name}.T?" if shape == expected[::-1] else ""
            words = ", ".join(letters.split()) + "," * (len(expected) == 1)
            raise ShapeError(f"{name} has shape {shape}, expected {expected} = ({words}).{hint}")


def _axes(letters: str) -> list[tuple[int, str]]:
    return [(int(factor or 1), letter) for factor, letter in re.findall(r"(\d*)([A-Z])", letters)]
