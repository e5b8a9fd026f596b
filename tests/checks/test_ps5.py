"""Problem set 5, the counts: right answers pass in any style, mistakes are told apart."""

from fractions import Fraction
from itertools import combinations, count

import numpy as np
import pytest

from rnncourse.checks import report

BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


def in_one_line(cell, input_size, hidden_size, biases=2):
    return BLOCKS[cell] * hidden_size * (input_size + hidden_size + biases)


def array_by_array(cell, I, H, biases=2):
    G = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}[cell]
    arrays = [np.empty((H, I)) for _ in G] + [np.empty((H, H)) for _ in G]
    return sum(array.size for array in arrays) + biases * np.zeros(len(G) * H).size


def with_match(cell, input_size, hidden_size, *, biases=2):
    match cell:
        case "rnn":
            blocks = 1
        case "gru":
            blocks = 3
        case "lstm":
            blocks = 4
    total = 0
    for _ in range(blocks):
        total += hidden_size * input_size
        total += hidden_size**2
        for _ in range(biases):
            total += hidden_size
    return total


def as_numpy_integer(*arguments, **named):
    return np.int64(in_one_line(*arguments, **named))


def as_array_without_axes(*arguments, **named):
    return np.array(in_one_line(*arguments, **named))


def with_parts(cell, I, H, biases=2):
    return in_one_line(cell, I, H, biases), {"W_x": BLOCKS[cell] * H * I}


class Counter:
    def __call__(self, cell, input_size, hidden_size, biases=2):
        print("a word on stdout")
        return in_one_line(cell, input_size, hidden_size, biases)


COUNTS = (in_one_line, array_by_array, with_match, as_numpy_integer, as_array_without_axes,
          with_parts, Counter())  # fmt: skip


def two_products(cell, batch, input_size, hidden_size):
    G = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    return 2 * batch * input_size * G * hidden_size + 2 * batch * hidden_size * G * hidden_size


def from_shapes(cell, B, I, H):
    def product(left, right):
        return 2 * left[0] * left[1] * right[1]

    gates = [((B, I), (I, H)), ((B, H), (H, H))] * BLOCKS[cell]
    return np.sum([product(*shapes) for shapes in gates])


FLOPS = (two_products, from_shapes)


def climbing(cell, to_cell, input_size, hidden_size, biases=2):
    target = in_one_line(cell, input_size, hidden_size, biases)
    size = 1
    while in_one_line(to_cell, input_size, size + 1, biases) <= target:
        size += 1
    below = target - in_one_line(to_cell, input_size, size, biases)
    above = in_one_line(to_cell, input_size, size + 1, biases) - target
    return size + 1 if above < below else size


def smallest_of_many(cell, to_cell, input_size, hidden_size, biases=2):
    target = in_one_line(cell, input_size, hidden_size, biases)
    sizes = range(1, 5000)
    return min(sizes, key=lambda H: abs(in_one_line(to_cell, input_size, H, biases) - target))


def solved_and_compared(cell, to_cell, input_size, hidden_size, biases=2):
    target = in_one_line(cell, input_size, hidden_size, biases)
    p = input_size + biases
    root = (-p + np.sqrt(p**2 + 4 * target / BLOCKS[to_cell])) / 2
    near = (max(1, int(np.floor(root))), int(np.ceil(root)))
    return min(near, key=lambda H: (abs(in_one_line(to_cell, input_size, H, biases) - target), H))


def by_argmin(cell, to_cell, input_size, hidden_size, biases=2):
    sizes = np.arange(1, 3000)
    counts = BLOCKS[to_cell] * sizes * (input_size + sizes + biases)
    return sizes[np.abs(counts - in_one_line(cell, input_size, hidden_size, biases)).argmin()]


def exactly(cell, to_cell, input_size, hidden_size, biases=2):
    target = Fraction(in_one_line(cell, input_size, hidden_size, biases), BLOCKS[to_cell])
    gap = None
    for size in count(1):
        here = abs(size * (size + input_size + biases) - target)
        if gap is not None and here >= gap:
            return size - 1
        gap = here
    raise AssertionError


MATCHES = (climbing, smallest_of_many, solved_and_compared, by_argmin, exactly)


@pytest.mark.parametrize(
    ("id", "function"),
    [
        pytest.param(id, function, id=f"{id}: {getattr(function, '__name__', 'object')}")
        for id, functions in (
            ("count-parameters", COUNTS),
            ("step-flops", FLOPS),
            ("matched-hidden-size", MATCHES),
        )
        for function in functions
    ],
)
def test_a_right_answer_passes_in_any_style(id, function):
    found = report(id, function)
    assert found.passed, found.text()
    assert found.score == found.max_score


