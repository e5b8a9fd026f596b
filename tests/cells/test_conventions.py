"""Weights from one convention to another: the torch end, what is exact, and what is refused."""

import numpy as np
import pytest
import torch

from rnncourse import cells
from rnncourse.cells import conventions
from rnncourse.cells.conventions import ONNXNode, Weights

T, B, I, H = 4, 2, 3, 5  # all different, above 1
ATOL = 1e-12  # float64; a wrong formula moves these by 1e-2
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
LAYERS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
CELLS = list(LAYERS)


@pytest.fixture
def rng():
    return np.random.default_rng(13)


def draw(rng, cell, input_size=I):
    G = GATES[cell]
    shapes = [(G * H, input_size), (G * H, H), (G * H,), (G * H,)]
    return Weights(*(rng.normal(size=s) for s in shapes))


def assert_same(got, expected):
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g, e)


def gru_of_chung(x, h, W_x, W_h, b):
    """Chung et al. 2014: h = (1 − z) ⊙ h_prev + z ⊙ n, the reset before, one bias; hs."""
    (W_xr, W_xz, W_xn), (W_hr, W_hz, W_hn) = np.split(W_x, 3), np.split(W_h, 3)
    b_r, b_z, b_n = np.split(b, 3)
    hs = []
    for x_t in x:
        r = 1 / (1 + np.exp(-(x_t @ W_xr.T + h @ W_hr.T + b_r)))
        z = 1 / (1 + np.exp(-(x_t @ W_xz.T + h @ W_hz.T + b_z)))
        n = np.tanh(x_t @ W_xn.T + (r * h) @ W_hn.T + b_n)
        h = (1 - z) * h + z * n
        hs.append(h)
    return np.stack(hs)


@pytest.mark.parametrize("cell", CELLS)
def test_state_dict_of_a_stack_goes_through_and_the_cells_equal_each_layer(rng, cell):
    layer = LAYERS[cell](I, H, num_layers=2, bidirectional=True, dtype=torch.float64)
    x = rng.normal(size=(T, B, I))
    states = [rng.normal(size=(4, B, H)) for _ in range(2 if cell == "lstm" else 1)]
    given = [torch.from_numpy(s) for s in states]
    expected = layer(torch.from_numpy(x), tuple(given) if cell == "lstm" else given[0])[0]

    hs, k = x, 0
    for number in range(2):
        both = []
        for reverse in (False, True):
            weights = conventions.from_torch(layer.state_dict(), number, reverse)
            both.append(run(cell, hs[:: -1 if reverse else 1], [s[k] for s in states], weights))
            k += 1
        hs = np.concatenate([both[0], both[1][::-1]], axis=-1)
    np.testing.assert_allclose(hs, expected.detach(), rtol=0, atol=ATOL)


def run(cell, x, states, weights):
    W_x, W_h, b_x, b_h = weights
    if cell == "gru":
        return cells.gru_forward(x, *states, *weights)
    b = conventions.merge_biases(cell, b_x, b_h)
    if cell == "lstm":
        return cells.lstm_forward(x, *states, W_x, W_h, b)[0]
    return cells.rnn_forward(x, *states, W_x, W_h, b)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bias", [True, False])
def test_to_torch_names_what_load_state_dict_wants(rng, cell, bias):
    layer = LAYERS[cell](I, H, num_layers=2, bidirectional=True, bias=bias, dtype=torch.float64)
    drawn = {
        (number, reverse): draw(rng, cell, 2 * H if number else I)[: 4 if bias else 2]
        for number in range(2)
        for reverse in (False, True)
    }
    state = {}
    for (number, reverse), arrays in drawn.items():
        state |= conventions.to_torch(Weights(*arrays), number, reverse)
    layer.load_state_dict({name: torch.from_numpy(a) for name, a in state.items()})
    for place, arrays in drawn.items():
        back = conventions.from_torch(layer.state_dict(), *place)
        assert_same(back[: len(arrays)], arrays)
        assert (back.bias_ih is None) != bias


def test_gate_blocks_land_where_keras_and_onnx_expect_them():
    def numbered(order):  # the block of a gate holds the gate's place in torch's order
        W = np.repeat(np.arange(len(order)), H)[:, None] * np.ones(I)
        return Weights(W, np.repeat(np.arange(len(order)), H)[:, None] * np.ones(H))

    def blocks(rows):
        return rows[::H, 0].astype(int).tolist()

    lstm, gru = numbered("ifgo"), numbered("rzn")
    assert blocks(conventions.to_keras("lstm", lstm)[0].T) == [0, 1, 2, 3]
    assert blocks(conventions.to_keras("gru", gru)[1].T) == [1, 0, 2]
    assert blocks(conventions.to_onnx("lstm", [lstm]).W[0]) == [0, 3, 1, 2]
    assert blocks(conventions.to_onnx("gru", [gru]).R[0]) == [1, 0, 2]


