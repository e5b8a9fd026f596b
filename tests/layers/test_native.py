"""The loop in C++: used where it fits and only there, and missed by nobody where it cannot be."""

import os
import subprocess
import sys

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence
from torch.utils.flop_counter import FlopCounterMode

import rnncourse
from rnncourse import layers

USE = """
import rnncourse, torch
print(rnncourse.enable_native(), rnncourse.GRU(3, 4)(torch.ones(5, 2, 3))[0].shape)
"""


@pytest.fixture
def ran():
    """``ran(layer, x)``: the functions that made the output, with the loop in C++ in use."""
    if not layers.enable_native():
        pytest.skip("the native loop needs a C++ compiler: apt-get install g++")

    def names(layer, x):
        out = layer(x)[0]
        last = (out.data if hasattr(out, "batch_sizes") else out).grad_fn
        return [function.name() for function, _ in ((last, 0), *last.next_functions) if function]

    return names


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_runs_sequences_of_equal_length(name, ran):
    layer = getattr(rnncourse, name)(3, 4)
    assert f"Native{name}ThroughTimeBackward" in ran(layer, torch.ones(5, 2, 3))


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (lambda: rnncourse.LSTM(3, 4, proj_size=2), torch.ones(5, 2, 3)),
        (lambda: rnncourse.GRU(3, 4, reset_after=False), torch.ones(5, 2, 3)),
        (lambda: rnncourse.GRU(3, 4, recurrent_dropout=0.5), torch.ones(5, 2, 3)),
        (lambda: rnncourse.LSTM(3, 4, dtype=torch.bfloat16), torch.ones(5, 2, 3).bfloat16()),
        (lambda: rnncourse.LSTM(3, 4), pack_sequence([torch.ones(5, 3), torch.ones(2, 3)])),
    ],
    ids=["projection", "reset before", "recurrent dropout", "bfloat16", "unequal lengths"],
)
def test_leaves_the_rest_to_python(layer, x, ran):
    names = " ".join(ran(layer(), x))
    assert "ThroughTimeBackward" in names
    assert "Native" not in names


def test_leaves_those_who_look_on_from_python_their_view(ran):
    layer, x = rnncourse.LSTM(3, 4), torch.ones(5, 2, 3)
    with FlopCounterMode(display=False) as counter:
        names = " ".join(ran(layer, x))
    assert "Native" not in names
    assert counter.get_total_flops() == 2 * 5 * 2 * 16 * (3 + 4)


def test_an_empty_batch_in_float32(name, ran):
    assert getattr(rnncourse, name)(3, 4)(torch.zeros(5, 0, 3))[0].shape == (5, 0, 4)


def test_nan_and_saturation_come_through(name):
    if name == "RNN":
        return
    layer, x = getattr(layers, name)(3, 40), torch.randn(6, 2, 3)
    x[2, 0, 1], x[2, 1, 1] = float("nan"), 1e4
    with torch.no_grad():
        out = layer(x)[0]
    assert out[:2].isfinite().all()
    assert out[2:, 0].isnan().all()
    assert out[:, 1].isfinite().all()


def test_without_a_compiler_one_line_says_so_and_the_layers_work(tmp_path):
    clean = {key: value for key, value in os.environ.items() if key not in ("CXX", "CC")}
    env = {**clean, "PATH": "/nowhere", "TORCH_EXTENSIONS_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", USE], env=env, capture_output=True, text=True)
    assert done.stdout == "False torch.Size([5, 2, 4])\n"
    lines = [line for line in done.stderr.splitlines() if line.startswith("rnncourse:")]
    assert len(lines) == 1
    assert lines[0].startswith("rnncourse: no native step loop: ")