@pytest.mark.parametrize(
    ("id", "function", "message"),
    [
        ("count-parameters", lambda *a, **b: None, "returned None, expected count."),
        ("count-parameters", lambda *a, **b: 12.0, "returned 12.0, a value of type float for co"),
        ("count-parameters", lambda *a, **b: True, "returned True, a value of type bool for count"),
        ("count-parameters", lambda *a, **b: "12", "returned '12', a value of type str for count"),
        ("count-parameters", lambda *a, **b: np.ones(2), "returned an array of float64, shape (2,"),
        ("count-parameters", lambda cell, I, H, b=2: 1, "unexpected keyword argument 'biases'"),
        ("count-parameters", lambda cell, I, H, biases: {"a": 1}[cell], "raised KeyError: 'rnn'"),
        ("step-flops", lambda cell, B, I, H: B * I / 2, "a value of type float for flops"),
        ("matched-hidden-size", lambda *a, **b: np.float64(3), "for size, expected a whole number"),
        ("hoisted-lstm-forward", lambda *a: a[0] @ a[3].T, "expected hs, (h, c)"),
        ("hoisted-lstm-forward", lambda *a: None, "returned None, expected hs, (h, c)."),
    ],
)
def test_gets_its_own_sentence_and_no_points(id, function, message):
    found = report(id, function)
    assert message in found.message
    assert found.score == 0
    assert found.diagnosis is None


def test_a_default_that_is_missing_costs_one_item():
    def no_default(cell, input_size, hidden_size, biases):
        return in_one_line(cell, input_size, hidden_size, biases)

    found = report("count-parameters", no_default)
    assert [item.name for item in found.items if not item.passed] == ["biases not named"]
    assert "missing 1 required positional argument: 'biases'" in found.message


def counting(blocks=BLOCKS, square=False, biases=True, recurrent=True, batch=True, two=True):
    def count(cell, I, H, b):
        rows = (I + H) if square else H
        return blocks[cell] * rows * (I + H * recurrent) + blocks[cell] * H * b * biases

    return {
        "count-parameters": lambda cell, I, H, biases=2: count(cell, I, H, biases),
        "step-flops": lambda cell, B, I, H: (1 + two) * (B if batch else 1) * count(cell, I, H, 0),
    }


GATES = {"rnn": 1, "lstm": 3, "gru": 2}
WRONG = {
    "count-parameters": {
        "gates-counted": {"blocks": GATES},
        "square-of-the-sum": {"square": True},
        "biases-forgotten": {"biases": False},
        "recurrent-weights-forgotten": {"recurrent": False},
    },
    "step-flops": {
        "gates-counted": {"blocks": GATES},
        "square-of-the-sum": {"square": True},
        "recurrent-product-forgotten": {"recurrent": False},
        "batch-forgotten": {"batch": False},
        "multiply-add-is-one": {"two": False},
    },
}


@pytest.mark.parametrize(("id", "slug"), [(id, slug) for id in WRONG for slug in WRONG[id]])
def test_a_mistake_written_in_a_learners_words_is_recognised(id, slug):
    assert report(id, counting(**WRONG[id][slug])[id]).diagnosis == slug


# a count with I + H rows and no W_h has the numbers of one with the two sizes swapped
TWINS = {("step-flops", "square-of-the-sum", "recurrent-product-forgotten")}
PAIRS = {(id, *pair) for id in WRONG for pair in combinations(WRONG[id], 2)}


@pytest.mark.parametrize(("id", "one", "other"), sorted(PAIRS - TWINS))
def test_two_mistakes_together_fail_and_are_not_taken_for_a_third(id, one, other):
    found = report(id, counting(**WRONG[id][one], **WRONG[id][other])[id])
    assert not found.passed
    assert found.diagnosis in (None, one, other)


def matching(count=in_one_line, low=1, up=1, swapped=False, biases=None):
    def match(cell, to_cell, I, H, given=2):
        if swapped:
            cell, to_cell = to_cell, cell
        b = given if biases is None else biases
        target = count(cell, I, H, b)

        def gap(size):
            return abs(count(to_cell, I, size, b) - target)

        return min(range(low, 400), key=lambda size: (gap(size), up * size))

    return lambda cell, to_cell, I, H, biases=2: match(cell, to_cell, I, H, biases)


MATCH_WRONG = {
    "larger-on-a-tie": {"up": -1},
    "zero-allowed": {"low": 0},
    "cells-swapped": {"swapped": True},
    "biases-forgotten": {"biases": 0},
    "gates-counted": {"count": lambda c, I, H, b: GATES[c] * H * (I + H + b)},
}


@pytest.mark.parametrize("slug", MATCH_WRONG)
def test_a_wrong_match_in_a_learners_words_is_recognised(slug):
    assert report("matched-hidden-size", matching(**MATCH_WRONG[slug])).diagnosis == slug


@pytest.mark.parametrize(("one", "other"), list(combinations(MATCH_WRONG, 2)))
def test_two_wrong_matches_together_fail_and_are_not_taken_for_a_third(one, other):
    found = report("matched-hidden-size", matching(**MATCH_WRONG[one], **MATCH_WRONG[other]))
    assert not found.passed
    assert found.diagnosis in (None, one, other)
