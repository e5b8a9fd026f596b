"""The trained writer: what is stored, where it comes from, and that it has learned its text."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import rnncourse
from rnncourse.tasks import writer

FOLDER = Path(rnncourse.__file__).parent / "tasks"
PROVENANCE = json.loads((FOLDER / "writer.json").read_text())
LINES = """KING RICHARD III:
A horse! a horse! my kingdom for a horse!

First Citizen:
We are accounted poor citizens, the patricians good.
"""


def bits(text, model, order=(0, 1, 2, 3)):
    """Bits per character of torch.nn.LSTM with these weights, the rows' blocks in this order."""
    characters, hidden = len(model.alphabet), model.W_h.shape[1]
    lstm = torch.nn.LSTM(characters, hidden)
    blocks = [np.concatenate([np.split(p, 4)[k] for k in order]) for p in model[1:4]]
    numbers = torch.tensor([model.alphabet.index(character) for character in text])
    with torch.no_grad():
        stored = (*blocks, np.zeros_like(model.b))
        for parameter, value in zip(lstm.parameters(), stored, strict=True):
            parameter.copy_(torch.from_numpy(value))
        hs, _ = lstm(torch.nn.functional.one_hot(numbers[:-1], characters).float())
        scores = hs @ torch.from_numpy(model.W_out).T + torch.from_numpy(model.b_out)
        return torch.nn.functional.cross_entropy(scores, numbers[1:]).item() / np.log(2)


def test_the_arrays_fit_each_other():
    model = writer()
    characters, hidden = len(model.alphabet), model.W_h.shape[1]
    assert list(model.alphabet) == sorted(set(model.alphabet))
    assert set(LINES) <= set(model.alphabet)
    assert [array.shape for array in model[1:]] == [
        (4 * hidden, characters),
        (4 * hidden, hidden),
        (4 * hidden,),
        (characters, hidden),
        (characters,),
    ]
    assert {array.dtype for array in model[1:]} == {np.dtype(np.float32)}
    assert all(np.isfinite(array).all() for array in model[1:])


def test_it_has_learned_to_spell_and_only_in_its_own_order_of_gates():
    model = writer()
    assert bits(LINES, model) < 3
    swapped = bits(LINES, model, order=(1, 0, 2, 3))
    assert swapped > np.log2(len(model.alphabet)) / 2  # i and f swapped: no text comes of it
    assert swapped > bits(LINES, model) + 1


def test_the_stored_file_is_small_and_the_one_whose_origin_is_written_down():
    stored = FOLDER / "writer.npz"
    assert stored.stat().st_size <= 500_000
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == PROVENANCE["sha256"]
    assert PROVENANCE["data"]["licence"].startswith("MIT")
    assert len(PROVENANCE["data"]["commit"]) == 40


def test_the_written_down_bits_are_those_of_the_validation_text():
    path = Path(os.environ.get("RNNCOURSE_DATA", ""), "tinyshakespeare/input.txt")
    if not path.is_file():
        pytest.skip(f"there is no {path}; RNNCOURSE_DATA names the folder of the data")
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == PROVENANCE["data"]["sha256"]
    text = data.decode()
    valid = text[len(text) * 90 // 100 : len(text) * 95 // 100]
    # in one piece here, in sixteen there: the few characters after each start cost a little more
    assert abs(bits(valid, writer()) - PROVENANCE["validation_bits_per_character"]) < 0.01


def test_numpy_alone_is_enough():
    code = "import sys; sys.modules['torch'] = None; from rnncourse import tasks; tasks.writer()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (None, "RNNCOURSE_DATA is not set"),
        ("nowhere", "there is no "),
        ("other", "expected 86c4e6aa"),
    ],
)
def test_without_its_text_training_stops_with_one_line(folder, said, tmp_path):
    (tmp_path / "other/tinyshakespeare").mkdir(parents=True)
    (tmp_path / "other/tinyshakespeare/input.txt").write_text("To be")
    environment = {name: value for name, value in os.environ.items() if name != "RNNCOURSE_DATA"}
    if folder:
        environment["RNNCOURSE_DATA"] = str(tmp_path / folder)
    script = Path(__file__).resolve().parents[2] / "tools/train_writer.py"
    command = [sys.executable, script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert said in line
