"""The layers under torch's own machinery: transforms, export, compile, autocast."""

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.autograd import forward_ad
from torch.nn.utils.rnn import pack_sequence

from rnncourse import layers

T, B, I, H = 6, 4, 3, 5


def batch(*shape, **options):
    return torch.randn(*shape or (T, B, I), dtype=torch.float64, **options)


def assert_same(found, expected, flat, atol=1e-10):
    torch.testing.assert_close(flat(found), flat(expected), rtol=0, atol=atol)


def test_functional_call_and_transforms(name, pair, flat):
    theirs, ours = pair(name, I, H)
    x = batch()
    doubled = {n: 2 * p for n, p in ours.named_parameters()}
    expected = torch.func.functional_call(theirs, doubled, (x,))
    assert_same(torch.func.functional_call(ours, doubled, (x,)), expected, flat)
    mapped = torch.vmap(lambda one: ours(one)[0])(torch.stack([x, 2 * x]))
    torch.testing.assert_close(mapped[1], ours(2 * x)[0])
    _, tangent = torch.func.jvp(lambda v: ours(v)[0], (x,), (torch.ones_like(x),))
    step = 1e-6
    difference = (ours(x + step)[0] - ours(x - step)[0]) / (2 * step)
    torch.testing.assert_close(tangent, difference, rtol=0, atol=1e-7)
    with forward_ad.dual_level():
        dual = ours(forward_ad.make_dual(x, torch.ones_like(x)))[0]
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, tangent)


@pytest.mark.filterwarnings(
    "ignore:.torch.jit", "ignore::torch.jit.TracerWarning", "ignore:The tensor attributes"
)
def test_export_and_trace_give_torchs_own_operator(name, pair, flat):
    _, ours = pair(name, I, H, 2, bidirectional=True)
    x, longer = batch(), batch(T + 2, B + 1, I)
    exported = torch.export.export(ours, (x,))
    assert_same(exported.module()(2 * x), ours(2 * x), flat)
    operators = {str(node.target) for node in exported.graph.nodes}
    assert any(operator.startswith(f"aten.{name.lower()}") for operator in operators)
    assert_same(torch.jit.trace(ours, (x,))(longer), ours(longer), flat)


def test_export_of_what_torch_has_no_operator_for(flat):
    layer = layers.GRU(I, H, reset_after=False)
    x = torch.randn(T, B, I)
    exported = torch.export.export(layer, (x,)).module()
    torch.testing.assert_close(flat(exported(2 * x)), flat(layer(2 * x)))


def test_compile_leaves_the_layer_out_of_its_graphs(name, pair):
    _, ours = pair(name, I, H)
    counter = CompileCounterWithBackend("eager")
    compiled = torch.compile(nn.Sequential(ours), backend=counter)
    x = batch()
    torch.testing.assert_close(compiled(x)[0], ours(x)[0])
    assert counter.op_count == 0


def test_batched_gradients(name, pair, flat):
    theirs, ours = pair(name, I, H)
    x = batch().requires_grad_()
    weights = batch(3, T, B, H)
    found = [
        torch.autograd.grad(module(x)[0], [x, *module.parameters()], weights, is_grads_batched=True)
        for module in (theirs, ours)
    ]
    torch.testing.assert_close(*found, rtol=0, atol=1e-10)
    output, _ = ours(x)
    mapped = torch.vmap(lambda w: torch.autograd.grad(output, x, w, retain_graph=True)[0])(weights)
    torch.testing.assert_close(mapped, found[1][0])


def test_packing_where_another_device_is_the_default(name):
    layer = getattr(layers, name)(I, H)
    packed = pack_sequence([torch.randn(4, I), torch.randn(2, I)])
    expected = layer(packed)[0].data
    with torch.device("meta"):
        assert torch.equal(layer(packed)[0].data, expected)


def test_autocast(name):
    theirs = getattr(nn, name)(I, H)
    ours = getattr(layers, name)(I, H)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(T, B, I)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, expected = ours(x)[0], theirs(x)[0]
        untouched = ours.double()(x.double())[0]
    assert output.dtype == expected.dtype
    torch.testing.assert_close(output, expected, rtol=0, atol=0.05)
    assert (output - ours(x.double())[0]).abs().max() > 1e-5  # it was in effect
    assert untouched.dtype == torch.float64
    torch.testing.assert_close(untouched, ours(x.double())[0])
    output.float().sum().backward()
    assert all(p.grad.isfinite().all() for p in ours.parameters())
