"""What learners write instead of the keep bias and the chrono bias, as formulas that run."""

from collections.abc import Callable

import numpy as np

from rnncourse.cells import chrono_bias, keep_bias
from rnncourse.cells.initialise import BLOCKS
from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray
Biases = tuple[Array, Array]

BIAS = "training-gate-bias"
CHUNG = "the GRU of Chung and colleagues, in which z lets the new state in"


def _zeros(cell: str, size: int) -> Biases:
    return np.zeros(BLOCKS[cell] * size), np.zeros(BLOCKS[cell] * size)


def at(lstm: slice, gru: slice) -> Function:
    """Set the value in these rows, counted in blocks of H."""

    def wrong(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
        b_x, b_h = _zeros(cell, hidden_size)
        blocks = b_x.reshape(-1, hidden_size)
        blocks[lstm if cell == "lstm" else gru] = value
        return b_x, b_h

    return wrong


def both(lstm: slice, gru: slice) -> Function:
    """Set the same in both vectors."""
    return lambda *arguments: (at(lstm, gru)(*arguments)[0],) * 2


def from_right(change: Callable[[Array, Array], Biases]) -> Function:
    return lambda *arguments: change(*keep_bias(*arguments))


def _ones(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    return keep_bias(cell, hidden_size)


def _every_gate(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    b_x, b_h = at(EVERY, EVERY)(cell, hidden_size, value)
    b_x[2 * hidden_size : 3 * hidden_size] = 0
    return b_x, b_h


def _one_entry(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    b_x, b_h = _zeros(cell, hidden_size)
    b_x[1] = value
    return b_x, b_h


def _interleaved(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    b_x, b_h = _zeros(cell, hidden_size)
    b_x[1 :: BLOCKS[cell]] = value
    return b_x, b_h


def _four_blocks(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    return keep_bias("lstm", hidden_size, value)


def _three_blocks(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    return keep_bias("gru", hidden_size, value)


def _gru_lets_go(cell: str, hidden_size: int, value: float = 1.0) -> Biases:
    return keep_bias(cell, hidden_size, -value if cell == "gru" else value)


FIRST, SECOND, THIRD, EVERY = slice(0, 1), slice(1, 2), slice(2, 3), slice(None)
ROWS = "In which order does this course stack the rows, and which block of them keeps the state?"
TWICE = "Which sum of the two vectors enters the gate?"
VECTOR = "Which of the two vectors holds all of the value in this course?"
KEEP = [
    Mistake("first-block", "a value in the first block, that of i or of r", ROWS, BIAS,
            at(FIRST, FIRST)),
    Mistake("last-block", "a value in the last block, that of o or of n", ROWS, BIAS,
            at(slice(-1, None), slice(-1, None))),
    Mistake("third-block", "a value in the third block, that of g or of n", ROWS, BIAS,
            at(THIRD, THIRD)),
    Mistake("order-of-onnx", "a value where ONNX has f and z (i o f c and z r h)", ROWS, BIAS,
            at(THIRD, FIRST)),
    Mistake("gru-order-of-keras", "a GRU whose rows are stacked z r n, as in Keras", ROWS, BIAS,
            at(SECOND, FIRST)),
    Mistake("gru-last-block", "a value in the candidate of the GRU", ROWS, BIAS,
            at(SECOND, THIRD)),
    Mistake("every-block", "a value in every block", ROWS, BIAS, at(EVERY, EVERY)),
    Mistake("ones-everywhere", "a bias of 1 in every entry of b_x",
            "Which gates does your bias reach that do not keep anything?", BIAS,
            lambda cell, hidden_size, value=1.0: at(EVERY, EVERY)(cell, hidden_size)),
    Mistake("from-the-second-block-on", "a value in the second block and all after it",
            "At which row does the block that keeps end?", BIAS,
            at(slice(1, None), slice(1, None))),
    Mistake("up-to-the-second-block", "a value in the first two blocks",
            "At which row does the block that keeps begin?", BIAS, at(slice(2), slice(2))),
    Mistake("every-gate", "a value in every gate, and none in the candidate", ROWS, BIAS,
            _every_gate),
    Mistake("one-entry", "a value in a single entry of b_x",
            "How many units has the layer, and how many of them have your bias?", BIAS, _one_entry),
    Mistake("rows-unit-by-unit", "rows stacked unit by unit in the place of gate by gate", ROWS,
            BIAS, _interleaved),
    Mistake("both-vectors", "the value in both vectors, so that it counts twice", TWICE, BIAS,
            both(SECOND, SECOND)),
    Mistake("all-of-it-in-b_h", "all of the value in b_h", VECTOR, BIAS,
            from_right(lambda b_x, b_h: (b_h, b_x))),
    Mistake("half-in-each", "half of the value in each vector", VECTOR, BIAS,
            from_right(lambda b_x, b_h: (b_x / 2, b_x / 2))),
    Mistake("every-block-of-both", "a value in every block of both vectors", TWICE, BIAS,
            both(EVERY, EVERY)),
    Mistake("first-block-of-both", "a value in the first block of both vectors", ROWS, BIAS,
            both(FIRST, FIRST)),
    Mistake("value-unused", "a bias of 1, whatever the value",
            "Which line of yours reads value?", BIAS, _ones),
    Mistake("nothing-set", "a bias of 0 everywhere", "Which line of yours reads value?", BIAS,
            from_right(lambda b_x, b_h: (b_h, b_h))),
    Mistake("sign-swapped", "a bias of minus the value",
            "Does a gate that keeps open or shut when its bias goes up?", BIAS,
            from_right(lambda b_x, b_h: (-b_x, b_h))),
    Mistake("gru-sign-of-chung", f"{CHUNG}: minus the value for the GRU",
            "In h = (1 - z) n + z h_prev, which z keeps the old state?", BIAS, _gru_lets_go),
    Mistake("four-blocks-for-the-gru", "four blocks for either cell",
            "How many blocks of rows has the W_x of a GRU?", BIAS, _four_blocks),
    Mistake("three-blocks-for-the-lstm", "three blocks for either cell",
            "How many blocks of rows has the W_x of an LSTM?", BIAS, _three_blocks),
]  # fmt: skip


def chrono(
    f: Callable[[Array], Array] = np.log,
    i: Callable[[Array], Array] = lambda T: -np.log(T),
    z: Callable[[Array], Array] | None = None,
    r: Callable[[Array], Array] = np.zeros_like,
    o: Callable[[Array], Array] = np.zeros_like,
) -> Function:
    """Put these formulas of the timescales into the blocks; z has that of f unless given."""

    def wrong(cell: str, timescales: Array) -> Biases:
        T = timescales
        blocks = {
            "lstm": (i(T), f(T), np.zeros_like(T), o(T)),
            "gru": (r(T), (z or f)(T), np.zeros_like(T)),
        }
        return np.concatenate(blocks[cell]), _zeros(cell, len(T))[1]

    return wrong


def both_signs(formula: Callable[[Array], Array]) -> Function:
    return chrono(f=formula, i=lambda T: -formula(T))


def chrono_from_right(change: Callable[[Array, Array], Biases]) -> Function:
    return lambda *arguments: change(*chrono_bias(*arguments))


HALF = "Which gate keeps exactly T parts and lets go of one, f = T / (1 + T)?"
SIGN = "With your biases, which of the gates i and f opens for a unit that is to remember long?"
CHRONO = [
    Mistake("timescale-without-log", "biases that are the timescales themselves", HALF, BIAS,
            both_signs(lambda T: T)),
    Mistake("log-of-timescale-minus-1",
            "log(timescale - 1), whose gate is f = 1 - 1 / timescale: another convention", HALF,
            BIAS, both_signs(lambda T: np.log(T - 1))),
    Mistake("log-of-timescale-plus-1", "log(timescale + 1)", HALF, BIAS, both_signs(np.log1p)),
    Mistake("log-to-base-2", "logarithms to base 2", HALF, BIAS, both_signs(np.log2)),
    Mistake("log-to-base-10", "logarithms to base 10", HALF, BIAS, both_signs(np.log10)),
    Mistake("reciprocal", "biases of 1 / timescale", HALF, BIAS, both_signs(lambda T: 1 / T)),
    Mistake("signs-swapped", "biases with the opposite sign in every gate", SIGN, BIAS,
            chrono_from_right(lambda b_x, b_h: (-b_x, b_h))),
    Mistake("i-and-f-swapped", "an LSTM whose b_i and b_f changed places", SIGN, BIAS,
            chrono(f=lambda T: -np.log(T), i=np.log, z=np.log)),
    Mistake("b_i-missing", "an LSTM without a bias for its input gate",
            "How much new content gets into a unit that is to remember long?", BIAS,
            chrono(i=np.zeros_like)),
    Mistake("b_i-same-sign", "an LSTM whose input gate has the sign of its forget gate", SIGN, BIAS,
            chrono(i=np.log)),
    Mistake("input-gate-alone", "an LSTM without a bias for its forget gate",
            "Which gate decides how much of the old state stays?", BIAS,
            chrono(f=np.zeros_like, z=np.log)),
    Mistake("output-gate-too", "an LSTM whose output gate is shut too",
            "Does showing a memory make it fade?", BIAS, chrono(o=lambda T: -np.log(T))),
    Mistake("gru-sign-of-chung", CHUNG, "In h = (1 - z) n + z h_prev, which z keeps the old state?",
            BIAS, chrono(z=lambda T: -np.log(T))),
    Mistake("gru-reset-gate-too", "a GRU whose reset gate has -log(timescale)",
            "Which gate of the GRU plays the part of both i and f?", BIAS,
            chrono(r=lambda T: -np.log(T))),
    Mistake("gru-reset-gate-in-place-of-z", "a GRU with log(timescale) in the first block, r",
            "Which block of rows belongs to the gate that keeps?", BIAS,
            chrono(z=np.zeros_like, r=np.log)),
    Mistake("both-vectors", "the biases in both vectors, so that they count twice", TWICE, BIAS,
            chrono_from_right(lambda b_x, b_h: (b_x, b_x))),
    Mistake("half-in-each", "half of the biases in each vector", VECTOR, BIAS,
            chrono_from_right(lambda b_x, b_h: (b_x / 2, b_x / 2))),
    Mistake("all-of-it-in-b_h", "all of the biases in b_h", VECTOR, BIAS,
            chrono_from_right(lambda b_x, b_h: (b_h, b_x))),
]  # fmt: skip
