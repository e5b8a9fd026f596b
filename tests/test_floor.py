"""The wheel, in an empty environment with the oldest NumPy that is supported and without torch."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
USE = """
from right_answers import right_step
import sys
import numpy as np
from rnncourse import cells, check, tasks
from rnncourse.checks import bank, report
import rnncourse
rng = np.random.default_rng(0)
x, h, c, W_x, W_h, b = [rng.normal(size=s) for s in [(2, 3), (2, 4), (2, 4), (16, 3), (16, 4), 16]]
assert cells.lstm_step(x, h, c, W_x, W_h, b).h.shape == (2, 4)
check("lstm-step", right_step)
for found in bank.CHECKS.values():
    if "torch.nn" not in found.allows:
        mistake = found.mistakes[0]
        assert report(found.id, mistake.wrong).diagnosis == mistake.slug, found.id
assert tasks.writer().W_h.shape[1] == 192
assert "torch" not in sys.modules
try:
    rnncourse.GRU
except ModuleNotFoundError as error:
    print(np.__version__, error)
"""


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def empty_python(tmp_path):
    """An environment that holds our wheel and the oldest supported NumPy, nothing else."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "rnncourse", source / "rnncourse", ignore=shutil.ignore_patterns("__pycache__")
    )
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    (wheel,) = tmp_path.glob("*.whl")
    oldest = re.search(r'"numpy>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", f"numpy=={oldest}")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    return python, oldest


def test_cells_and_checks_work_on_the_oldest_numpy_without_torch(empty_python, tmp_path):
    python, oldest = empty_python
    shutil.copy(ROOT / "tests/checks/right_answers.py", tmp_path)
    printed = run(python, "-W", "error", "-c", USE, cwd=tmp_path)
    assert printed.splitlines()[-1] == f"{oldest}.0 No module named 'torch'"
    (installed,) = (tmp_path / "venv").glob("lib/python3.*/site-packages/rnncourse")
    assert (installed / "py.typed").is_file()
    assert (installed / "layers/native.cpp").is_file()
