"""Problem set 1: the references are right, bad answers get a sentence, pairs of mistakes fail."""

from itertools import combinations

import numpy as np
import pytest

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.ps1_answers import gradient_by_lag, numerical_gradient
from rnncourse.checks.ps1_probe import sines


def drawn(id, seed=3):
    _, inputs = CHECKS[id].cases(seed)[0]
    return inputs


def test_central_differences_approach_the_gradient_of_the_sines_with_the_square_of_eps():
    f, x, _ = drawn("numerical-gradient").values()
    angles = (f * x).sum(axis=(1, 2))
    heights = np.arange(1, len(f) + 1)
    exact = ((heights * np.cos(angles))[:, None, None] * f).sum(axis=0)
    gaps = [np.abs(numerical_gradient(sines(f, x.shape), x, e) - exact) for e in (1e-2, 1e-3)]
    assert gaps[1].max() < 1e-4
    assert 90 < gaps[0].max() / gaps[1].max() < 110


def test_gradient_by_lag_is_the_norm_of_torchs_jacobian():
    torch = pytest.importorskip("torch")
    x, h0, W_x, W_h, b = drawn("gradient-by-lag").values()
    layer = torch.nn.RNN(x.shape[2], len(b), dtype=torch.float64)
    layer.load_state_dict(
        {
            "weight_ih_l0": torch.tensor(W_x),
            "weight_hh_l0": torch.tensor(W_h),
            "bias_ih_l0": torch.tensor(b),
            "bias_hh_l0": torch.zeros(len(b), dtype=torch.float64),
        }
    )

    def last(inputs):
        return layer(inputs, torch.tensor(h0)[None])[0][-1].sum(dim=0)  # sequences do not mix

    jacobian = torch.autograd.functional.jacobian(last, torch.tensor(x)).numpy()  # (H, T, B, I)
    norms = np.sqrt((jacobian**2).sum(axis=(0, 3))).mean(axis=1)[::-1]
    assert np.allclose(gradient_by_lag(x, h0, W_x, W_h, b), norms, rtol=1e-10, atol=0)


def right(f, x, eps):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = eps
        gradient[index] = (f(x + step) - f(x - step)) / (2 * eps)
    return gradient


def drifting(f, x, eps):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += eps
        above = f(x)
        x[index] -= 2 * eps
        gradient[index] = (above - f(x)) / (2 * eps)
        x[index] += eps
    return gradient


def test_an_x_that_is_off_by_rounding_costs_its_own_point_and_no_more():
    found = report("numerical-gradient", drifting)
    assert [item.passed for item in found.items] == [True, True, True, False]
    assert "it changes its input x" in found.message


BAD = {
    "None": (lambda f, x, eps: None, "returned None, expected gradient."),
    "a number": (lambda f, x, eps: 0.5, "returned an array of shape (), expected"),
    "flat": (lambda f, x, eps: right(f, x, eps).ravel(), ", that of x."),
    "f of a flat array": (
        lambda f, x, eps: right(lambda v: f(v.ravel()), x, eps),
        "called f with an array of shape (",
    ),
    "f of an entry": (lambda f, x, eps: f(x[0, 0]) * x, "called f with an array of shape ()"),
    "complex": (lambda f, x, eps: right(f, x, eps) + 0j, "complex128"),
    "nan": (lambda f, x, eps: np.full_like(x, np.nan), "gradient is not finite"),
    "whole numbers": (lambda f, x, eps: np.zeros(x.shape, int), "int64"),
    "a generator": (lambda f, x, eps: (f(x) for _ in x), "generator"),
    "two arguments": (lambda f, x: x, "could not be called as"),
    "calls x": (lambda f, x, eps: x(f), "not callable"),
}


@pytest.mark.parametrize(("answer", "says"), BAD.values(), ids=BAD)
def test_a_bad_answer_gets_a_sentence_of_its_own(answer, says):
    found = report("numerical-gradient", answer)
    assert found.score == 0
    assert found.diagnosis is None
    assert says in found.message


def step_with(flags):
    def rnn_step(x, h_prev, W_x, W_h, b):
        from_h = h_prev @ (W_h if "W_h-not-transposed" in flags else W_h.T)
        a = x @ W_x.T + (0 if "recurrent-term-forgotten" in flags else from_h)
        a = a if "bias-forgotten" in flags else a + b
        h = 1 / (1 + np.exp(-a)) if "sigmoid-for-tanh" in flags else np.tanh(a)
        return h + h_prev if "h_prev-added" in flags else h

    return rnn_step


def forward_with(flags):
    def rnn_forward(x, h0, *parameters):
        h = start = 0 * h0 if "initial-state-ignored" in flags else h0
        hs = []
        for x_t in x[::-1] if "time-reversed" in flags else x:
            before = h
            new = step_with(flags)(x_t, h, *parameters)
            h = start if "state-not-carried" in flags else new
            hs.append(before if "hs-one-step-behind" in flags else new)
        return np.stack(hs[::-1] if "hs-reversed" in flags else hs)

    return rnn_forward


def differences_with(flags):
    def numerical_gradient(f, x, eps):
        eps = 1e-6 if "eps-not-used" in flags else eps
        moved, gradient = x.copy(), np.zeros_like(x)
        for index in np.ndindex(x.shape):
            moved = moved if "not-undone" in flags else x.copy()
            where = index[0] if "whole-rows-at-once" in flags else index
            moved[where] += eps
            above = f(moved)
            moved[where] -= eps if "forward-difference" in flags else 2 * eps
            one_sided = {"forward-difference", "divided-by-eps"} & flags
            gradient[index] = (above - f(moved)) / (eps if one_sided else 2 * eps)
        return -gradient if "sign-flipped" in flags else gradient

    return numerical_gradient