def test_keras_biases_come_back_merged_or_as_they_were(rng):
    for cell, reset_after in [("rnn", True), ("lstm", True), ("gru", False)]:
        weights = draw(rng, cell)
        arrays = conventions.to_keras(cell, weights, reset_after)
        assert arrays[2].shape == (GATES[cell] * H,)
        back = conventions.from_keras(cell, arrays, reset_after)
        assert_same(back, [*weights[:2], weights[2] + weights[3], 0 * weights[3]])
    weights = draw(rng, "gru")
    arrays = conventions.to_keras("gru", weights)
    assert arrays[2].shape == (2, 3 * H)
    assert_same(conventions.from_keras("gru", arrays), weights)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_flipped_update_gate_is_one_minus_itself_and_flips_back(rng, reset_after):
    x, h, weights = rng.normal(size=(B, I)), rng.normal(size=(B, H)), draw(rng, "gru")
    flipped = conventions.flip_update_gate(*weights)
    ours = cells.gru_gates(x, h, *weights, reset_after)
    theirs = cells.gru_gates(x, h, *flipped, reset_after)
    np.testing.assert_allclose(theirs.z, 1 - ours.z, rtol=0, atol=ATOL)
    assert_same([theirs.r, theirs.n], [ours.r, ours.n])
    assert_same(conventions.flip_update_gate(*flipped), weights)
    no_bias = conventions.flip_update_gate(*weights[:2])
    assert_same(no_bias[:2], flipped[:2])
    assert no_bias.bias_ih is no_bias.bias_hh is None


def test_the_gru_of_chung_is_ours_flipped_with_its_biases_merged(rng):
    x, h0, weights = rng.normal(size=(T, B, I)), rng.normal(size=(B, H)), draw(rng, "gru")
    ours = cells.gru_forward(x, h0, *weights, reset_after=False)
    W_x, W_h, b_x, b_h = conventions.flip_update_gate(*weights)
    b = conventions.merge_biases("gru", b_x, b_h, reset_after=False)
    np.testing.assert_allclose(gru_of_chung(x, h0, W_x, W_h, b), ours, rtol=0, atol=ATOL)


def test_one_bias_serves_every_cell_as_two(rng):
    b = rng.normal(size=3 * H)
    b_x, b_h = conventions.split_biases(b)
    assert_same([b_x, b_h], [b, np.zeros(3 * H)])
    x, h, (W_x, W_h, *_) = rng.normal(size=(B, I)), rng.normal(size=(B, H)), draw(rng, "gru")
    one = cells.gru_step(x, h, W_x, W_h, b_x, b_h, reset_after=False)
    other = cells.gru_step(x, h, W_x, W_h, b_h, b_x, reset_after=False)
    np.testing.assert_allclose(one, other, rtol=0, atol=ATOL)


def test_the_candidate_bias_of_a_reset_after_gru_would_be_lost_by_merging(rng):
    weights = draw(rng, "gru")
    x, h, (W_x, W_h, b_x, b_h) = rng.normal(size=(B, I)), rng.normal(size=(B, H)), weights
    kept = cells.gru_step(x, h, *weights)
    summed = cells.gru_step(x, h, W_x, W_h, b_x + b_h, 0 * b_h)
    assert abs(kept - summed).max() > 1e-2
    with pytest.raises(ValueError, match=r"reset_after=True cannot be merged, expected both"):
        conventions.merge_biases("gru", b_x, b_h)


@pytest.mark.parametrize("cell", CELLS)
def test_keeps_float32_and_shares_no_memory(rng, cell):
    given = Weights(*(a.astype(np.float32) for a in draw(rng, cell)))
    for array in given:
        array.flags.writeable = False
    keras = conventions.to_keras(cell, given)
    node = conventions.to_onnx(cell, [given, given])
    made = [
        *keras,
        *node[:3],
        *conventions.to_torch(given).values(),
        *conventions.from_torch({f"{k}_l0": v for k, v in given._asdict().items()}),
        *conventions.from_keras(cell, keras),
        *conventions.from_onnx(cell, node)[1],
        *(conventions.flip_update_gate(*given) if cell == "gru" else ()),
    ]
    for array in made:
        assert array.dtype == np.float32
        assert not any(np.shares_memory(array, source) for source in given)


def node(cell="gru", P=None, **attributes):
    G = GATES[cell]
    D = 2 if attributes.get("direction") == "bidirectional" else 1
    W, R, B_ = np.ones((D, G * H, I)), np.ones((D, G * H, H)), np.ones((D, 2 * G * H))
    return ONNXNode(W, R, B_, attributes, P)


def kernels(G=3):
    return [np.ones((I, G * H)), np.ones((H, G * H))]


