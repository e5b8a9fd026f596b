"""Ask a learner's compare_cells: give it an experiment to run, and note what it runs."""

from collections.abc import Sequence
from numbers import Integral
from zlib import crc32

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs
from rnncourse.checks.values import MisfitError, Returning

VERDICTS = "gru", "lstm", "comparable", "undecided"


class Comparing:
    """A probe for compare_cells: what it returns, and the sizes with which it calls ``run``."""

    values = Returning("differences: N", "p: float", "verdict: word")
    sizes = ("lstm", "the LSTM's hidden_size"), ("gru", "the GRU's hidden_size")
    shapes = dict.fromkeys((name for _, name in sizes), "int") | values.shapes

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        run = Run(inputs["run"])
        arrays = self.values(function, inputs | {"run": run})
        if (said := str(arrays["verdict"])) not in VERDICTS:
            *some, last = (f'"{verdict}"' for verdict in VERDICTS)
            raise MisfitError(
                f'returned "{said}" for verdict, expected {", ".join(some)} or {last}.'
            )
        for cell, _ in self.sizes:
            if cell not in run.sizes:
                raise MisfitError(f'did not call run with cell "{cell}".')
        return {name: np.array(run.sizes[cell]) for cell, name in self.sizes} | arrays


class Run:
    """The experiment that a learner's compare_cells is given: losses from two tables.

    For a size or a seed that is not there it makes up a loss, the same each time.
    """

    def __init__(self, tables: Sequence[Sequence[tuple[int, int, float]]]) -> None:
        self.losses = {
            (cell, size, seed): loss
            for cell, rows in zip(("lstm", "gru"), tables, strict=True)
            for size, seed, loss in rows
        }
        self.sizes: dict[str, int] = {}  # of the last call

    def __call__(self, cell: str, hidden_size: int, seed: int) -> float:
        for name, value in (("hidden_size", hidden_size), ("seed", seed)):
            if not isinstance(value, Integral):
                raise MisfitError(f"called run with {name} {value!r}, expected a whole number.")
        if cell not in ("lstm", "gru"):
            raise MisfitError(f'called run with cell {cell!r}, expected "lstm" or "gru".')
        asked = cell, int(hidden_size), int(seed)
        self.sizes[cell] = int(hidden_size)
        return self.losses.get(asked, made_up(asked))


def made_up(asked: object) -> float:
    """Return a loss between 10 and 14, far from those of the table, a multiple of 1/64."""
    return 10 + crc32(str(asked).encode()) % 256 / 64
