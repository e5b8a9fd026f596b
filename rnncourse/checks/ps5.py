"""Problem set 5: what a cell costs, and the input product out of the loop."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from rnncourse.cells import count_parameters, matched_hidden_size, step_flops
from rnncourse.checks.declare import Check, Inputs, Item
from rnncourse.checks.draws import items
from rnncourse.checks.mistakes.ps5_count import COUNT
from rnncourse.checks.mistakes.ps5_flops import STEP_FLOPS
from rnncourse.checks.mistakes.ps5_hoist import HOISTED
from rnncourse.checks.mistakes.ps5_match import MATCH
from rnncourse.checks.ps5_answers import hoisted_lstm_forward
from rnncourse.checks.ps5_probe import BiasesByName, Hoisted
from rnncourse.checks.values import Returning

PAGE = "book/3-efficiency/costs.html"
CELLS = ("rnn", "lstm", "gru")
FORWARD = {"x": "T B I", "h0": "B H", "c0": "B H", "W_x": "4H I", "W_h": "4H H", "b": "4H"}

Case = Callable[[np.random.Generator], Inputs]


def sizes(rng: np.random.Generator, *names: str, low: int = 2, high: int = 40) -> Inputs:
    """Draw a size for each name, all different."""
    while True:
        drawn = rng.integers(low, high, size=len(names)).tolist()
        if len(set(drawn)) == len(names):
            return dict(zip(names, drawn, strict=True))


def layer(rng: np.random.Generator, cell: str, **given: int) -> Inputs:
    return {"cell": cell} | sizes(rng, "input_size", "hidden_size") | given


def step(rng: np.random.Generator, cell: str, **given: int) -> Inputs:
    return {"cell": cell} | sizes(rng, "batch", "input_size", "hidden_size") | given


def pair(rng: np.random.Generator, low: int = 2, high: int = 40, named: bool = True) -> Inputs:
    """Draw two cells and the sizes of the first; ``biases`` too if it is to be named."""
    cell, to_cell, biases = rng.integers(3, size=3).tolist()
    drawn = {"cell": CELLS[cell], "to_cell": CELLS[to_cell]}
    drawn |= sizes(rng, "input_size", "hidden_size", low=low, high=high)
    return drawn | ({"biases": biases} if named else {})


def against(*slugs: str, but: str = "", **ranges: Any) -> Case:
    """Draw a ``pair`` until it shows all these mistakes, and not the one of ``but``."""

    def shows(slug: str, drawn: Inputs) -> bool:
        sizes = drawn.values()
        return bool(MATCHES[slug](*sizes) != matched_hidden_size(*sizes))

    def draw(rng: np.random.Generator) -> Inputs:
        for _ in range(50_000):
            drawn = pair(rng, **ranges)
            if all(shows(slug, drawn) for slug in slugs) and not (but and shows(but, drawn)):
                return drawn
        raise RuntimeError(f"no pair of cells shows {slugs} and not {but!r}")

    return draw


NONE_NAMED = "Which number of bias vectors does the signature promise where none is named?"
MATCHES = {mistake.slug: mistake.wrong for mistake in MATCH}
RARE = ("larger-on-a-tie", "size-rounded", "two-biases", "zero-allowed")  # drawn by themselves
PLAIN = [slug for slug in MATCHES if slug not in RARE]
TIE = against("larger-on-a-tie", "two-biases", high=12)

COUNT_ITEMS = (
    Item(
        "every cell, with 0, 1 and 2 bias vectors",
        2,
        tuple(partial(layer, cell=cell, biases=b) for cell, b in product(CELLS, range(3))),
    ),
    Item(
        "no biases",
        1,
        tuple(partial(layer, cell=cell, biases=0) for cell in CELLS),
        "Which arrays are left in a layer without biases?",
    ),
    Item(
        "biases not named",
        1,
        tuple(partial(layer, cell=cell) for cell in CELLS),
        NONE_NAMED,
    ),
    Item(
        "sizes of 1 and of 512",
        1,
        tuple(
            partial(layer, cell=cell, input_size=I, hidden_size=H, biases=1)
            for cell, (I, H) in product(CELLS, ((1, 1), (1, 512), (512, 1)))
        ),
        "Which part of your count takes a size to be above 1, or small?",
    ),
)
FLOPS_ITEMS = (
    Item("every cell", 2, tuple(partial(step, cell=cell) for cell in CELLS * 2)),
    Item(
        "a plain RNN",
        1,
        (partial(step, cell="rnn"),) * 2,
        "Which two products does x @ W_x.T + h_prev @ W_h.T + b hold, and of which shapes?",
    ),
    Item(
        "a batch of one",
        1,
        tuple(partial(step, cell=cell, batch=1) for cell in CELLS),
        "Which shapes have the two factors of each product when the batch has one sequence?",
    ),
    Item(
        "sizes of 1 and of 512",
        1,
        tuple(
            partial(step, cell=cell, batch=512, input_size=I, hidden_size=H)
            for cell, (I, H) in product(CELLS, ((1, 1), (1, 512), (512, 1)))
        ),
        "Which part of your count takes a size to be above 1, or small?",
    ),
)
MATCH_ITEMS = (
    Item(
        "from any cell to any other",
        3,
        (
            *map(against, (*PLAIN, "two-biases")),
            against("always-below", but="never-above"),
            against("always-above", but="never-below"),
            against("biases-forgotten", but="one-bias"),
            against("one-bias", but="two-biases"),
            against("one-bias", but="larger-on-a-tie"),
            against("size-rounded", but="larger-on-a-tie", high=12),
            against("zero-allowed", low=1, high=9),
            against("larger-on-a-tie", but="two-biases", high=12),
            *(pair,) * 3,
        ),
    ),
    Item(
        "biases not named",
        1,
        (
            *(against(slug, named=False) for slug in PLAIN),
            against("zero-allowed", low=1, high=9, named=False),
            against("size-rounded", "larger-on-a-tie", high=12, named=False),
        ),
        NONE_NAMED,
    ),
    Item(
        "sizes from 1 to 8, and from 100 to 199",
        1,
        (
            *(against(slug, low=1, high=9) for slug in (*PLAIN, "two-biases", "zero-allowed")),
            *(partial(pair, low=100, high=200),) * 3,
        ),
        "Over which sizes does your search go?",
    ),
    Item(
        "two sizes that come equally near",
        1,
        (TIE,) * 3,
        "Two sizes can miss by the same number. Which of them does your comparison keep?",
    ),
)

CHECKS = (
    Check(
        id="count-parameters",
        title="The parameters of a layer",
        page=PAGE,
        section="costs-parameters",
        reference=count_parameters,
        probe=BiasesByName("count: int"),
        items=COUNT_ITEMS,
        mistakes=COUNT,
    ),
    Check(
        id="step-flops",
        title="The arithmetic of a step",
        page=PAGE,
        section="costs-flops",
        reference=step_flops,
        probe=Returning("flops: int"),
        items=FLOPS_ITEMS,
        mistakes=STEP_FLOPS,
    ),
    Check(
        id="matched-hidden-size",
        title="As many parameters in another cell",
        page=PAGE,
        section="costs-matched",
        reference=matched_hidden_size,
        probe=BiasesByName("size: int"),
        items=MATCH_ITEMS,
        mistakes=MATCH,
    ),
    Check(
        id="hoisted-lstm-forward",
        title="The input product out of the loop",
        page=PAGE,
        section="costs-hoist",
        reference=hoisted_lstm_forward,
        probe=Hoisted("hs: T B H", ("h: B H", "c: B H")),
        items=items(FORWARD, points=3),
        mistakes=HOISTED,
    ),
)
