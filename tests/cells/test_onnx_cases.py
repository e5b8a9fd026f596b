"""The cells under ONNX's weights: its own node cases, its reference evaluator, onnxruntime."""

import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

from rnncourse import cells
from rnncourse.cells import conventions

T, B, I, H = 5, 2, 3, 4  # all different, above 1
CASE_ATOL = 1e-6  # the cases store float32
REFERENCE_ATOL = 1e-12  # float64 on both sides
RUNTIME_ATOL = 5e-6  # onnxruntime has float32 only, and its own approximations of σ and tanh

CASES = [
    "test_gru_batchwise",
    "test_gru_bidirectional",
    "test_gru_defaults",
    "test_gru_reverse",
    "test_gru_seq_length",
    "test_gru_with_initial_bias",
    "test_lstm_batchwise",
    "test_lstm_bidirectional",
    "test_lstm_defaults",
    "test_lstm_reverse",
    "test_lstm_with_initial_bias",
    "test_rnn_seq_length",
    "test_simple_rnn_batchwise",
    "test_simple_rnn_bidirectional",
    "test_simple_rnn_defaults",
    "test_simple_rnn_reverse",
    "test_simple_rnn_with_initial_bias",
]
NOT_OURS = {"test_lstm_with_peepholes": "no peepholes"}


@pytest.fixture(scope="module")
def node_cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # other operators overflow on purpose
        cases = collect_testcases()
    recurrent = {"RNN", "LSTM", "GRU"}
    return {c.name: c for c in cases if recurrent & {n.op_type for n in c.model.graph.node}}


