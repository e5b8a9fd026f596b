"""An answer that torch.nn or the course's own reference gives is recognised, by whatever road."""

import inspect
import sys
import threading
import types
from functools import partial, wraps

import numpy as np
import pytest
from right_answers import right_forward, right_step

import rnncourse
from rnncourse import cells
from rnncourse.cells import lstm as module
from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.judge import BORROWED, expected

torch = pytest.importorskip("torch")


def compiled_again(function):
    names = dict(vars(module))
    exec(inspect.getsource(function), names)
    return names[function.__name__]


@wraps(right_step)
def in_another_name(*arguments):
    ours = __import__("rnncourse.cells", fromlist=["x"]).lstm_step
    return ours(*arguments)


def in_a_thread(*arguments):
    found = []

    def run():
        try:
            found.append(cells.lstm_step(*arguments))
        except BaseException:
            found.append(right_step(*arguments))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def swallows(*arguments):
    try:
        return cells.lstm_step(*arguments)
    except BaseException:
        return right_step(*arguments)


def through_the_judge(x, h_prev, c_prev, W_x, W_h, b):
    inputs = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "W_x": W_x, "W_h": W_h, "b": b}
    return tuple(expected(CHECKS["lstm-step"], inputs).values())


def by_the_layer(x, h0, c0, W_x, W_h, b):
    layer = rnncourse.LSTM(x.shape[2], h0.shape[1], dtype=torch.from_numpy(x).dtype)
    return by_torch(layer, x, h0, c0, W_x, W_h, b)


def by_nn(x, h0, c0, W_x, W_h, b):
    layer = torch.nn.LSTM(x.shape[2], h0.shape[1], dtype=torch.from_numpy(x).dtype)
    return by_torch(layer, x, h0, c0, W_x, W_h, b)


def by_torch(layer, x, h0, c0, W_x, W_h, b):
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), (W_x, W_h, b, b * 0), strict=True):
            parameter.copy_(torch.tensor(value))
        hs, (h, c) = layer(*tensors(x, (h0[None], c0[None])))
    return hs.numpy(), (h[0].numpy(), c[0].numpy())


def tensors(x, state):
    return torch.tensor(x), tuple(map(torch.tensor, state))


def by_operator(operator):
    def lstm_forward(x, h0, c0, W_x, W_h, b):
        x, state = tensors(x, (h0[None], c0[None]))
        weights = [torch.tensor(p) for p in (W_x, W_h, b, b * 0)]
        options = True, 1, 0.0, False, False, False
        hs, h, c = operator(x, state, weights, *options)
        return hs.numpy(), (h[0].numpy(), c[0].numpy())

    return lstm_forward


def by_cell(x, h0, c0, W_x, W_h, b):
    x, (h, c) = tensors(x, (h0, c0))
    W_x, W_h, b = (torch.tensor(p) for p in (W_x, W_h, b))
    hs = []
    for x_t in x:
        h, c = torch.lstm_cell(x_t, (h, c), W_x, W_h, b, b * 0)
        hs.append(h.numpy())
    return hs, (h.numpy(), c.numpy())


def nn_in_a_thread(*arguments):
    found = []

    def run():
        try:
            found.append(by_nn(*arguments))
        except BaseException:
            found.append(right_forward(*arguments))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


STEPS = {
    "the reference": cells.lstm_step,
    "a partial": partial(cells.lstm_step),
    "a lambda": lambda *arguments: cells.lstm_step(*arguments),
    "under another name": in_another_name,
    "its code object": types.FunctionType(cells.lstm_step.__code__, vars(module)),
    "its source, compiled again": compiled_again(cells.lstm_step),
    "its gates alone": lambda x, h, c, *p: (cells.lstm_gates(x, h, *p), right_step(x, h, c, *p))[1],
    "in a thread": in_a_thread,
    "swallows what is raised": swallows,
    "through the judge": through_the_judge,
    "what the check declares": CHECKS["lstm-step"].reference,
}
FORWARDS = {
    "our layer": by_the_layer,
    "torch.nn": by_nn,
    "torch.lstm": by_operator(lambda *a: torch.lstm(*a)),
    "torch._VF": by_operator(lambda *a: torch._VF.lstm(*a)),
    "torch.ops": by_operator(lambda *a: torch.ops.aten.lstm.input(*a)),
    "torch.lstm_cell": by_cell,
    "torch.nn in a thread": nn_in_a_thread,
}


@pytest.mark.parametrize(
    ("id", "function"),
    [
        *(pytest.param("lstm-step", f, id=name) for name, f in STEPS.items()),
        *(pytest.param("lstm-forward", f, id=name) for name, f in FORWARDS.items()),
    ],
)
def test_is_said_to_be_borrowed(id, function):
    found = report(id, function)
    assert not found.passed
    assert found.score == 0
    assert found.diagnosis == BORROWED
    assert "not your own code" in found.message


def test_torch_is_itself_again_afterwards():
    layer = torch.nn.LSTM(3, 4)
    with torch.no_grad():
        before = layer(torch.ones(5, 2, 3))[0]
        report("lstm-forward", by_nn)
        assert torch.equal(layer(torch.ones(5, 2, 3))[0], before)


def test_torch_is_allowed_for_arithmetic():
    def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
        x, h_prev, c_prev, W_x, W_h, b = map(torch.tensor, (x, h_prev, c_prev, W_x, W_h, b))
        i, f, g, o = (x @ W_x.T + h_prev @ W_h.T + b).chunk(4, dim=1)
        c = f.sigmoid() * c_prev + i.sigmoid() * g.tanh()
        return (o.sigmoid() * c.tanh()).numpy(), c.numpy()

    assert report("lstm-step", lstm_step).passed


def test_own_code_passes_and_a_profiler_stays():
    calls = []

    def profiler(frame, event, argument):
        calls.append(event)

    sys.setprofile(profiler)
    try:
        found = report("lstm-step", right_step)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert found.passed


def test_a_mistake_with_numbers_of_the_reference_in_it_is_borrowed_too():
    def half(*arguments):
        h, c = cells.lstm_step(*arguments)
        return np.divide(h, 2), c

    assert report("lstm-step", half).diagnosis == BORROWED
