"""What learners write instead of flip_update_gate, each mistake as a formula that runs."""

from collections.abc import Callable

import numpy as np

from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray

Z = "gru-z"
ALL = "W_x", "W_h", "b_x", "b_h"


def flipped(
    *parameters: str, gates: str = "z", change: Callable[[Array], Array] = np.negative
) -> Function:
    """Change the rows of these gates in these parameters."""

    def flip(*given: Array) -> tuple:
        return tuple(
            _changed(array, gates, change) if name in parameters else array.copy()
            for name, array in zip(ALL, given, strict=True)
        )

    return flip


def _changed(array: Array, gates: str, change: Callable[[Array], Array]) -> Array:
    blocks = zip("rzn", np.split(array, 3), strict=True)
    return np.concatenate([change(rows) if gate in gates else rows for gate, rows in blocks])


ENTERS = "Of how many arrays is the sum that goes into the sigmoid of z made?"
ROWS = "In which order are the rows stacked, and which of the three blocks is z's?"
SIGN = "If σ(a) is z, which a gives 1 - z?"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _left_out(*names: str) -> Mistake:
    return Mistake(
        f"{'-and-'.join(names)}-left-as-given",
        f"a flip that leaves {_listed(names)} as given",
        ENTERS,
        Z,
        flipped(*(name for name in ALL if name not in names)),
    )


def _wrong_rows(gates: str, says: str) -> Mistake:
    slug = "every-block" if gates == "rzn" else f"rows-of-{'-and-'.join(gates)}"
    return Mistake(slug, f"a flip that changes {says}", ROWS, Z, flipped(*ALL, gates=gates))


def _exchanged(*given: Array) -> tuple:
    blocks = [np.split(array, 3) for array in given]
    return tuple(np.concatenate([z, r, n]) for r, z, n in blocks)


FLIP = [
    _left_out("b_x"),
    _left_out("b_h"),
    _left_out("b_x", "b_h"),
    _left_out("W_x"),
    _left_out("W_h"),
    _left_out("W_x", "W_h"),
    _left_out("W_h", "b_h"),
    _left_out("W_x", "b_x"),
    _left_out("W_h", "b_x", "b_h"),
    _left_out("W_x", "b_x", "b_h"),
    _wrong_rows("r", "the first block, where Keras and ONNX have z"),
    _wrong_rows("n", "the last block"),
    _wrong_rows("rz", "the rows of both gates"),
    _wrong_rows("zn", "the rows of z and n"),
    _wrong_rows("rn", "the rows of r and n, and leaves those of z"),
    _wrong_rows("rzn", "every row"),
    Mistake(
        "rows-of-r-and-z-exchanged",
        "a flip that puts the rows of z in the place of r's, and r's in that of z's",
        SIGN,
        Z,
        _exchanged,
    ),
    Mistake(
        "unchanged",
        "a flip that gives back what it got",
        "With z at 1, what does the other convention do with h_prev?",
        Z,
        flipped(),
    ),
    Mistake(
        "one-minus-the-weights",
        "a flip that takes 1 - W and 1 - b in the rows of z",
        SIGN,
        Z,
        flipped(*ALL, change=lambda rows: 1 - rows),
    ),
    Mistake(
        "one-minus-the-biases",
        "a flip that changes the sign of the weights and takes 1 - b for the biases",
        SIGN,
        Z,
        lambda *given: (
            *flipped(*ALL)(*given)[:2],
            *flipped(*ALL, change=lambda b: 1 - b)(*given)[2:],
        ),
    ),
    Mistake(
        "inverse-of-the-weights",
        "a flip that takes 1 / W and 1 / b in the rows of z",
        SIGN,
        Z,
        flipped(*ALL, change=lambda rows: 1 / rows),
    ),
    Mistake(
        "set-to-zero",
        "a flip that sets the rows of z to zero",
        SIGN,
        Z,
        flipped(*ALL, change=np.zeros_like),
    ),
    Mistake(
        "rows-in-reverse",
        "a flip that turns the rows of z upside down",
        "What has np.flip in common with changing a sign?",
        Z,
        flipped(*ALL, change=lambda rows: rows[::-1]),
    ),
]
