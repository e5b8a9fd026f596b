"""What learners write instead of one step of the GRU, each mistake as a formula that runs."""

from collections.abc import Callable
from itertools import permutations
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import gru_step, sigmoid
from rnncourse.checks.declare import Function, Mistake

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

GATES, RESET, UPDATE, Z = "gru-gates", "gru-reset", "gru-update", "gru-z"
BIASES = "gru-two-biases"
ORDERS = {
    "zrn": ", the order of Keras and ONNX",
    "nzr": ", this course's order the other way round",
}


def gate_orders(function: Function) -> list[Mistake]:
    """Every order of the rows but r z n."""
    asks = "In which order does this course stack the rows of W_x, W_h, b_x and b_h?"
    mistakes = []
    for letters in list(permutations("rzn"))[1:]:
        order = "".join(letters)
        says = f"a cell whose rows are stacked {' '.join(order)}{ORDERS.get(order, '')}"
        wrong = _reordered(function, order)
        mistakes.append(Mistake(f"gate-order-{order}", says, asks, GATES, wrong))
    return mistakes


def _reordered(function: Function, order: str) -> Function:
    """Read the rows of the parameters in this order, and stack their gradients in it."""

    def wrong(*arguments: Array) -> Array | tuple:
        parameters = [_rows(p, [order.index(gate) for gate in "rzn"]) for p in arguments[2:6]]
        given = function(*arguments[:2], *parameters, *arguments[6:])
        if not isinstance(given, tuple):
            return given
        gradients = [_rows(d, ["rzn".index(gate) for gate in order]) for d in given[2:]]
        return (*given[:2], *gradients)

    return wrong


def _rows(parameter: Array, blocks: list[int]) -> Array:
    return np.concatenate([np.split(parameter, 3)[block] for block in blocks])


def cell(
    r: Formula = lambda s: sigmoid(s.a_r + s.u_r),
    z: Formula = lambda s: sigmoid(s.a_z + s.u_z),
    after: Formula = lambda s: s.a_n + s.r * s.u_n,
    before: Formula = lambda s: s.a_n + (s.r * s.h_prev) @ s.W_hn.T + s.b_hn,
    candidate: Callable = np.tanh,
    h: Formula = lambda s: (1 - s.z) * s.n + s.z * s.h_prev,
) -> Function:
    """Make a step of these formulas, which see the pre-activations and what precedes.

    a is the side of the input and u that of the past, each with its own bias. ``after`` and
    ``before`` are what the candidate is the tanh of, in the two forms.
    """

    def step(
        x: Array, h_prev: Array, W_x: Array, W_h: Array, b_x: Array, b_h: Array,
        reset_after: bool = True,
    ) -> Array:  # fmt: skip
        s = SimpleNamespace(h_prev=h_prev, reset_after=reset_after)
        s.a_r, s.a_z, s.a_n = np.split(x @ W_x.T + b_x, 3, axis=-1)
        s.u_r, s.u_z, s.u_n = np.split(h_prev @ W_h.T + b_h, 3, axis=-1)
        _, s.W_hz, s.W_hn = np.split(W_h, 3)
        _, s.b_hz, s.b_hn = np.split(b_h, 3)
        s.b_xn = np.split(b_x, 3)[2]
        s.r = r(s)
        s.z = z(s)
        s.n = candidate((after if reset_after else before)(s))
        return h(s)

    return step


def weights(change: Callable[..., tuple]) -> Function:
    """Make a step that is right but for the weights it uses."""
    return lambda x, h_prev, *rest: gru_step(x, h_prev, *change(*rest[:4]), *rest[4:])


def untransposed(W_h: Array) -> Array:
    """Transpose each (H, H) block, so that the usual transpose takes it back."""
    return np.concatenate([block.T for block in np.split(W_h, 3)])


def _last_untransposed(W_h: Array) -> Array:
    W_hr, W_hz, W_hn = np.split(W_h, 3)
    return np.concatenate([W_hr, W_hz, W_hn.T])


