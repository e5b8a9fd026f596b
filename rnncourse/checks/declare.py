"""What a check is: data, a way to ask the learner's function, and mistakes that run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

BOOK = "https://OWNER.github.io/rnncourse/"

Inputs = dict[str, Any]
Arrays = dict[str, np.ndarray]
Function = Callable[..., Any]

BLOCKS = {"4H": "ifgo", "3H": "rzn"}  # how the rows of the parameters are stacked

# a right answer in another order of operations is off by 1e-15 and 1e-6, the smallest recognised
# mistake by 1e-3
TOLERANCE = {"float64": 1e-8, "float32": 1e-4}


class Probe(Protocol):
    """Calls a function on inputs and returns named arrays; ``shapes`` are theirs in letters."""

    shapes: dict[str, str]

    def __call__(self, function: Function, inputs: Inputs) -> Arrays: ...


@dataclass(frozen=True)
class Mistake:
    """A wrong variant of the reference, and what to say to whoever wrote it.

    ``says`` ends the sentence "Your numbers equal those of", ``asks`` is the question that leads
    on, ``section`` a label in the check's page of the book.
    """

    slug: str
    says: str
    asks: str
    section: str
    wrong: Function


@dataclass(frozen=True)
class Item:
    """One line of the report. ``cases`` draw its inputs; all must be answered right.

    ``asks`` is the question shown where the item fails and no mistake is recognised. With
    ``read_only`` the function gets arrays that it cannot write to, and must not have written to
    any others. A ``bonus`` has no points, and the check passes without it.
    """

    name: str
    points: float
    cases: tuple[Callable[[np.random.Generator], Inputs], ...]
    asks: str = ""
    read_only: bool = False
    bonus: bool = False


@dataclass(frozen=True)
class Check:
    """What an exercise must do.

    ``probe`` calls the learner's function, the reference or a mistake. The first item decides
    which mistake is recognised. ``name`` is what the learner defines, the id with underscores
    unless given. ``tolerance`` is relative to the largest expected value, by dtype. ``allows``
    names what a learner may call besides their own code: "layers" are torch.nn's.
    """

    id: str
    title: str
    page: str
    section: str
    reference: Function
    probe: Probe
    items: tuple[Item, ...]
    mistakes: tuple[Mistake, ...]
    name: str = ""
    tolerance: dict[str, float] = field(default_factory=lambda: TOLERANCE)
    allows: frozenset[str] = frozenset()

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items)

    @property
    def function_name(self) -> str:
        return self.name or self.id.replace("-", "_")

    def link(self, section: str) -> str:
        return f"{BOOK}{self.page}#{section}"

    def cases(self, seed: int) -> list[tuple[Item, Inputs]]:
        """Draw the inputs of every case; the same seed gives the same numbers."""
        return [
            (item, draw(np.random.default_rng([seed, number, again])))
            for number, item in enumerate(self.items)
            for again, draw in enumerate(item.cases)
        ]

    def lenses(self, seed: int) -> list[tuple[str, Inputs]]:
        """Give the first draw once more for each array of floats, with that one at zero.

        They cost and earn nothing. Where an answer is right with W_h at zero, its mistake lies in
        a term with W_h; likewise for the rows of one gate in all parameters.
        """
        draw = self.items[0].cases[0]
        drawn = draw(np.random.default_rng([seed, 0, 0]))
        arrays = {n: a for n, a in drawn.items() if getattr(a, "dtype", None) == np.float64}
        if len(arrays) < 2:
            return []
        lenses = [(n, drawn | {n: np.zeros_like(a)}) for n, a in arrays.items()]
        letters = getattr(draw, "keywords", {}).get("letters", {})
        for gates in BLOCKS.values():
            stacked = [n for n, spelt in letters.items() if spelt.startswith(f"{len(gates)}H")]
            for k, gate in enumerate(gates if stacked else ""):
                shut = {n: _without(arrays[n], k, len(gates)) for n in stacked}
                lenses.append((f"the rows of {gate}", drawn | shut))
        return lenses


def _without(parameter: np.ndarray, block: int, blocks: int) -> np.ndarray:
    """Set one block of rows to zero."""
    rows = np.split(parameter, blocks)
    rows[block] = np.zeros_like(rows[block])
    return np.concatenate(rows)