WEIGHTS = Weights(np.ones((3 * H, I)), np.ones((3 * H, H)), np.ones(3 * H), np.ones(3 * H))
PROJECTION = {"weight_ih_l0": 0, "weight_hh_l0": 0, "weight_hr_l0": 0}
REFUSED = {
    "unknown cell": (
        lambda: conventions.to_keras("mgu", WEIGHTS),
        r"cell is 'mgu', expected 'rnn', 'lstm' or 'gru'",
    ),
    "weights of another cell": (
        lambda: conventions.to_keras("lstm", WEIGHTS),
        r"has shape .*, expected .* = \(4H",
    ),
    "one bias missing": (
        lambda: conventions.to_onnx("gru", [WEIGHTS._replace(bias_hh=None)]),
        r"one of bias_ih and bias_hh is None, expected both or neither",
    ),
    "missing layer": (
        lambda: conventions.from_torch({"weight_ih_l0": 0}, layer=1),
        r"state has 1 names \(weight_ih_l0 …\), expected weight_ih_l1 among them",
    ),
    "projection": (
        lambda: conventions.from_torch(PROJECTION),
        r"state has weight_hr_l0, expected no projection",
    ),
    "keras kernel alone": (
        lambda: conventions.from_keras("gru", kernels()[:1]),
        r"got 1 arrays, expected kernel, recurrent_kernel and bias",
    ),
    "keras kernel as torch has it": (
        lambda: conventions.from_keras("gru", [kernels()[0].T, kernels()[1]]),
        r"kernel has shape \(15, 3\), expected \(15, 15\) = \(I, 3H\)",
    ),
    "keras bias of reset_after=False": (
        lambda: conventions.from_keras("gru", [*kernels(), np.ones(3 * H)]),
        r"bias has shape \(15,\), expected \(2, 15\) for reset_after=True",
    ),
    "keras bias of reset_after=True": (
        lambda: conventions.from_keras("gru", [*kernels(), np.ones((2, 3 * H))], False),
        r"bias has shape \(2, 15\), expected \(15,\) for reset_after=False",
    ),
    "keras lstm bias": (
        lambda: conventions.from_keras("lstm", [*kernels(4), np.ones(H)]),
        r"bias has shape \(5,\), expected \(20,\)$",
    ),
    "three directions": (
        lambda: conventions.to_onnx("gru", [WEIGHTS] * 3),
        r"got 3 directions, expected 1 or 2",
    ),
    "unequal directions": (
        lambda: conventions.to_onnx("gru", [WEIGHTS, Weights(*WEIGHTS[:2])]),
        r"the second direction has shapes .*, expected",
    ),
    "onnx bias without its second half": (
        lambda: conventions.from_onnx("lstm", node("lstm")._replace(B=np.ones((1, 4 * H)))),
        r"B has shape \(1, 20\), expected \(1, 40\) = \(D, 8H\)",
    ),
    "onnx direction": (
        lambda: conventions.from_onnx(
            "lstm", node("lstm")._replace(attributes={"direction": b"bidirectional"})
        ),
        r"W has 1 directions, expected 2",
    ),
    "onnx hidden_size": (
        lambda: conventions.from_onnx("lstm", node("lstm", hidden_size=4)),
        r"R has H = 5, expected 4",
    ),
    "onnx default gru": (
        lambda: conventions.from_onnx("gru", node()),
        r"linear_before_reset is 0, expected 1 for reset_after=True; no change of weights",
    ),
    "onnx gru of torch": (
        lambda: conventions.from_onnx("gru", node(linear_before_reset=1), reset_after=False),
        r"linear_before_reset is 1, expected 0 for reset_after=False",
    ),
    "peepholes": (
        lambda: conventions.from_onnx("lstm", node("lstm", P=np.ones((1, 3 * H)))),
        r"P is given, expected none: these cells have no peepholes",
    ),
    "clip": (
        lambda: conventions.from_onnx("lstm", node("lstm", clip=1.0)),
        r"attribute clip is not supported, expected \['activations'",
    ),
    "coupled gates": (
        lambda: conventions.from_onnx("lstm", node("lstm", input_forget=1)),
        r"input_forget is 1, expected 0",
    ),
    "relu": (
        lambda: conventions.from_onnx("rnn", node("rnn", activations=[b"Relu"])),
        r"activations are \['Relu'\], expected \['Tanh'\]",
    ),
    "flip of an lstm": (
        lambda: conventions.flip_update_gate(np.ones((4 * H, I)), np.ones((4 * H, H))),
        r"expected .* = \(3H, I\)",
    ),
    "biases of unequal length": (
        lambda: conventions.merge_biases("rnn", np.ones(4), np.ones(5)),
        r"expected \(\d,\) = \(1?H,\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_activations_spelled_out_as_the_default_are_the_default():
    spelled = [b"Sigmoid", b"Tanh", b"Tanh"]
    plain = conventions.from_onnx("lstm", node("lstm"))
    assert_same(conventions.from_onnx("lstm", node("lstm", activations=spelled))[0], plain[0])
    two = node("lstm", activations=spelled * 2, direction="bidirectional")
    assert len(conventions.from_onnx("lstm", two)) == 2
