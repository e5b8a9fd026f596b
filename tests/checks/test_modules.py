"""What is no right module gets its own sentence, and torch is left as it was."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from rnncourse.checks import report
from rnncourse.checks.modules import Modules, Tensors, unpack
from rnncourse.checks.values import MisfitError


class GRU(nn.Module):
    """Right, for others to be wrong in one thing each."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.make("weight_ih_l0", 3 * hidden_size, input_size)
        self.make("weight_hh_l0", 3 * hidden_size, hidden_size)
        self.make("bias_ih_l0", 3 * hidden_size)
        self.make("bias_hh_l0", 3 * hidden_size)

    def make(self, name, *shape):
        self.register_parameter(name, nn.Parameter(torch.rand(shape) - 0.5))

    def weights(self):
        return self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0

    def forward(self, x, state=None):
        W_x, W_h, b_x, b_h = self.weights()
        h = x.new_zeros(x.shape[1], W_h.shape[1]) if state is None else state[0]
        hs = []
        for x_t in x:
            a, u = linear(x_t, W_x, b_x).chunk(3, -1), linear(h, W_h, b_h).chunk(3, -1)
            r, z = (a[0] + u[0]).sigmoid(), (a[1] + u[1]).sigmoid()
            h = (1 - z) * (a[2] + r * u[2]).tanh() + z * h
            hs.append(h)
        return torch.stack(hs), h[None]


def returning(change):
    class Changed(GRU):
        def forward(self, x, state=None):
            return change(*super().forward(x, state))

    return Changed


def made_by(make):
    """A GRU whose parameters are made by ``make(module, name, tensor)``."""

    class Made(GRU):
        def make(self, name, *shape):
            make(self, name, torch.rand(shape))

    return Made


class NoModule:
    def __init__(self, input_size, hidden_size):
        pass

    def __call__(self, x, state=None):
        return x, state


class NoArguments(GRU):
    def __init__(self):
        super().__init__(3, 5)


class NoSuper(nn.Module):
    def __init__(self, input_size, hidden_size):
        self.size = hidden_size


