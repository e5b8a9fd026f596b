"""The release notebooks as files: what Colab and other readers open, and what nbgrader says."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

EXERCISES = Path(__file__).resolve().parents[2] / "exercises"
NAMES = sorted(folder.name for folder in (EXERCISES / "source").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_release_is_a_plain_notebook(name, releases):
    raw = json.loads(releases[name].read_text())
    notebook = nbformat.read(releases[name], as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)  # the newest that Colab reads
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.kernelspec.display_name == "Python 3"
    assert notebook.metadata.language_info == {"name": "python"}
    for cell in raw["cells"]:
        assert cell["cell_type"] in ("code", "markdown")
        assert "attachments" not in cell
        assert set(cell["metadata"]) <= {"tags", "nbgrader", "deletable", "editable"}
        assert set(cell["metadata"].get("tags", [])) <= {"remove-cell", "parameters", "experiment"}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_nbgrader_validates_right_answers_and_not_the_release(releases, tmp_path):
    shutil.copy(EXERCISES / "nbgrader_config.py", tmp_path)
    shutil.copy(EXERCISES / "source/ps1-rnn/ps1-rnn.ipynb", tmp_path / "answered.ipynb")
    shutil.copy(releases["ps1-rnn"], tmp_path / "released.ipynb")
    answered, released = (
        subprocess.run(
            [sys.executable, "-m", "nbgrader", "validate", name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("answered.ipynb", "released.ipynb")
    )
    assert answered.startswith("Success!")
    assert released.startswith("VALIDATION FAILED ON 5 CELL(S)!")
    assert "rnn-step: 0 of" in released
