"""Random inputs for problem set 6: tokens with a mask, lengths, windows, lists of gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncourse.checks.declare import Inputs
from rnncourse.checks.draws import as_float32, draw

RNN = {"x": "T B I", "h0": "B H", "W_x": "H I", "W_h": "H H", "b": "H", "dhs": "T B H"}


class Gradients(list):
    """Arrays of unequal shapes. Reports print the shape of an input."""

    @property
    def shape(self) -> list[tuple[int, ...]]:
        return [gradient.shape for gradient in self]


def single(make: Callable[..., Inputs], rng: np.random.Generator, **sizes: Any) -> Inputs:
    """Draw in float32."""
    return {
        name: Gradients(array.astype(np.float32) for array in value)
        if isinstance(value, list)
        else value
        for name, value in as_float32(make(rng, **sizes)).items()
    }


def tokens(rng: np.random.Generator, large: bool = False, **fixed: int) -> Inputs:
    """Draw logits, targets and a mask with holes, in which the sequences are unequal in length."""
    B, V = (int(size) for size in rng.permutation([3, 5]))
    sizes = {"T": 6, "B": B, "V": V} | fixed
    T, B, V = sizes["T"], sizes["B"], sizes["V"]
    logits = 3 * rng.normal(size=(T, B, V))
    if large:
        logits[rng.random(size=logits.shape) < 0.5] = rng.choice([-1000.0, 1000.0])
    counts = np.minimum(2 + np.arange(B) % 4, T) if T > 1 else np.arange(B) % 2
    mask = np.zeros((T, B), dtype=bool)
    for b, count in enumerate(counts if B * T > 1 else [1]):
        mask[rng.permutation(T)[:count], b] = True
    return {"logits": logits, "targets": rng.integers(V, size=(T, B)), "mask": mask}


def far_apart(rng: np.random.Generator) -> Inputs:
    """Draw tokens whose logits are all near 1000, and near -1000 for every second that counts."""
    inputs = tokens(rng)
    level = np.ones(inputs["mask"].shape)
    level[inputs["mask"]] = np.resize([1, -1], inputs["mask"].sum())
    return inputs | {"logits": inputs["logits"] + 1000 * level[..., None]}


def padded(rng: np.random.Generator, spare: int = 0, **fixed: int) -> Inputs:
    """Draw states and lengths: one ends ``spare`` steps before T, the others earlier, unsorted."""
    B, H = (int(size) for size in rng.permutation([3, 5]))
    sizes = {"T": int(rng.choice([7, 8])) + spare, "B": B, "H": H} | fixed
    T, B, H = sizes["T"], sizes["B"], sizes["H"]
    shorter = np.sort(rng.permutation(np.arange(2, T - spare))[: B - 1])
    lengths = np.append(shorter, T - spare)  # not in falling order, and then not in rising order
    lengths[1:] = np.roll(lengths[1:], 1)
    return {"hs": rng.normal(size=(T, B, H)), "lengths": lengths}


def windows(
    rng: np.random.Generator, T: int, k: int, make: Callable[..., Inputs] = draw, **fixed: int
) -> Inputs:
    return make(rng, RNN, also={"k": k}, T=T, **fixed)


def gradients(
    rng: np.random.Generator, share: float, arrays: int = 3, scale: float = 1, loudest: int = 0
) -> Inputs:
    """Draw gradients, one of them larger, and a ``max_norm`` that is this share of their norm."""
    drawn = [scale * rng.normal(size=size) for size in ((2, 3), (2, 2), (2,))][:arrays]
    drawn[loudest] *= 5
    norm = float(np.sqrt(sum((grad**2).sum() for grad in drawn)))
    return {"grads": Gradients(drawn), "max_norm": share * norm if norm else 1.0}


def text(rng: np.random.Generator, n_tokens: Any) -> Inputs:
    return {"nll_sum": float(n_tokens * rng.uniform(1.5, 3)), "n_tokens": n_tokens}


def uniform(rng: np.random.Generator) -> Inputs:
    n_tokens, V = int(rng.integers(20, 90)), int(rng.integers(5, 50))
    return {"nll_sum": float(n_tokens * np.log(V)), "n_tokens": n_tokens}


def keep(rng: np.random.Generator, cell: str, size: Any = None) -> Inputs:
    size = int(rng.integers(3, 9)) if size is None else size
    return {"cell": cell, "hidden_size": size, "value": float(rng.uniform(1.5, 4))}


def keep_default(rng: np.random.Generator, cell: str) -> Inputs:
    return {"cell": cell, "hidden_size": int(rng.integers(3, 9))}


def timescales(rng: np.random.Generator, cell: str, size: int = 5) -> Inputs:
    return {"cell": cell, "timescales": rng.uniform(3, 60, size=size)}