class NoForward(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        for name, parameter in GRU(input_size, hidden_size).named_parameters():
            self.register_parameter(name, parameter)


class NotWritten(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        raise NotImplementedError


class ForwardNotWritten(GRU):
    def forward(self, x, state=None):
        raise NotImplementedError


class Deeper(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.inner = GRU(input_size, hidden_size)

    def forward(self, x, state=None):
        return self.inner(x, state)


class Linears(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h = nn.Linear(input_size, 3 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 3 * hidden_size)


class InAList(GRU):
    def make(self, name, *shape):
        self.all = [*getattr(self, "all", []), nn.Parameter(torch.rand(shape))]


class OneMore(GRU):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h0 = nn.Parameter(torch.zeros(hidden_size))


class Transposed(GRU):
    def make(self, name, *shape):
        super().make(name, *shape[::-1])


class OnCopies(GRU):
    """Multiplies by what the parameters were before the numbers were loaded."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.copies = [parameter.detach().double() for parameter in super().weights()]

    def weights(self):
        return self.copies


class OnData(GRU):
    def weights(self):
        return [parameter.data for parameter in super().weights()]


class MadeAgain(GRU):
    def weights(self):
        return [nn.Parameter(parameter) for parameter in super().weights()]


class UnderNoGrad(GRU):
    @torch.no_grad()
    def forward(self, x, state=None):
        return super().forward(x, state)


class InPlace(GRU):
    def forward(self, x, state=None):
        hs, h = super().forward(x, state)
        h = h.tanh()
        h += h.exp().mul_(h).sum()
        return hs, h.mul_(h)


class WrongProduct(GRU):
    def forward(self, x, state=None):
        return x @ self.weight_ih_l0, state


class Float32Inside(GRU):
    def forward(self, x, state=None):
        return super().forward(x, torch.zeros(1, x.shape[1], self.weight_hh_l0.shape[1]))


class OneBiasForBoth(GRU):
    def __init__(self, I, H):
        super().__init__(I, H)
        self.bias_hh_l0 = self.bias_ih_l0


class OneBiasAlone(GRU):
    def __init__(self, I, H):
        super().__init__(I, H)
        del self.bias_hh_l0


SENTENCES = [
    (GRU(3, 5), "GRU is an object here, expected the class, without brackets."),
    (NoModule, "NoModule is no module, expected class NoModule(nn.Module)."),
    (lambda I, H: np.zeros(3), "made an array of NumPy, shape (3,)."),
    (NoArguments, "NoArguments cannot be built as NoArguments("),
    (NoSuper, "NoSuper has an __init__ that never calls super().__init__()."),
    (NoForward, "NoForward has no method forward."),
    (NotWritten, "NotWritten is not written yet."),
    (ForwardNotWritten, "ForwardNotWritten is not written yet."),
    (None, "check was given None"),
    (Deeper, "has no parameter weight_ih_l0, weight_hh_l0, bias_ih_l0 and bias_hh_l0; its "
     "state_dict has inner.weight_ih_l0, inner.weight_hh_l0, inner.bias_ih_l0 and "
     "inner.bias_hh_l0. Are they those of a module inside yours?"),
    (Linears, "its state_dict has x2h.weight, x2h.bias, h2h.weight and h2h.bias."),
    (InAList, "its state_dict has nothing."),
    (OneMore, "has h0 in its state_dict, expected weight_ih_l0, weight_hh_l0, bias_ih_l0 and "),
    (OneBiasForBoth, "has one parameter for bias_ih_l0 and bias_hh_l0, expected one for each."),
    (OneBiasAlone, "its state_dict has weight_ih_l0, weight_hh_l0 and bias_ih_l0."),
    (Transposed, "has a weight_ih_l0 of shape ("),
    (made_by(setattr), "Made holds weight_ih_l0 as a plain tensor, expected an nn.Parameter."),
    (made_by(lambda module, name, tensor: module.register_buffer(name, tensor)),
     "Made holds weight_ih_l0 as a buffer, expected an nn.Parameter."),
    (made_by(lambda module, name, tensor: setattr(module, name, nn.Parameter(tensor, False))),
     "Made has a weight_ih_l0 that does not learn: its requires_grad is False."),
    (returning(lambda hs, h: None), "returned None, expected hs, h. Is the return statement "),
    (returning(lambda hs, h: hs), "returned a tensor of shape ("),
    (returning(lambda hs, h: (hs,)), "returned 1 value, expected 2: hs, h."),
    (returning(lambda hs, h: (hs, (h,))), "returned a value of type tuple for h, expected a "),
    (returning(lambda hs, h: (list(hs), h)), "returned a value of type list for hs, expected a"),
    (returning(lambda hs, h: (hs.detach().numpy(), h)), "returned an array of NumPy, shape ("),
    (returning(lambda hs, h: (hs.to(torch.complex64), h)), "hs as a tensor of torch.complex64"),
    (returning(lambda hs, h: (hs.bfloat16(), h)), "returned hs as a tensor of torch.bfloat16"),
    (returning(lambda hs, h: (hs.detach(), h.detach())), "returned hs and h without a gradient"),
    (UnderNoGrad, "UnderNoGrad returned hs and h without a gradient"),
    (OnCopies, "OnCopies computes with something else than its parameters: no gradient reaches "),
    (OnData, "OnData computes with something else than its parameters: no gradient reaches "),
    (MadeAgain, "MadeAgain computes with something else than its parameters: no gradient "),
    (InPlace, "InPlace runs, but torch cannot go back through it: "),
    (WrongProduct, "line 2: return x @ self.weight_ih_l0, state"),
    (Float32Inside, "Float32Inside raised RuntimeError"),
]  # fmt: skip


def test_the_model_for_the_others_is_right():
    found = report("torch-gru", GRU)
    assert found.passed, found.text()


@pytest.mark.parametrize(
    ("given", "sentence"),
    SENTENCES,
    ids=lambda v: v[-40:] if isinstance(v, str) else type(v).__name__,
)
def test_gets_its_own_sentence(given, sentence):
    found = report("torch-gru", given)
    if given is WrongProduct:
        line = WrongProduct.forward.__code__.co_firstlineno + 1
        sentence = sentence.replace("line 2", f"line {line}")
    assert sentence in found.message
    assert found.diagnosis is None
    assert found.items[0].passed is False


def test_a_parameter_left_out_is_not_looked_for_inside():
    assert "inside yours" not in report("torch-gru", OneBiasAlone).message


def test_a_pair_that_is_flat_is_named():
    class LSTM(GRU):
        def make(self, name, *shape):
            super().make(name, shape[0] // 3 * 4, *shape[1:])

        def forward(self, x, state=None):
            return x.new_zeros(*x.shape[:2], self.weight_hh_l0.shape[1]), *state

    found = report("torch-lstm", LSTM)
    assert "in the place of (h, c), expected h, c." in found.message


def test_torch_is_left_as_it_was():
    class Rude(GRU):
        def __init__(self, input_size, hidden_size):
            torch.manual_seed(123)
            torch.set_default_dtype(torch.float64)
            torch.set_grad_enabled(False)
            super().__init__(input_size, hidden_size)
            torch.set_grad_enabled(True)

    with torch.no_grad():
        before = torch.get_rng_state()
        assert report("torch-gru", Rude).passed
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.get_default_dtype() == torch.float32
        assert not torch.is_grad_enabled()


def double(x, k, more):
    return {"y": x * k.double()[:, None] * more[0], "total": x.sum()}


PROBE = Tensors(
    run=lambda function, given: function(given["x"], given["k"], given["more"]),
    outputs={"y": "B I", "total": "float"},
    leaves={"x": "B I"},
)
X, K = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]), np.array([2, 3, 5])


def test_functions_of_tensors_get_integers_words_and_lists():
    arrays = PROBE(double, {"x": X, "k": K, "more": [np.array(10.0), "a word"]})
    assert arrays.keys() == {"y", "total"}
    assert np.array_equal(arrays["y"], X * K[:, None] * 10)
    assert arrays["total"] == X.sum()


def test_their_gradients_come_from_the_seeds_that_are_given():
    inputs = {"x": X, "k": K, "more": [np.array(10.0)]}
    dy = X**2
    arrays = PROBE(double, inputs | {"dy": dy})
    assert np.allclose(arrays["grad x"], dy * K[:, None] * 10)
    arrays = PROBE(double, inputs | {"dy": dy, "dtotal": np.array(3.0)})
    assert np.allclose(arrays["grad x"], dy * K[:, None] * 10 + 3)


def test_where_a_shape_is_off_there_is_no_gradient():
    arrays = PROBE(
        lambda x, k, more: {"y": x.T},
        {"x": X, "k": K, "more": [], "dy": X},
    )
    assert arrays.keys() == {"y"}
    assert arrays["y"].shape == (2, 3)


def test_what_a_function_writes_to_shows_in_its_inputs():
    given = {"x": X.copy(), "k": K, "more": []}
    PROBE(lambda x, k, more: {"y": x.mul_(2)}, given)
    assert np.array_equal(given["x"], 2 * X)


def test_modules_take_other_constructors_parameters_and_nested_states():
    class Stack(nn.Module):
        def __init__(self, size, cells=("gru",)):
            super().__init__()
            assert cells == ("gru", "lstm")
            self.scale = nn.Parameter(torch.zeros(size))

        def forward(self, x):
            return self.scale * x, [x[0], (x[1], x[2])], "more"

    probe = Modules(
        arguments=lambda inputs: (inputs["x"].shape[-1], inputs["cells"]),
        parameters={"scale": "I"},
        run=lambda module, given: unpack(module(given["x"]), ("y", ("h_1", ("h_2", "c_2")))),
        outputs={"y": "B I", "h_1": "I", "h_2": "I", "c_2": "I"},
    )
    scale = np.array([2.0, 5.0])
    inputs = {"x": X, "scale": scale, "cells": ("gru", "lstm"), "dy": X}
    arrays = probe(Stack, inputs)
    assert list(arrays) == ["y", "h_1", "h_2", "c_2", "grad scale"]
    assert np.array_equal(arrays["y"], scale * X)
    assert np.array_equal(arrays["c_2"], X[2])
    assert np.allclose(arrays["grad scale"], (X**2).sum(axis=0))
    assert set(arrays) <= set(probe.shapes)


def test_unpack_names_the_place_of_what_is_missing():
    tensor = torch.ones(2, 3)
    with pytest.raises(MisfitError) as raised:
        unpack((tensor, [tensor, (tensor,)]), ("y", ("h_1", ("h_2", "c_2"))))
    assert str(raised.value) == (
        "returned 1 value in the place of (h_2, c_2), expected 2: h_2, c_2."
    )
