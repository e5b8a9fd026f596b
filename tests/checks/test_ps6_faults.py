"""Problem set 6: one fault costs one item, and what is no answer gets its own sentence."""

import math

import numpy as np
import pytest
from ps6_right_answers import as_torch_does, fancy, kept, log_p_of, multiplied, reset_in_one_loop

from rnncourse.checks import report


def no_maximum_first(logits, targets, mask):
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    nll = -np.log(np.take_along_axis(p, targets[..., None], axis=-1)[..., 0])
    one_hot = np.eye(logits.shape[-1], dtype=logits.dtype)[targets]
    return nll[mask].mean(), (p - one_hot) * mask[..., None] / mask.sum(dtype=logits.dtype)


def tiny_epsilon(logits, targets, mask):
    _, dlogits = multiplied(logits, targets, mask)[:2]
    p = np.exp(log_p_of(logits))
    nll = -np.log(np.take_along_axis(p, targets[..., None], axis=-1)[..., 0] + 1e-13)
    return nll[mask].mean(), dlogits


def maximum_of_all(logits, targets, mask):
    p = np.exp(logits - logits.max())
    p /= p.sum(axis=-1, keepdims=True)
    nll = -np.log(np.take_along_axis(p, targets[..., None], axis=-1)[..., 0])
    one_hot = np.eye(logits.shape[-1], dtype=logits.dtype)[targets]
    return nll[mask].mean(), (p - one_hot) * mask[..., None] / mask.sum(dtype=logits.dtype)


def marks_the_padding(logits, targets, mask):
    targets[~mask] = 0
    return multiplied(logits, targets, mask)


def squeezed(hs, lengths):
    return fancy(hs, lengths).squeeze()


def whole_windows(x, h0, W_x, W_h, b, dhs, k):
    return reset_in_one_loop(x, h0, W_x, W_h, b, dhs, min(k, len(x) - 1))


def shortens_the_callers(grads, max_norm):
    shorter, norm = as_torch_does(grads, max_norm)
    grads[:] = shorter
    return grads, norm


def divides_by_zero(grads, max_norm):
    norm = math.sqrt(sum(float(np.vdot(grad, grad)) for grad in grads))
    return [grad * min(1, max_norm / norm) for grad in grads], norm


def product_of_probabilities(nll_sum, n_tokens):
    return math.exp(nll_sum) ** (1 / n_tokens)


def without_default(cell, hidden_size, value=0.0):
    return kept(cell, hidden_size, value)


@pytest.mark.parametrize(
    ("id", "function", "item", "message"),
    [
        ("masked-cross-entropy", no_maximum_first, "logits of ±1000", "is not finite"),
        ("masked-cross-entropy", maximum_of_all, "logits of ±1000", "is not finite"),
        ("masked-cross-entropy", tiny_epsilon, "logits of ±1000", "What is np.exp(1000)"),
        ("masked-cross-entropy", marks_the_padding, "inputs left as they were", "read-only"),
        ("last-valid-state", squeezed, "a single step, a batch of one", "expected (1, "),
        (
            "tbptt-gradients",
            whole_windows,
            "one window, windows of one step, a batch of one",
            "Which steps make your last window",
        ),
        (
            "clip-by-global-norm",
            shortens_the_callers,
            "inputs left as they were",
            "it changes its input grads",
        ),
        (
            "clip-by-global-norm",
            divides_by_zero,
            "gradients of zero, one array, large numbers",
            "division by zero",
        ),
        (
            "perplexity",
            product_of_probabilities,
            "a long text, a single token, even odds",
            "OverflowError",
        ),
        ("keep-bias", without_default, "the value left out", "two arguments?"),
    ],
)
def test_one_fault_costs_one_item(id, function, item, message):
    found = report(id, function)
    assert [one.name for one in found.items if not one.passed] == [item]
    assert message in found.message
    assert found.diagnosis is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda grads, norm: None, "returned None, expected grads, norm. Is the return statement"),
        (lambda grads, norm: (grads,), "returned 1 value, expected 2: grads, norm."),
        (lambda grads, norm: norm, "returned a value of type float, expected grads, norm."),
        (lambda grads, norm: (norm, grads), "returned a value of type float for grads"),
        (lambda grads, norm: ((g for g in grads), norm), "of type generator for grads, expected a"),
        (lambda grads, norm: (np.concatenate([g.ravel() for g in grads]), norm), "for grads"),
        (lambda grads, norm: (grads[:2], norm), "returned 2 arrays for grads, expected 3."),
        (lambda grads, norm: ([*grads, norm], norm), "returned 4 arrays for grads, expected 3."),
        (lambda grads, norm: (grads, None), "returned None for norm, expected a number."),
        (lambda grads, norm: (grads, grads[2]), "shape (2,) for norm, expected a number."),
        (lambda grads, norm: ([None] * 3, norm), "returned None for grads[0]"),
        (lambda grads, norm: ([g + 0j for g in grads], norm), "an array of complex128"),
        (lambda grads, norm: ([g.T for g in grads], norm), "grads[0] has shape (3, 2), expected"),
        (lambda grads, norm: ([g * np.nan for g in grads], norm), "grads[0] is not finite"),
    ],
)
def test_what_is_no_list_of_gradients_gets_its_own_sentence(answer, message):
    found = report("clip-by-global-norm", answer)
    assert message in found.message
    assert found.score == 0
    assert found.diagnosis is None


def test_a_length_taken_for_an_index_is_recognised_and_does_not_raise():
    found = report("last-valid-state", lambda hs, lengths: hs[lengths, np.arange(len(lengths))])
    assert not found.passed
    assert found.diagnosis == "one-step-late"
