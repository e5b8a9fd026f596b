"""What learners write instead of one step of the LSTM, each mistake as a formula that runs."""

import numpy as np

from rnncourse.cells import lstm_step, sigmoid
from rnncourse.checks.declare import Mistake
from rnncourse.checks.mistakes.lstm import GATES, Array, cell, gate_orders, untransposed, weights

CELL = "lstm-cell-state"


def _reshaped(W: Array) -> Array:
    return W.reshape(W.shape[::-1]).T


def _softmax_over_units(a: Array) -> Array:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _more_for_f(b: Array) -> Array:
    H = len(b) // 4
    return np.concatenate([b[:H], b[H : 2 * H] + 1, b[2 * H :]])


STEP = [
    *gate_orders(lstm_step),
    Mistake(
        "tanh-on-gates",
        "a cell whose gates i, f and o go through tanh",
        "Between which two values must a gate lie, to be shut or open or in between?",
        GATES,
        cell(gates=np.tanh),
    ),
    Mistake(
        "sigmoid-on-candidate",
        "a cell whose candidate g goes through the sigmoid",
        "With f at 1, can your cell state ever go down?",
        GATES,
        cell(candidate=sigmoid),
    ),
    Mistake(
        "softmax-over-gates",
        "a cell whose gates share a softmax",
        "Can your cell keep everything and write everything in the same step?",
        GATES,
        cell(gates=lambda a: np.exp(a) / np.exp(a).sum(axis=0)),
    ),
    Mistake(
        "softmax-over-units",
        "a cell in which the units of each gate share a softmax",
        "Can all units of your cell keep everything in the same step?",
        GATES,
        cell(gates=_softmax_over_units),
    ),
    Mistake(
        "sigmoid-twice-as-steep",
        "a cell with (1 + tanh(a)) / 2 for the sigmoid of a",
        "What does your sigmoid give for 1, and what is 1 / (1 + exp(-1))?",
        GATES,
        cell(gates=lambda a: sigmoid(2 * a)),
    ),
    Mistake(
        "gates-without-sigmoid",
        "a cell whose gates i, f and o are their pre-activations themselves",
        "Can one of your gates be larger than 1?",
        GATES,
        cell(gates=lambda a: a),
    ),
    Mistake(
        "sigmoid-of-minus-a",
        "a cell whose gates open where their pre-activations are negative",
        "What does your sigmoid give for 1000, and what for -1000?",
        GATES,
        cell(gates=lambda a: sigmoid(-a)),
    ),
    Mistake(
        "candidate-without-tanh",
        "a cell whose candidate is its pre-activation itself",
        "How large can your candidate get?",
        GATES,
        cell(candidate=lambda a: a),
    ),
    Mistake(
        "gates-interleaved",
        "a cell in which every fourth row belongs to the same gate",
        "Which rows of W_x belong to the first gate, and are they next to each other?",
        GATES,
        cell(split=lambda a: [a[:, gate::4] for gate in range(4)]),
    ),
    Mistake(
        "batch-and-gates-mixed",
        "a cell that reshapes its pre-activations to (4, B, H)",
        "Which four numbers of row 0 of a does your first gate get, and which of row 1?",
        GATES,
        cell(split=lambda a: a.reshape(4, len(a), -1)),
    ),
    Mistake(
        "input-gate-is-1-minus-f",
        "a cell whose input gate is 1 - f, as in the coupled variant of the LSTM",
        "Which rows of W_x does your input gate read?",
        GATES,
        cell(c=lambda s: s.f * s.c_prev + (1 - s.f) * s.g),
    ),
    Mistake(
        "forget-gate-is-1-minus-i",
        "a cell whose forget gate is 1 - i",
        "Which rows of W_x does your forget gate read?",
        GATES,
        cell(c=lambda s: (1 - s.i) * s.c_prev + s.i * s.g),
    ),
    Mistake(
        "keeps-1-minus-f",
        "a cell that keeps 1 - f of c_prev",
        "At f = 1, does your cell keep all of c_prev or none of it?",
        CELL,
        cell(c=lambda s: (1 - s.f) * s.c_prev + s.i * s.g),
    ),
    Mistake(
        "forget-gate-omitted",
        "a cell that keeps all of c_prev, whatever its forget gate says",
        "With b_f at -1000, how much of c_prev is left in your c?",
        CELL,
        cell(c=lambda s: s.c_prev + s.i * s.g),
    ),
    Mistake(
        "input-gate-omitted",
        "a cell that writes all of its candidate, whatever its input gate says",
        "With b_i at -1000, how much of g gets into your c?",
        CELL,
        cell(c=lambda s: s.f * s.c_prev + s.g),
    ),
    Mistake(
        "c-prev-unused",
        "a cell that keeps nothing of c_prev",
        "With b_f at 1000, how much of c_prev is left in your c?",
        CELL,
        cell(c=lambda s: s.i * s.g),
    ),
    Mistake(
        "candidate-forgotten",
        "a cell that adds its input gate to the memory, and not what it lets in",
        "What does your cell write when i is 1 and g is -1?",
        CELL,
        cell(c=lambda s: s.f * s.c_prev + s.i),
    ),
    Mistake(
        "c-from-h-prev",
        "a cell that reads its old memory from h_prev",
        "Which of the two states carries the memory from step to step?",
        CELL,
        cell(c=lambda s: s.f * s.h_prev + s.i * s.g),
    ),
    Mistake(
        "tanh-of-c-missing",
        "a cell whose h is the output gate times c itself",
        "How large does your h get when c is 10?",
        CELL,
        cell(h=lambda s: s.o * s.c),
    ),
    Mistake(
        "sigmoid-of-c",
        "a cell whose h reads c through the sigmoid",
        "Can your h be negative?",
        CELL,
        cell(h=lambda s: s.o * sigmoid(s.c)),
    ),
    Mistake(
        "tanh-after-output-gate",
        "a cell that multiplies c by its output gate before the tanh",
        "Does your output gate multiply c or what the tanh has made of it?",
        CELL,
        cell(h=lambda s: np.tanh(s.o * s.c)),
    ),
    Mistake(
        "c-squashed",
        "a cell that goes on with tanh(c) in the place of c",
        "With f at 1 and i at 0, is your c the same after a hundred steps?",
        CELL,
        cell(c=lambda s: np.tanh(s.f * s.c_prev + s.i * s.g), h=lambda s: s.o * s.c),
    ),
    Mistake(
        "c-squashed-twice",
        "a cell that goes on with tanh(c), and takes the tanh once more for h",
        "With f at 1 and i at 0, is your c the same after a hundred steps?",
        CELL,
        cell(c=lambda s: np.tanh(s.f * s.c_prev + s.i * s.g)),
    ),
    Mistake(
        "h-from-c-prev",
        "a cell whose h reads c_prev",
        "Does h read the memory before the step or after it?",
        CELL,
        cell(h=lambda s: s.o * np.tanh(s.c_prev)),
    ),
    Mistake(
        "output-gate-omitted",
        "a cell that shows all of its memory, whatever its output gate says",
        "With b_o at -1000, what is left of your h?",
        CELL,
        cell(h=lambda s: np.tanh(s.c)),
    ),
    Mistake(
        "c-returned-for-h",
        "a cell that returns c in the place of h",
        "Which of the two states goes through the output gate?",
        CELL,
        cell(h=lambda s: s.c),
    ),
    Mistake(
        "h-prev-and-c-prev-swapped",
        "a cell that takes h_prev for c_prev and c_prev for h_prev",
        "Which of the two states goes through W_h, and which is multiplied by f?",
        CELL,
        lambda x, h_prev, c_prev, *rest: lstm_step(x, c_prev, h_prev, *rest),
    ),
    Mistake(
        "h-and-c-swapped",
        "a cell that returns its two states the other way round",
        "In which order does the signature promise h and c?",
        CELL,
        lambda *arguments: lstm_step(*arguments)[::-1],
    ),
    Mistake(
        "W_h-not-transposed",
        "a cell that uses each (H, H) block of W_h the other way round",
        "In a block of W_h, which axis belongs to h_prev and which to the gate?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, untransposed(W_h), b)),
    ),
    Mistake(
        "weights-reshaped",
        "a cell that reshapes the weights to (I, 4H) and (H, 4H)",
        "Where does W_x[0, 1] go in a reshape, and where in a transpose?",
        GATES,
        weights(lambda W_x, W_h, b: (_reshaped(W_x), _reshaped(W_h), b)),
    ),
    Mistake(
        "bias-forgotten",
        "a cell without b",
        "What do your gates do when x and h_prev are all zero?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, W_h, 0 * b)),
    ),
    Mistake(
        "bias-twice",
        "a cell that adds b twice",
        "In how many places does b enter your pre-activations?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, W_h, 2 * b)),
    ),
    Mistake(
        "forget-bias-added",
        "a cell that adds 1 to what its forget gate sees, the convention of TensorFlow 1",
        "With all weights and biases at 0, what is your forget gate?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, W_h, _more_for_f(b))),
    ),
    Mistake(
        "recurrent-term-forgotten",
        "a cell whose gates do not see h_prev",
        "Does anything change in your gates when h_prev does?",
        GATES,
        weights(lambda W_x, W_h, b: (W_x, 0 * W_h, b)),
    ),
    Mistake(
        "input-term-forgotten",
        "a cell whose gates do not see x",
        "Does anything change in your gates when x does?",
        GATES,
        weights(lambda W_x, W_h, b: (0 * W_x, W_h, b)),
    ),
]
