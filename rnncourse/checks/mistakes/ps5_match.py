"""What learners write instead of the nearest hidden size, each mistake as a search that runs."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rnncourse.cells import count_parameters, matched_hidden_size
from rnncourse.checks.declare import Function, Mistake

BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
GATES = {"rnn": 1, "lstm": 3, "gru": 2}
STATES = {"rnn": 1, "lstm": 2, "gru": 1}
MATCHED = "costs-matched"


class Around(NamedTuple):
    """The last size with no more parameters, 0 where even 1 has more; how many it lacks; how many
    the next has too many."""

    below: int
    lacks: int
    exceeds: int


def _searching(choose: Callable[[Around], int]) -> Function:
    """Make a search that takes the size before the target or the one after it."""

    def wrong(cell: str, to_cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
        def count(size: int) -> int:
            return BLOCKS[to_cell] * size * (input_size + size + biases)

        target = count_parameters(cell, input_size, hidden_size, biases)
        below = int(_root(target / BLOCKS[to_cell], input_size + biases))  # but for rounding
        below += (count(below + 1) <= target) - (count(below) > target)
        return choose(Around(below, target - count(below), count(below + 1) - target))

    return wrong


def _root(area: float, more: int) -> float:
    """Solve H² + more · H = area."""
    return math.sqrt(area + more**2 / 4) - more / 2


def _rounded(cell: str, to_cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
    target = count_parameters(cell, input_size, hidden_size, biases)
    return max(1, round(_root(target / BLOCKS[to_cell], input_size + biases)))


def _scaled(counted: Mapping[str, int], power: float = 1) -> Function:
    """Make a rule of thumb: the hidden size times a power of the ratio of what is counted."""

    def wrong(cell: str, to_cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
        return max(1, round(hidden_size * (counted[cell] / counted[to_cell]) ** power))

    return wrong


def _with_biases(number: int) -> Function:
    return lambda cell, to_cell, I, H, biases=2: matched_hidden_size(cell, to_cell, I, H, number)


def _gates(cell: str, to_cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
    def count(cell: str, size: int) -> int:
        return GATES[cell] * size * (input_size + size + biases)

    target = count(cell, hidden_size)
    return min(range(1, 4 * hidden_size + 2), key=lambda size: abs(count(to_cell, size) - target))


def _with_blocks(blocks: Mapping[str, int]) -> Function:
    """Make a right search that takes the cells to have these numbers of blocks."""

    def wrong(cell: str, to_cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
        more, target = input_size + biases, hidden_size * (input_size + hidden_size + biases)
        target *= blocks[cell]
        near = max(1, int(_root(target / blocks[to_cell], more)))
        around = range(max(1, near - 1), near + 3)
        return min(around, key=lambda size: abs(blocks[to_cell] * size * (size + more) - target))

    return wrong


def _up_to_twice(cell: str, to_cell: str, I: int, H: int, biases: int = 2) -> int:
    return min(matched_hidden_size(cell, to_cell, I, H, biases), 2 * H)


NEAREST = "Which of the two sizes around the target misses it by fewer parameters?"

MATCH = (
    Mistake(
        "larger-on-a-tie",
        "a search that takes the larger size when two miss by the same number",
        "Two sizes can miss by the same number. Which of them does your comparison keep?",
        MATCHED,
        _searching(lambda near: max(1, near.below + (near.exceeds <= near.lacks))),
    ),
    Mistake(
        "two-biases",
        "a match with two bias vectors, whatever biases says",
        "Does your answer change with the argument biases, and does the count?",
        MATCHED,
        _with_biases(2),
    ),
    Mistake(
        "size-kept",
        "a match of hidden sizes, not of parameters",
        "Do an LSTM and a GRU of the same hidden size have as many parameters?",
        MATCHED,
        lambda cell, to_cell, I, H, biases=2: H,
    ),
    Mistake(
        "never-above",
        "a search for the largest size that has no more parameters",
        NEAREST,
        MATCHED,
        _searching(lambda near: max(1, near.below)),
    ),
    Mistake(
        "always-below",
        "a search for the largest size that has fewer parameters",
        "From an LSTM to an LSTM, which size do you get?",
        MATCHED,
        _searching(lambda near: max(1, near.below - (near.lacks == 0))),
    ),
    Mistake(
        "never-below",
        "a search for the smallest size that has no fewer parameters",
        NEAREST,
        MATCHED,
        _searching(lambda near: near.below + (near.lacks > 0)),
    ),
    Mistake(
        "always-above",
        "a search for the smallest size that has more parameters",
        "From an LSTM to an LSTM, which size do you get?",
        MATCHED,
        _searching(lambda near: near.below + 1),
    ),
    Mistake(
        "size-rounded",
        "a solution of the quadratic equation, rounded to the nearest size",
        "The count grows faster than the size. Halfway between two sizes, is it halfway between "
        "their counts?",
        MATCHED,
        _rounded,
    ),
    Mistake(
        "zero-allowed",
        "a search that may end at a hidden size of 0",
        "What is the smallest layer that you can build?",
        MATCHED,
        _searching(lambda near: near.below + (near.exceeds < near.lacks)),
    ),
    Mistake(
        "up-to-twice-the-size",
        "a search among the sizes up to 2 * hidden_size",
        "How large must a plain RNN be, to have the parameters of an LSTM?",
        MATCHED,
        _up_to_twice,
    ),
    Mistake(
        "scaled-by-the-blocks",
        "the hidden size times the ratio of the blocks",
        "When the hidden size doubles, do the parameters double?",
        MATCHED,
        _scaled(BLOCKS),
    ),
    Mistake(
        "scaled-and-cut-off",
        "the hidden size times the ratio of the blocks, its fraction cut off",
        "When the hidden size doubles, do the parameters double?",
        MATCHED,
        lambda cell, to_cell, I, H, biases=2: max(1, H * BLOCKS[cell] // BLOCKS[to_cell]),
    ),
    Mistake(
        "scaled-the-other-way",
        "the hidden size times the ratio of the blocks, upside down",
        "Which of the two cells has more blocks, and so must be the narrower one?",
        MATCHED,
        lambda cell, to_cell, I, H, biases=2: max(1, round(H * BLOCKS[to_cell] / BLOCKS[cell])),
    ),
    Mistake(
        "four-blocks-for-the-gru",
        "a match with four blocks for the GRU as well",
        "Which letters stand for the gates of a GRU, and which for its candidate?",
        MATCHED,
        _with_blocks(BLOCKS | {"gru": 4}),
    ),
    Mistake(
        "scaled-by-the-root",
        "the hidden size times the square root of the ratio of the blocks",
        "Which part of the count grows with H and not with its square?",
        MATCHED,
        _scaled(BLOCKS, 1 / 2),
    ),
    Mistake(
        "scaled-by-the-states",
        "a match of the numbers that the two cells carry from step to step",
        "What is to be equal: the parameters or the states?",
        MATCHED,
        _scaled(STATES),
    ),
    Mistake(
        "gates-counted",
        "a match of counts with three blocks for the LSTM and two for the GRU",
        "Which part of a cell has weights of its own, and is no gate?",
        MATCHED,
        _gates,
    ),
    Mistake(
        "biases-forgotten",
        "a match of FLOPs, or of weights without biases",
        "Does your answer change with the argument biases, and does the count?",
        MATCHED,
        _with_biases(0),
    ),
    Mistake(
        "one-bias",
        "a match with one bias vector, whatever biases says",
        "Does your answer change with the argument biases, and does the count?",
        MATCHED,
        _with_biases(1),
    ),
    Mistake(
        "cells-swapped",
        "a match from to_cell to cell",
        "Which of the two cells has the hidden size that is given?",
        MATCHED,
        lambda cell, to_cell, I, H, biases=2: matched_hidden_size(to_cell, cell, I, H, biases),
    ),
    Mistake(
        "sizes-swapped",
        "a match with the two sizes swapped",
        "Which of the two sizes may change, and which belongs to the data?",
        MATCHED,
        lambda cell, to_cell, I, H, biases=2: matched_hidden_size(cell, to_cell, H, I, biases),
    ),
)