def backward_with(flags):
    def rnn_backward(x, h0, W_x, W_h, b, dhs):
        states = [h0]
        for x_t in x:
            states.append(step_with(flags)(x_t, states[-1], W_x, W_h, b))
        dx, total, dh = np.zeros_like(x), [0, 0, 0], np.zeros_like(h0)
        for t in reversed(range(len(x))):
            out = 0 if "only-the-last-output" in flags and t < len(x) - 1 else dhs[t]
            dh = out + (0 if "dh-carry-dropped" in flags else dh)
            da = dh if "slope-missing" in flags else dh * (1 - states[t + 1] ** 2)
            read = states[t + 1] if "dW_h-from-new-h" in flags else states[t]
            here = [da.T @ x[t], da.T @ read, da.sum(axis=0)]
            here = [d / len(h0) if "averaged-over-batch" in flags else d for d in here]
            kept = [0, 0, 0] if "parameter-gradients-overwritten" in flags else total
            total = [old + new for old, new in zip(kept, here, strict=True)]
            dx[t], dh = da @ W_x, da @ (W_h.T if "W_h-transposed" in flags else W_h)
        return dx, dh, *total

    return rnn_backward


def by_lag_with(flags):
    def gradient_by_lag(x, h0, W_x, W_h, b):
        hs = forward_with({"initial-state-ignored"} & flags)(x, h0, W_x, W_h, b)
        product, norms = np.eye(len(b))[None], []
        for h in hs[::-1]:
            product = product * (1 if "slopes-missing" in flags else (1 - h**2)[:, None, :])
            J = np.repeat(product, len(h0) // len(product), axis=0)
            J = J if "of-a-for-x" in flags else J @ W_x
            order = 2 if "spectral-norm" in flags else "fro"
            by_sequence = np.linalg.norm(J, ord=order, axis=(1, 2))
            norms.append(by_sequence.sum() if "summed-over-batch" in flags else by_sequence.mean())
            product = product @ (W_h.T if "W_h-transposed" in flags else W_h)
        norms = np.array(norms).astype(x.dtype)
        norms = norms**2 if "root-missing" in flags else norms
        return norms[::-1] if "lag-reversed" in flags else norms

    return gradient_by_lag


TOGETHER = {
    "rnn-step": (
        step_with,
        "W_h-not-transposed recurrent-term-forgotten bias-forgotten sigmoid-for-tanh h_prev-added",
    ),
    "rnn-forward": (
        forward_with,
        "W_h-not-transposed bias-forgotten sigmoid-for-tanh initial-state-ignored time-reversed "
        "state-not-carried hs-one-step-behind hs-reversed",
    ),
    "numerical-gradient": (
        differences_with,
        "eps-not-used not-undone whole-rows-at-once forward-difference divided-by-eps sign-flipped",
    ),
    "rnn-backward": (
        backward_with,
        "only-the-last-output dh-carry-dropped slope-missing dW_h-from-new-h averaged-over-batch "
        "parameter-gradients-overwritten W_h-transposed",
    ),
    "gradient-by-lag": (
        by_lag_with,
        "slopes-missing of-a-for-x spectral-norm summed-over-batch W_h-transposed "
        "initial-state-ignored lag-reversed",
    ),
}
SINGLES = [(id, {slug}) for id, (_, slugs) in TOGETHER.items() for slug in slugs.split()]
# two that make one mistake, which has a name of its own
SAME = {"initial-state-ignored", "state-not-carried"}  # no step sees a state
BACKWARD_IN_TIME = {"time-reversed", "hs-reversed"}
PAIRS = [
    (id, set(pair))
    for id, (_, slugs) in TOGETHER.items()
    for pair in combinations(slugs.split(), 2)
    if set(pair) not in (SAME, BACKWARD_IN_TIME)
]


@pytest.mark.parametrize("id", TOGETHER)
def test_without_a_mistake_the_functions_of_the_pairs_are_right(id):
    make, _ = TOGETHER[id]
    assert report(id, make(set())).passed


@pytest.mark.parametrize(
    ("id", "slugs"), SINGLES, ids=lambda value: value if isinstance(value, str) else min(value)
)
def test_a_mistake_written_by_hand_is_recognised(id, slugs):
    make, _ = TOGETHER[id]
    assert report(id, make(slugs)).diagnosis == min(slugs)


@pytest.mark.parametrize(
    ("id", "pair"), PAIRS, ids=lambda v: v if isinstance(v, str) else "+".join(sorted(v))
)
def test_two_mistakes_together_fail_and_the_report_does_not_name_a_third(id, pair):
    make, _ = TOGETHER[id]
    found = report(id, make(pair))
    assert not found.passed
    assert found.diagnosis in {None, *pair}


def test_a_loop_in_which_no_step_sees_a_state_is_one_mistake():
    found = report("rnn-forward", forward_with(SAME))
    assert found.diagnosis == "recurrent-term-forgotten"


def test_a_loop_that_runs_from_the_last_step_to_the_first_is_one_mistake():
    found = report("rnn-forward", forward_with(BACKWARD_IN_TIME))
    assert found.diagnosis == "time-runs-backward"


@pytest.mark.parametrize("end", [1, -1])
def test_a_tanh_that_overflows_is_told_of_at_either_end(end):
    def tanh(a):
        e = np.exp(2 * end * a)
        return end * (e - 1) / (e + 1)

    found = report("rnn-step", lambda x, h, W_x, W_h, b: tanh(x @ W_x.T + h @ W_h.T + b))
    failed = [item.name for item in found.items if not item.passed]
    assert failed == ["pre-activations of ±1000"]
    assert "np.exp(1000)" in found.message