def _reshaped(W: Array) -> Array:
    return W.reshape(W.shape[::-1]).T


def _past_through_r(s: SimpleNamespace) -> Array:
    if s.reset_after:
        return s.r * s.u_z
    return (s.r * s.h_prev) @ s.W_hz.T + s.b_hz


READS_W_H = "In a block of W_h, which axis belongs to h_prev and which to the gate?"
# what is written once and serves both forms
IN_BOTH_FORMS = [
    *gate_orders(gru_step),
    Mistake(
        "z-swapped",
        "a cell with h = (1 - z) h_prev + z n, the convention of Chung et al. (2014)",
        "With z at 1, does a unit of this course keep what it has, or take the candidate?",
        Z,
        cell(h=lambda s: (1 - s.z) * s.h_prev + s.z * s.n),
    ),
    Mistake(
        "h-prev-kept-whole",
        "a cell that adds z n to all of h_prev",
        "With h_prev and n both at 1, how large is your h, and how large is a mixture of them?",
        UPDATE,
        cell(h=lambda s: s.h_prev + s.z * s.n),
    ),
    Mistake(
        "h-prev-kept-whole-beside-1-minus-z",
        "a cell that adds (1 - z) n to all of h_prev",
        "With z at 0, how much of h_prev is left in your h?",
        UPDATE,
        cell(h=lambda s: s.h_prev + (1 - s.z) * s.n),
    ),
    Mistake(
        "candidate-taken-whole",
        "a cell that adds z h_prev to all of n",
        "With z at 1, how much of n gets into your h?",
        UPDATE,
        cell(h=lambda s: s.n + s.z * s.h_prev),
    ),
    Mistake(
        "mixture-without-h-prev",
        "a cell with h = (1 - z) n and nothing else",
        "With z at 1, what is left of h_prev in your h?",
        UPDATE,
        cell(h=lambda s: (1 - s.z) * s.n),
    ),
    Mistake(
        "update-gate-unused",
        "a cell whose h is the candidate, whatever its update gate says",
        "With b_z at 1000, does your h still change?",
        UPDATE,
        cell(h=lambda s: s.n),
    ),
    Mistake(
        "tanh-around-h",
        "a cell that sends the mixture through another tanh",
        "With z at 1, is your h equal to h_prev?",
        UPDATE,
        cell(h=lambda s: np.tanh((1 - s.z) * s.n + s.z * s.h_prev)),
    ),
    Mistake(
        "mixes-in-r-times-h-prev",
        "a cell that mixes r h_prev, not h_prev, into h",
        "Which h does z multiply, the one before the reset or the one after it?",
        UPDATE,
        cell(h=lambda s: (1 - s.z) * s.n + s.z * s.r * s.h_prev),
    ),
    Mistake(
        "reset-gate-is-1-minus-r",
        "a cell that lets the past through where r is 0, and shuts it out where r is 1",
        "With r at 0, does your candidate hear of h_prev?",
        RESET,
        cell(
            after=lambda s: s.a_n + (1 - s.r) * s.u_n,
            before=lambda s: s.a_n + ((1 - s.r) * s.h_prev) @ s.W_hn.T + s.b_hn,
        ),
    ),
    Mistake(
        "reset-in-the-update-gate-too",
        "a cell whose update gate hears the past through r, too",
        "Which of the three blocks does r act on?",
        RESET,
        cell(z=lambda s: sigmoid(s.a_z + _past_through_r(s))),
    ),
    Mistake(
        "z-in-the-place-of-r",
        "a cell in which z does the work of both gates",
        "Which rows of W_x does your reset gate read?",
        GATES,
        cell(r=lambda s: sigmoid(s.a_z + s.u_z)),
    ),
    Mistake(
        "r-in-the-place-of-z",
        "a cell in which r does the work of both gates",
        "Which rows of W_x does your update gate read?",
        GATES,
        cell(z=lambda s: sigmoid(s.a_r + s.u_r)),
    ),
    Mistake(
        "tanh-on-gates",
        "a cell whose gates r and z go through tanh",
        "Between which two values must a gate lie, to be shut or open or in between?",
        GATES,
        cell(r=lambda s: np.tanh(s.a_r + s.u_r), z=lambda s: np.tanh(s.a_z + s.u_z)),
    ),
    Mistake(
        "sigmoid-of-minus-a",
        "a cell whose sigmoid falls where a rises, as 1 / (1 + exp(a)) does",
        "At a = 10, is your gate near 0 or near 1?",
        GATES,
        cell(r=lambda s: sigmoid(-s.a_r - s.u_r), z=lambda s: sigmoid(-s.a_z - s.u_z)),
    ),
    Mistake(
        "sigmoid-on-candidate",
        "a cell whose candidate n goes through the sigmoid",
        "Can your candidate be negative?",
        GATES,
        cell(candidate=sigmoid),
    ),
    Mistake(
        "candidate-without-tanh",
        "a cell whose candidate is not sent through tanh",
        "Between which two values does your candidate lie?",
        GATES,
        cell(candidate=lambda a: a),
    ),
    Mistake(
        "gates-without-the-past",
        "a cell whose gates r and z see x alone",
        "Does anything change in your r and z when h_prev does?",
        GATES,
        cell(r=lambda s: sigmoid(s.a_r), z=lambda s: sigmoid(s.a_z)),
    ),
    Mistake(
        "W_h-not-transposed",
        "a cell that uses each (H, H) block of W_h the other way round",
        READS_W_H,
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, untransposed(W_h), b_x, b_h)),
    ),
    Mistake(
        "candidate-block-not-transposed",
        "a cell that uses the candidate's block of W_h, and no other, the other way round",
        READS_W_H,
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, _last_untransposed(W_h), b_x, b_h)),
    ),
    Mistake(
        "weights-reshaped",
        "a cell that reshapes the weights to (I, 3H) and (H, 3H)",
        "Where does W_x[0, 1] go in a reshape, and where in a transpose?",
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (_reshaped(W_x), _reshaped(W_h), b_x, b_h)),
    ),
    Mistake(
        "b_x-forgotten",
        "a cell without b_x",
        "How many bias vectors does the signature have, and how many does your code read?",
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, W_h, 0 * b_x, b_h)),
    ),
    Mistake(
        "b_h-forgotten",
        "a cell without b_h",
        "How many bias vectors does the signature have, and how many does your code read?",
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x, 0 * b_h)),
    ),
    Mistake(
        "biases-forgotten",
        "a cell without b_x and b_h",
        "What do your gates do when x and h_prev are all zero?",
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, W_h, 0 * b_x, 0 * b_h)),
    ),
    Mistake(
        "biases-exchanged",
        "a cell that adds b_h to the product with x, and b_x to that with h_prev",
        "Which of the two biases is inside the product with r?",
        BIASES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_h, b_x)),
    ),
    Mistake(
        "b_hn-forgotten",
        "a cell whose candidate has no b_hn",
        "What is your candidate when x and h_prev are zero and r is 1?",
        BIASES,
        cell(
            after=lambda s: s.a_n + s.r * (s.u_n - s.b_hn),
            before=lambda s: s.a_n + (s.r * s.h_prev) @ s.W_hn.T,
        ),
    ),
    Mistake(
        "recurrent-term-forgotten",
        "a cell whose three blocks do not see h_prev",
        "Does anything change in your gates when h_prev does?",
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (W_x, 0 * W_h, b_x, b_h)),
    ),
    Mistake(
        "input-term-forgotten",
        "a cell whose three blocks do not see x",
        "Does anything change in your gates when x does?",
        GATES,
        weights(lambda W_x, W_h, b_x, b_h: (0 * W_x, W_h, b_x, b_h)),
    ),
]
