"""rnncourse check on files, and what the command line says when something is missing."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rnncourse.cli import main

SWAPPED = """
import numpy as np

def sigmoid(a):
    return 1 / (1 + np.exp(-a))

def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
    f, i, g, o = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    c = sigmoid(f) * c_prev + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
"""

RIGHT = SWAPPED.replace("f, i, g, o =", "i, f, g, o =") + "print('a word')\n"


def cell(source, **metadata):
    return {"cell_type": "code", "metadata": metadata, "source": source.splitlines(True)}


def notebook(*cells):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def test_right_file(file, capsys):
    assert main(["check", "lstm-step", file("a.py", RIGHT)]) == 0
    assert capsys.readouterr().out.startswith("lstm-step: 5 of 5 passed, 6 of 6 points\n")


def test_wrong_file_as_json(file, capsys):
    assert main(["check", "lstm-step", file("a.py", SWAPPED), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [
        "id", "passed", "score", "max_score", "items", "diagnosis", "message",
    ]  # fmt: skip
    assert found["diagnosis"] == "i-and-f-swapped"
    assert (found["passed"], found["score"], found["max_score"]) == (False, 0, 6)


def test_notebook_with_magic_failing_cells_checks_and_experiments(file, capsys):
    text = notebook(
        {"cell_type": "markdown", "metadata": {}, "source": "# a title"},
        cell("%matplotlib inline\nif True:\n    !pip list\nimport numpy as np"),
        cell("%%bash\nls | wc"),
        cell("1 / 0"),
        cell(SWAPPED),
        cell("lstm_step = None", nbgrader={"grade": True}),
        cell("lstm_step = None", tags=["experiment"]),
    )
    assert main(["check", "lstm-step", file("a.ipynb", text), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["diagnosis"] == "i-and-f-swapped"


def test_the_learners_line_is_shown(file, capsys):
    code = "# one\ndef lstm_step(x, *rest):\n    y = [v for v in x[0]]\n    return y[99], x\n"
    assert main(["check", "lstm-step", file("a.py", code)]) == 1
    out = capsys.readouterr().out
    assert "lstm_step raised IndexError: list index out of range\n" in out
    assert "In lstm_step, line 4: return y[99], x\nGiven: x (5, 2), h_prev (5, 3), " in out


def test_a_file_may_import_what_lies_beside_it(file, capsys):
    file("beside_it.py", SWAPPED)
    wrong = file("a.py", "from beside_it import lstm_step")
    assert main(["check", "lstm-step", wrong]) == 1
    assert "swapped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.py", "x = 1", "defines no lstm_step"),
        ("a.py", "def lstm_step(:", "defines no lstm_step: "),
        ("a.py", "import sys; sys.exit(2)", "raised SystemExit: 2"),
        ("a.ipynb", "{", "is no notebook (JSON with cells, nbformat 4): JSONDecodeError"),
        ("a.ipynb", "[]", "is no notebook (JSON with cells, nbformat 4): TypeError"),
        ("a.ipynb", notebook(cell("lstm_step")), "defines no lstm_step: a.ipynb cell 1 raised"),
    ],
)
def test_a_file_without_the_function_is_one_line_on_stderr(name, text, message, file, capsys):
    path = file(name, text)
    assert main(["check", "lstm-step", path]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith(f"rnncourse: {path} ")
    assert message in captured.err


def test_a_file_without_the_function_has_a_json_report_too(file, capsys):
    assert main(["check", "lstm-step", file("a.py", "lstm_stp = 1 / 0"), "--json"]) == 1
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["passed"], found["score"], found["max_score"]) == (False, 0, 6)
    assert found["diagnosis"] is None
    assert f"rnncourse: {found['message']}\n" == captured.err
    assert [item["passed"] for item in found["items"]] == [False] * 5


def test_a_file_that_does_not_end_is_stopped_and_its_function_is_checked(file, capsys):
    code = SWAPPED + "while True:\n    pass\n"
    assert main(["check", "lstm-step", file("a.py", code), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["diagnosis"] == "i-and-f-swapped"


def test_a_file_that_is_not_there(capsys):
    assert main(["check", "lstm-step", "nowhere.py"]) == 1
    assert capsys.readouterr().err.startswith("rnncourse: cannot read nowhere.py: ")


def test_a_reader_that_stops_reading_is_no_error(file):
    command = [sys.executable, "-m", "rnncourse", "check", "lstm-step", file("a.py", SWAPPED)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


def test_an_unknown_check(file, capsys):
    assert main(["check", "lstm-stop", file("a.py", RIGHT)]) == 1
    assert "Did you mean lstm-step?" in capsys.readouterr().err


def test_without_nbgrader_grade_says_what_to_install(monkeypatch, capsys):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "nbgrader" else real(name)
    )
    assert main(["grade", "ps2-lstm"]) == 1
    assert capsys.readouterr().err == (
        "rnncourse: grading needs nbgrader: pip install 'rnncourse[grading]'\n"
    )


def test_the_module_is_the_same_command(file):
    command = [sys.executable, "-m", "rnncourse", "check", "lstm-step", file("a.py", SWAPPED)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    script = Path(sys.executable).with_name("rnncourse")
    again = subprocess.run([script, *command[3:]], capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (1, done.stdout)
