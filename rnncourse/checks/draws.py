"""Random inputs for a check, from the shapes of its arguments in letters."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from rnncourse.checks.declare import Inputs, Item

Letters = Mapping[str, str]


def draw(rng: np.random.Generator, letters: Letters, also: Any = None, **fixed: int) -> Inputs:
    """Draw every array from a normal distribution.

    ``letters`` has the shape of each argument, such as "T B I" or "4H I". B, I and H differ and
    are above 1, T is at least 4, unless they are ``fixed``. ``also`` holds the arguments after
    them that are no arrays.
    """
    B, I, H = (int(size) for size in rng.permutation([2, 3, 5]))
    sizes = {"T": int(rng.choice([4, 6])), "B": B, "I": I, "H": H} | fixed
    inputs = {name: rng.normal(size=shape(spelt, sizes)) for name, spelt in letters.items()}
    return inputs | dict(also or {})


def single(rng: np.random.Generator, letters: Letters, also: Any = None, **fixed: int) -> Inputs:
    """``draw`` in float32."""
    return as_float32(draw(rng, letters, also, **fixed))


def extreme(rng: np.random.Generator, letters: Letters, also: Any = None, **fixed: int) -> Inputs:
    """Put half of the pre-activations at ±1000, by the bias; the others let gradients through."""
    inputs = draw(rng, letters, also, **fixed)
    bias = inputs[next(name for name in inputs if re.fullmatch("b|b_x", name))]
    where = rng.permutation(len(bias)) % 2 == 0
    bias[where] = rng.permutation(np.resize([-1000.0, 1000.0], where.sum()))
    return inputs


def shape(spelt: str, sizes: Mapping[str, int]) -> list[int]:
    """Turn letters into numbers: "4H I" with H = 2 and I = 3 is [8, 3]."""
    return [
        int(letter[:-1] or 1) * sizes[letter[-1]] if letter[-1] in sizes else int(letter)
        for letter in spelt.split()
    ]


def as_float32(inputs: Inputs) -> Inputs:
    return {
        name: value.astype(np.float32) if getattr(value, "dtype", None) == np.float64 else value
        for name, value in inputs.items()
    }


def items(letters: Letters, points: float, also: Any = None) -> tuple[Item, ...]:
    """The five items of a check of arrays; ``points`` are those of the first, the others have 1."""

    def drawn(make: Callable = draw, **fixed: int) -> Callable[[np.random.Generator], Inputs]:
        return partial(make, letters=letters, also=also, **fixed)

    over_time = any(spelt.startswith("T ") for spelt in letters.values())
    name = "a single step, a batch of one" if over_time else "a batch of one"
    ones = (drawn(B=1), *([drawn(T=1), drawn(T=1, B=1)] if over_time else []))
    return (
        Item("random inputs", points, (drawn(),) * 5),
        Item(name, 1, ones, "Which line drops or mixes an axis of length 1?"),
        Item(
            "inputs in float32",
            1,
            (drawn(single),),
            "Which line computes with less than float32?",
        ),
        Item(
            "pre-activations of ±1000",
            1,
            (drawn(extreme),) * 2,
            "What is np.exp(1000), and what does your code do with it?",
        ),
        Item(
            "inputs left as they were",
            1,
            (drawn(),),
            "Which line writes into an array that the caller still needs?",
            read_only=True,
        ),
    )
