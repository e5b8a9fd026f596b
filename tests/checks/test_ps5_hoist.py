"""The hoisted LSTM: right in any style, and what multiplies at every step is seen."""

from itertools import combinations

import numpy as np
import pytest

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.ps5_probe import AGAIN, ONCE, products


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def finish(projected, h, c, W_h):
    """The loop, given what the input brings to every step."""
    hs = []
    for a_x in projected:
        i, f, g, o = np.split(a_x + h @ W_h.T, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def one_call(x, h0, c0, W_x, W_h, b):
    return finish(x @ W_x.T + b, h0, c0, W_h)


def flattened(x, h0, c0, W_x, W_h, b):
    T, B, I = x.shape
    return finish((np.reshape(x, (T * B, I)) @ W_x.T + b).reshape(T, B, -1), h0, c0, W_h)


def with_dot(x, h0, c0, W_x, W_h, b):
    return finish(np.dot(x, W_x.T) + b, h0, c0, W_h)


def with_dot_method(x, h0, c0, W_x, W_h, b):
    return finish(x.dot(W_x.transpose()) + b, h0, c0, W_h)


def with_einsum(x, h0, c0, W_x, W_h, b):
    return finish(np.einsum("tbi,gi->tbg", x, W_x) + b, h0, c0, W_h)


def with_tensordot(x, h0, c0, W_x, W_h, b):
    return finish(np.tensordot(x, W_x, axes=(2, 1)) + b, h0, c0, W_h)


def with_matmul_into_a_buffer(x, h0, c0, W_x, W_h, b):
    T, B, I = x.shape
    buffer = np.empty((T * B, len(W_x)), x.dtype)
    np.matmul(x.reshape(-1, I), W_x.T, out=buffer)
    buffer += b
    return finish(buffer.reshape(T, B, -1), h0, c0, W_h)


def columns(x, h0, c0, W_x, W_h, b):
    T, B, I = x.shape
    return finish((W_x @ x.reshape(T * B, I).T).T.reshape(T, B, -1) + b, h0, c0, W_h)


def gate_by_gate(x, h0, c0, W_x, W_h, b):
    H = h0.shape[1]
    rows = [slice(k * H, (k + 1) * H) for k in range(4)]
    parts = [x @ W_x[row].T + b[row] for row in rows]
    h, c = h0, c0
    hs = np.empty((len(x), *h0.shape), x.dtype)
    for t in range(len(x)):
        i, f, g, o = (part[t] + h @ W_h[row].T for part, row in zip(parts, rows, strict=True))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = hs[t] = sigmoid(o) * np.tanh(c)
    return hs, (h, c)


def split_in_four(x, h0, c0, W_x, W_h, b):
    parts = [np.matmul(x, W.T) for W in np.split(W_x, 4)]
    return finish(np.concatenate(parts, axis=-1) + b, h0, c0, W_h)


def as_arrays_first(x, h0, c0, W_x, W_h, b):
    x, h0, c0, W_x, W_h, b = map(np.asarray, (x, h0, c0, W_x, W_h, b))
    return finish(x @ np.ascontiguousarray(W_x.T) + b, h0, c0, W_h)


def copied(x, h0, c0, W_x, W_h, b):
    x, W_x = np.array(x), W_x.copy()
    return finish(x @ W_x.T + b, h0.copy(), c0.copy(), np.array(W_h))


def bias_as_a_column(x, h0, c0, W_x, W_h, b):
    ones = np.ones((*x.shape[:2], 1), x.dtype)
    wide = np.hstack([W_x, b[:, None]])
    return finish(np.concatenate([x, ones], axis=-1) @ wide.T, h0, c0, W_h)


def one_matrix_cut_again(x, h0, c0, W_x, W_h, b):
    W = np.concatenate([W_x, W_h], axis=1)
    I = x.shape[-1]
    return finish(x @ W[:, :I].T + b, h0, c0, W[:, I:])


def sequence_by_sequence(x, h0, c0, W_x, W_h, b):
    parts = [x[:, n] @ W_x.T + b for n in range(x.shape[1])]
    return finish(np.stack(parts, axis=1), h0, c0, W_h)


def input_by_input(x, h0, c0, W_x, W_h, b):
    projected = b + np.zeros((*x.shape[:2], len(b)), x.dtype)
    for i in range(x.shape[2]):
        projected += x[:, :, i : i + 1] * W_x[:, i]
    return finish(projected, h0, c0, W_h)


def rescaled(x, h0, c0, W_x, W_h, b):
    """Sigmoids as tanh of the half: the halves go into the weights."""
    H = h0.shape[1]
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), H)
    projected, W_h = x @ (W_x * half[:, None]).T + b * half, W_h * half[:, None]
    h, c, hs = h0, c0, []
    for a_x in projected:
        i, f, g, o = np.split(np.tanh(a_x + h @ W_h.T), 4, axis=-1)
        c = (1 + f) / 2 * c + (1 + i) / 2 * g
        h = (1 + o) / 2 * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def as_lists(x, h0, c0, W_x, W_h, b):
    hs, (h, c) = one_call(np.array(x.tolist(), x.dtype), h0, c0, W_x, W_h, b)
    return list(hs), [h, c], "more"


