"""What learners write instead of clipping by the global norm, as formulas that run."""

from collections.abc import Callable, Sequence

import numpy as np

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps6_answers import clip_by_global_norm, global_norm

Array = np.ndarray
Gradients = Sequence[Array]

CLIPPING = "training-clipping"


def clipping(
    norm: Callable[[Gradients], float] = global_norm,
    scale: Callable[[float, float], float] = lambda norm, most: min(1, most / norm),
    shown: Callable[[float, float], float] = lambda norm, most: norm,
) -> Function:
    """Scale all gradients by one factor, but for these formulas of the norm and of ``max_norm``."""

    def wrong(grads: Gradients, max_norm: float) -> tuple[list[Array], float]:
        found = norm(grads)
        return [grad * scale(found, max_norm) for grad in grads], shown(found, max_norm)

    return wrong


def _per_tensor(grads: Gradients, max_norm: float) -> tuple[list[Array], float]:
    return [clip_by_global_norm([grad], max_norm)[0][0] for grad in grads], global_norm(grads)


def _by_value(grads: Gradients, max_norm: float) -> tuple[list[Array], float]:
    return [np.clip(grad, -max_norm, max_norm) for grad in grads], global_norm(grads)


def _each(function: Callable[[Array], Array]) -> Callable[[Gradients], float]:
    """Put all gradients into one vector for this formula."""
    return lambda grads: float(function(np.concatenate([grad.ravel() for grad in grads])))


NORM = "What is the length of the one long vector that all gradients make together?"
WHEN = "What does your function do to gradients whose norm is half of max_norm, and twice max_norm?"
MISTAKES = [
    Mistake(
        "each-tensor-alone",
        "clipping each array by its own norm",
        "Do your clipped gradients point where the gradients pointed, taken together?",
        CLIPPING,
        _per_tensor,
    ),
    Mistake(
        "by-value",
        "clipping each entry to max_norm",
        "Do your clipped gradients point where the gradients pointed, taken together?",
        CLIPPING,
        _by_value,
    ),
    Mistake(
        "norm-after-clipping",
        "the right gradients beside the norm that they have after clipping",
        "What would you learn from a curve of norms that never exceeds max_norm?",
        CLIPPING,
        clipping(shown=min),
    ),
    Mistake(
        "scale-in-place-of-norm",
        "the right gradients beside the factor that they were scaled by",
        "Which of your numbers is a length?",
        CLIPPING,
        clipping(shown=lambda norm, most: min(1, most / norm)),
    ),
    Mistake(
        "always-scaled-to-max-norm",
        "gradients that are brought to max_norm also where they were shorter",
        WHEN,
        CLIPPING,
        clipping(scale=lambda norm, most: most / norm),
    ),
    Mistake(
        "scaled-to-length-1",
        "gradients that are divided by their norm where it exceeds max_norm",
        "Which norm have your gradients after clipping, if max_norm is 5?",
        CLIPPING,
        clipping(scale=lambda norm, most: 1 / norm if norm > most else 1),
    ),
    Mistake(
        "factor-upside-down",
        "gradients that are multiplied with norm / max_norm where that is below 1",
        WHEN,
        CLIPPING,
        clipping(scale=lambda norm, most: min(1, norm / most)),
    ),
    Mistake(
        "always-of-length-1",
        "gradients that are always divided by their norm",
        WHEN,
        CLIPPING,
        clipping(scale=lambda norm, most: 1 / norm),
    ),
    Mistake(
        "square-returned",
        "the right gradients beside the square of the norm",
        NORM,
        CLIPPING,
        clipping(shown=lambda norm, most: norm**2),
    ),
    Mistake(
        "only-small-ones-scaled",
        "gradients that are brought to max_norm where they were shorter, and left where longer",
        WHEN,
        CLIPPING,
        clipping(scale=lambda norm, most: max(1, most / norm)),
    ),
    Mistake(
        "scaled-by-the-reciprocal",
        "gradients times norm / max_norm where the norm exceeds max_norm",
        WHEN,
        CLIPPING,
        clipping(scale=lambda norm, most: max(1, norm / most)),
    ),
    Mistake(
        "gradients-as-they-were",
        "gradients that are returned as they came in",
        "In which line do the gradients change?",
        CLIPPING,
        clipping(scale=lambda norm, most: 1),
    ),
    Mistake(
        "multiplied-by-max-norm",
        "gradients times max_norm where the norm exceeds it",
        WHEN,
        CLIPPING,
        clipping(scale=lambda norm, most: most if norm > most else 1),
    ),
    Mistake(
        "sum-of-norms",
        "clipping with the sum of the norms of the arrays",
        NORM,
        CLIPPING,
        clipping(lambda grads: float(sum(np.linalg.norm(grad) for grad in grads))),
    ),
    Mistake(
        "mean-of-norms",
        "clipping with the mean of the norms of the arrays",
        NORM,
        CLIPPING,
        clipping(lambda grads: float(np.mean([np.linalg.norm(grad) for grad in grads]))),
    ),
    Mistake(
        "largest-norm",
        "clipping with the largest of the norms of the arrays",
        NORM,
        CLIPPING,
        clipping(lambda grads: float(max(np.linalg.norm(grad) for grad in grads))),
    ),
    Mistake(
        "norm-of-the-first-array",
        "clipping with the norm of the first array",
        "How many of the arrays are in your norm?",
        CLIPPING,
        clipping(lambda grads: float(np.linalg.norm(grads[0]))),
    ),
    Mistake(
        "norm-of-the-last-array",
        "clipping with the norm of the last array",
        "How many of the arrays are in your norm when the loop over them is over?",
        CLIPPING,
        clipping(lambda grads: float(np.linalg.norm(grads[-1]))),
    ),
    Mistake(
        "squared-norm",
        "clipping with the square of the norm",
        NORM,
        CLIPPING,
        clipping(lambda grads: global_norm(grads) ** 2),
    ),
    Mistake(
        "sum-of-absolute-values",
        "clipping with the sum of absolute values, the L1 norm",
        NORM,
        CLIPPING,
        clipping(_each(lambda v: np.abs(v).sum())),
    ),
    Mistake(
        "largest-entry",
        "clipping with the largest absolute value, the maximum norm",
        NORM,
        CLIPPING,
        clipping(_each(lambda v: np.abs(v).max())),
    ),
    Mistake(
        "root-mean-square",
        "clipping with the root of the mean square",
        "Does the length of a vector grow when the vector is written twice, one after the other?",
        CLIPPING,
        clipping(_each(lambda v: np.sqrt((v**2).mean()))),
    ),
    Mistake(
        "sum-of-entries",
        "clipping with the absolute value of the sum of all entries",
        "Can your norm be zero where the gradients are not?",
        CLIPPING,
        clipping(_each(lambda v: np.abs(v.sum()))),
    ),
]