def attributes_of(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def run_direction(cell, x, states, weights, reset_after):
    """hs (T, B, H) and the last states of one direction, by the NumPy cells."""
    W_x, W_h, b_x, b_h = weights
    if b_x is None:
        b_x = b_h = np.zeros(len(W_x))
    if cell == "gru":
        hs = cells.gru_forward(x, *states, W_x, W_h, b_x, b_h, reset_after)
        return hs, (hs[-1],)
    b = conventions.merge_biases(cell, b_x, b_h)
    if cell == "lstm":
        return cells.lstm_forward(x, *states, W_x, W_h, b)
    hs = cells.rnn_forward(x, *states, W_x, W_h, b)
    return hs, (hs[-1],)


def run_node(cell, x, states, directions, direction="forward", reset_after=True):
    """Y (T, D, B, H), Y_h and, for the LSTM, Y_c (D, B, H), as an ONNX node returns them."""
    hs, last = [], []
    for d, weights in enumerate(directions):
        backwards = d == 1 or direction == "reverse"
        one, end = run_direction(
            cell, x[::-1] if backwards else x, [s[d] for s in states], weights, reset_after
        )
        hs.append(one[::-1] if backwards else one)
        last.append(end)
    return [np.stack(hs, axis=1), *(np.stack(s) for s in zip(*last, strict=True))]


def test_the_cases_are_all_there(node_cases):
    assert sorted(node_cases) == sorted([*CASES, *NOT_OURS])
    assert len(node_cases) == 18


@pytest.mark.parametrize("name", CASES)
def test_node_case(node_cases, name):
    case = node_cases[name]
    (node,) = case.model.graph.node
    (inputs, expected), attributes = case.data_sets[0], attributes_of(node)
    given = dict(zip([i for i in node.input if i], inputs, strict=True))
    assert set(given) <= {"X", "W", "R", "B"}, "a case with states or lengths needs them run"
    cell, batch_first = node.op_type.lower(), attributes.get("layout", 0)
    onnx_node = conventions.ONNXNode(given["W"], given["R"], given.get("B"), attributes)
    directions = conventions.from_onnx(cell, onnx_node, reset_after=False)

    x = given["X"].astype(np.float64)
    x = x.swapaxes(0, 1) if batch_first else x
    state = np.zeros((len(directions), x.shape[1], attributes["hidden_size"]))
    direction = attributes.get("direction", b"forward").decode()
    states = [state] * (2 if cell == "lstm" else 1)
    Y, *last = run_node(cell, x, states, directions, direction, reset_after=False)
    if batch_first:
        Y, last = Y.transpose(2, 0, 1, 3), [s.swapaxes(0, 1) for s in last]
    ours = dict(zip(["Y", "Y_h", "Y_c"], [Y, *last], strict=False))
    for output, values in zip([o for o in node.output if o], expected, strict=True):
        np.testing.assert_allclose(ours[output], values, rtol=0, atol=CASE_ATOL)


@pytest.mark.parametrize("name", NOT_OURS)
def test_a_case_that_asks_for_more_is_refused(node_cases, name):
    case = node_cases[name]
    (node,) = case.model.graph.node
    given = dict(zip(node.input, case.data_sets[0][0], strict=True))
    onnx_node = conventions.ONNXNode(
        given["W"], given["R"], given["B"], attributes_of(node), given["P"]
    )
    with pytest.raises(ValueError, match=NOT_OURS[name]):
        conventions.from_onnx("lstm", onnx_node)


KINDS = [
    pytest.param(cell, reset_after, directions, id=f"{cell}{after}-{directions}")
    for cell, reset_after, after in [
        ("rnn", True, ""),
        ("lstm", True, ""),
        ("gru", True, "-reset-after"),
        ("gru", False, "-reset-before"),
    ]
    for directions in (1, 2)
]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def draw(cell, directions):
    rng = np.random.default_rng(5)
    G = GATES[cell]
    x = rng.normal(size=(T, B, I))
    states = [rng.normal(size=(directions, B, H)) for _ in range(2 if cell == "lstm" else 1)]
    shapes = [(G * H, I), (G * H, H), (G * H,), (G * H,)]
    weights = [
        conventions.Weights(*(rng.normal(size=s) for s in shapes)) for _ in range(directions)
    ]
    return x, states, weights


def build_model(cell, node, feeds):
    """An ONNX model of the one node, made from what to_onnx returned."""
    double = feeds["X"].dtype == np.float64
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    inputs = ["X", "W", "R", "B", "", "initial_h"]
    outputs = ["Y", "Y_h"]
    if cell == "lstm":
        inputs, outputs = [*inputs, "initial_c"], [*outputs, "Y_c"]
    graph = helper.make_graph(
        [helper.make_node(cell.upper(), inputs, outputs, **node.attributes)],
        cell,
        [helper.make_tensor_value_info(k, kind, v.shape) for k, v in feeds.items()],
        [
            helper.make_tensor_value_info(name, kind, [None] * (4 if name == "Y" else 3))
            for name in outputs
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def feeds_of(node, x, states, dtype):
    names = ["X", "W", "R", "B", "initial_h", "initial_c"]
    arrays = [x, node.W, node.R, node.B, *states]
    return {k: v.astype(dtype) for k, v in zip(names, arrays, strict=False)}


@pytest.mark.parametrize(("cell", "reset_after", "directions"), KINDS)
def test_onnx_reference_in_float64(cell, reset_after, directions):
    x, states, weights = draw(cell, directions)
    node = conventions.to_onnx(cell, weights, reset_after)
    feeds = feeds_of(node, x, states, np.float64)
    expected = ReferenceEvaluator(build_model(cell, node, feeds)).run(None, feeds)
    ours = run_node(cell, x, states, weights, reset_after=reset_after)
    for got, values in zip(ours, expected, strict=True):
        np.testing.assert_allclose(got, values, rtol=0, atol=REFERENCE_ATOL)


@pytest.mark.parametrize(("cell", "reset_after", "directions"), KINDS)
def test_onnxruntime_in_float32(cell, reset_after, directions):
    x, states, weights = draw(cell, directions)
    node = conventions.to_onnx(cell, weights, reset_after)
    feeds = feeds_of(node, x, states, np.float32)
    model = build_model(cell, node, feeds).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    expected = session.run(None, feeds)
    ours = run_node(cell, x, states, weights, reset_after=reset_after)
    for got, values in zip(ours, expected, strict=True):
        np.testing.assert_allclose(got, values, rtol=0, atol=RUNTIME_ATOL)


@pytest.mark.parametrize(("cell", "reset_after", "directions"), KINDS)
@pytest.mark.parametrize("bias", [True, False])
def test_there_and_back(cell, reset_after, directions, bias):
    weights = draw(cell, directions)[2]
    if not bias:
        weights = [conventions.Weights(*w[:2]) for w in weights]
    node = conventions.to_onnx(cell, weights, reset_after)
    assert (node.B is None) != bias
    back = conventions.from_onnx(cell, node, reset_after)
    for got, expected in zip(back, weights, strict=True):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a, b)