def in_a_generator(x, h0, c0, W_x, W_h, b):
    return finish((a_x for a_x in np.inner(x, W_x) + b), h0, c0, W_h)


HOISTED = (
    one_call, flattened, with_dot, with_dot_method, with_einsum, with_tensordot,
    with_matmul_into_a_buffer, columns, gate_by_gate, split_in_four, as_arrays_first, copied,
    bias_as_a_column, one_matrix_cut_again, sequence_by_sequence, input_by_input, rescaled,
    as_lists, in_a_generator,
)  # fmt: skip


@pytest.mark.parametrize("function", HOISTED)
def test_a_right_answer_passes_in_any_style(function):
    found = report("hoisted-lstm-forward", function)
    assert found.passed, found.text()
    assert found.score == found.max_score


def step(x_t, h, c, W_x, W_h, b):
    i, f, g, o = np.split(x_t @ W_x.T + h @ W_h.T + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def plain_loop(x, h0, c0, W_x, W_h, b):
    h, c, hs = h0, c0, []
    for x_t in x:
        h, c = step(x_t, h, c, W_x, W_h, b)
        hs.append(h)
    return np.stack(hs), (h, c)


def plain_loop_over_arrays(*arguments):
    return plain_loop(*map(np.asarray, arguments))


def plain_loop_over_copies(*arguments):
    return plain_loop(*(np.array(argument) for argument in arguments))


def a_product_a_step_before_the_loop(x, h0, c0, W_x, W_h, b):
    return finish([x_t @ W_x.T + b for x_t in x], h0, c0, W_h)


def one_matrix_for_both(x, h0, c0, W_x, W_h, b):
    W = np.concatenate([W_x, W_h], axis=1)
    h, c, hs = h0, c0, []
    for x_t in x:
        i, f, g, o = np.split(np.concatenate([x_t, h], axis=1) @ W.T + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def hoisted_and_again(x, h0, c0, W_x, W_h, b):
    one_call(x, h0, c0, W_x, W_h, b)
    return plain_loop(x, h0, c0, W_x, W_h, b)


def two_steps_at_a_time(x, h0, c0, W_x, W_h, b):
    parts = [x[t : t + 2] @ W_x.T + b for t in range(0, len(x), 2)]
    return finish(np.concatenate(parts), h0, c0, W_h)


@pytest.mark.parametrize(
    "function",
    [
        plain_loop,
        plain_loop_over_arrays,
        plain_loop_over_copies,
        a_product_a_step_before_the_loop,
        one_matrix_for_both,
        hoisted_and_again,
        two_steps_at_a_time,
    ],
)
def test_what_is_right_and_not_hoisted_is_told_so(function):
    found = report("hoisted-lstm-forward", function)
    assert found.diagnosis == "not-hoisted", found.text()
    assert found.score == 0
    assert "product_with_W_x is made again at every step" in found.message
    assert "right: hs, h, c" in found.message


PER_STEP = {
    "dot": lambda x, W: np.dot(x, W.T),
    "dot as a method": lambda x, W: x.dot(W.T),
    "einsum": lambda x, W: np.einsum("bi,gi->bg", x, W),
    "inner": lambda x, W: np.inner(x, W),
    "multi_dot": lambda x, W: np.linalg.multi_dot([x, W.T]),
    "multiply": lambda x, W: (x[:, None] * W).sum(axis=-1),
    "outer": lambda x, W: sum(np.outer(x[:, i], W[:, i]) for i in range(x.shape[1])),
    "tensordot": lambda x, W: np.tensordot(x, W, axes=(1, 1)),
    "vdot": lambda x, W: np.array([[np.vdot(row, w) for w in W] for row in x]),
    "vecdot": lambda x, W: np.vecdot(x[:, None], W),
    "matvec": lambda x, W: np.matvec(W, x),
    "vecmat": lambda x, W: np.vecmat(x, W.T),
}


@pytest.mark.parametrize("name", PER_STEP)
def test_every_kind_of_product_is_heard(name):
    if name in ("matvec", "vecmat") and not hasattr(np, name):
        pytest.skip("NumPy 2.2 brought it")

    def forward(x, h0, c0, W_x, W_h, b):
        return finish((PER_STEP[name](x_t, W_x) + b for x_t in x), h0, c0, W_h)

    assert report("hoisted-lstm-forward", forward).diagnosis == "not-hoisted"


def test_products_are_counted():
    check = CHECKS["hoisted-lstm-forward"]
    _, inputs = check.cases(seed=0)[0]
    assert [products(one_call, inputs, T) for T in (3, 5)] == [1, 1]
    assert [products(gate_by_gate, inputs, T) for T in (3, 5)] == [4, 4]
    assert [products(plain_loop, inputs, T) for T in (3, 5)] == [3, 5]
    assert str(check.probe(one_call, inputs)["product_with_W_x"]) == ONCE
    assert str(check.probe(plain_loop, inputs)["product_with_W_x"]) == AGAIN


def test_counting_leaves_numpy_as_it_was():
    before = np.array, np.asarray
    inputs = CHECKS["hoisted-lstm-forward"].cases(seed=0)[0][1]
    for function in (one_call, lambda *arguments: 1 / 0):
        products(function, inputs, 3)
        assert (np.array, np.asarray) == before


def test_a_function_that_takes_no_other_arrays_is_trusted():
    def picky(x, *rest):
        assert type(x) is np.ndarray
        return one_call(x, *rest)

    assert report("hoisted-lstm-forward", picky).passed


def hoisting(order="ifgo", product=one_call, twice=False, initial=True, swapped=False):
    def forward(x, h, c, W_x, W_h, b):
        h, c = h * initial, c * initial
        hs = []
        for a_x in product(x, W_x) + b:
            parts = np.split(a_x + h @ W_h.T + b * twice, 4, axis=-1)
            i, f, g, o = (parts[order.index(gate)] for gate in "ifgo")
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            hs.append(h)
        return np.stack(hs), ((c, h) if swapped else (h, c))

    return forward


def together(x, W_x):
    return x @ W_x.T


def mixed(x, W_x):
    T, B, I = x.shape
    return (x.reshape(T * B, I) @ W_x.T).reshape(B, T, -1).swapaxes(0, 1)


def by_step(x, W_x):
    return np.stack([x_t @ W_x.T for x_t in x])


HOIST_WRONG = {
    "i-and-f-swapped": {"order": "figo"},
    "unflattened-batch-first": {"product": mixed},
    "not-hoisted": {"product": by_step},
    "bias-twice": {"twice": True},
    "initial-state-ignored": {"initial": False},
    "last-state-swapped": {"swapped": True},
}


@pytest.mark.parametrize("slug", HOIST_WRONG)
def test_a_hoisting_mistake_in_a_learners_words_is_recognised(slug):
    wrong = hoisting(**({"product": together} | HOIST_WRONG[slug]))
    assert report("hoisted-lstm-forward", wrong).diagnosis == slug


PAIRS = [
    pair
    for pair in combinations(HOIST_WRONG, 2)
    if pair != ("unflattened-batch-first", "not-hoisted")  # there is no product to mix
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_mistakes_together_fail_and_are_not_taken_for_a_third(one, other):
    given = {"product": together} | HOIST_WRONG[one] | HOIST_WRONG[other]
    found = report("hoisted-lstm-forward", hoisting(**given))
    assert not found.passed
    assert found.diagnosis in (None, one, other)
