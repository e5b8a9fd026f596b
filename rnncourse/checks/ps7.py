"""Problem set 7: two cells compared, with a sign-flip test and a test of equivalence."""

from numbers import Integral
from zlib import crc32

import numpy as np

from rnncourse.cells.costs import matched_hidden_size
from rnncourse.checks import ps7_draws as draws
from rnncourse.checks.declare import Arrays, Check, Function, Inputs, Item
from rnncourse.checks.probe import MisfitError, Returning
from rnncourse.checks.ps7_answers import compare_cells, equivalent, sign_flip_p
from rnncourse.checks.ps7_compare_mistakes import COMPARE
from rnncourse.checks.ps7_equivalent_mistakes import EQUIVALENT
from rnncourse.checks.ps7_sign_flip_mistakes import SIGN_FLIP

PAGE = "book/4-comparisons/fair.html"


class Comparing:
    """A probe for compare_cells: ``run`` reads the drawn losses, and its sizes are noted.

    ``inputs["run"]`` holds the losses of the LSTM and of the GRU, a value a seed. For anything else
    than the two right cells ``run`` makes up a loss, always the same for the same arguments.
    """

    values = Returning("differences: N", "p: float", "verdict: word")
    shapes = values.shapes | {"lstm_size": "int", "gru_size": "int"}

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        run = Run(inputs)
        arrays = self.values(function, inputs | {"run": run})
        return arrays | {f"{cell}_size": np.array(run.size(cell)) for cell in ("lstm", "gru")}


class Run:
    """The experiment that a learner's compare_cells is given, from a table."""

    def __init__(self, inputs: Inputs) -> None:
        H = inputs["hidden_size"]
        sizes = {"lstm": H, "gru": matched_hidden_size("lstm", "gru", inputs["input_size"], H)}
        self.table = {
            (cell, sizes[cell], int(seed)): loss
            for cell, losses in zip(sizes, inputs["run"], strict=True)
            for seed, loss in zip(inputs["seeds"], losses, strict=True)
        }
        self.sizes: dict[str, set[int]] = {}

    def __call__(self, cell: str, hidden_size: int, seed: int) -> float:
        for name, value in (("hidden_size", hidden_size), ("seed", seed)):
            if not isinstance(value, Integral):
                raise MisfitError(f"called run with {name} {value!r}, expected a whole number.")
        if cell not in ("lstm", "gru"):
            raise MisfitError(f'called run with cell {cell!r}, expected "lstm" or "gru".')
        asked = cell, int(hidden_size), int(seed)
        self.sizes.setdefault(cell, set()).add(int(hidden_size))
        return self.table.get(asked, made_up(asked))

    def size(self, cell: str) -> int:
        """Return the hidden size that the cell was run with, 0 unless there is exactly one."""
        sizes = self.sizes.get(cell, set())
        return next(iter(sizes)) if len(sizes) == 1 else 0


def made_up(asked: object) -> float:
    """Return a loss between 10 and 14, far from those of the table, a multiple of 1/64."""
    return 10 + crc32(str(asked).encode()) % 256 / 64


CHECKS = (
    Check(
        id="sign-flip-p",
        title="The sign-flip test",
        page=PAGE,
        section="fair-sign-flip",
        reference=sign_flip_p,
        probe=Returning("p: float"),
        items=(
            Item(
                "random differences",
                2,
                (
                    draws.mixed(6, 1),
                    draws.mixed(7, -1),
                    draws.mixed(8, -1),
                    draws.slight(8, 1),
                    draws.mixed(9, -1, zeros=1),
                ),
                "Is your p the same in every call, and p times 2^n a whole number?",
            ),
            Item(
                "zeros and ties",
                1,
                (
                    draws.mixed(7, -1, zeros=2, ties=3),
                    draws.mixed(9, 1, zeros=1, ties=3),
                    draws.mixed(10, -1, zeros=1, ties=2),
                    draws.balanced,
                ),
                "Can a probability be above 1, and do you count every mean that is as far out?",
            ),
            Item(
                "all of one sign",
                1,
                (draws.one_sided(5, 1), draws.one_sided(7, -1), draws.one_sided(6, -1)),
                "Which sign patterns are as far out as all plus, and how many patterns are there?",
            ),
            Item(
                "two differences, and twelve",
                1,
                (draws.one_sided(2, -1), draws.mixed(12, -1), draws.mixed(12, 1)),
                "How many patterns are there for n = 2, and for n = 12?",
            ),
            Item(
                "differences left as they were",
                1,
                (draws.mixed(8, -1), draws.mixed(9, 1), draws.mixed(7, -1)),
                "Which line writes into an array that the caller still needs?",
                read_only=True,
            ),
        ),
        mistakes=tuple(SIGN_FLIP),
    ),
    Check(
        id="equivalent",
        title="The same, for all that matters",
        page=PAGE,
        section="fair-equivalence",
        reference=equivalent,
        probe=Returning("same: bool"),
        items=(
            Item(
                "random differences",
                3,
                draws.LADDER,
                "What are the two ends of your interval, and where are -delta and delta?",
            ),
            Item(
                "differences left as they were",
                1,
                draws.LADDER,
                "Which line writes into an array that the caller still needs?",
                read_only=True,
            ),
            Item(
                "differences that are all equal",
                1,
                (draws.constant(1.25), draws.constant(0.75), draws.constant(1.0)),
                "Do the ends of the interval lie inside (-delta, delta) when they lie on its ends?",
            ),
        ),
        mistakes=tuple(EQUIVALENT),
    ),
    Check(
        id="compare-cells",
        title="LSTM or GRU?",
        page=PAGE,
        section="fair-verdict",
        reference=compare_cells,
        probe=Comparing(),
        items=(
            Item(
                "random losses",
                5,
                draws.kinds((7, 8, 6)),
                "For which cell, size and seed do you call run, and in which order do you decide?",
            ),
            Item(
                "seeds in an array, left as they were",
                1,
                draws.kinds((6, 8), as_array=True),
                "Which line needs seeds to be a list, or writes into it?",
                read_only=True,
            ),
            Item(
                "few seeds, and equal losses",
                1,
                (draws.losses("wide", 3), draws.losses("noisy", 4), draws.losses("equal", 6)),
                "What p do you get when no difference is left, and what can three seeds show?",
            ),
        ),
        mistakes=tuple(COMPARE),
    ),
)
