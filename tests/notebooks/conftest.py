"""What the tests of the notebooks share: the notebooks as students get them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXERCISES = Path(__file__).resolve().parents[2] / "exercises"


@pytest.fixture(scope="session")
def releases(tmp_path_factory):
    """What nbgrader makes for the students, by name."""
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(EXERCISES / "source", course / "source")
    shutil.copy(EXERCISES / "nbgrader_config.py", course)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "ps*", "--no-db"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path.stem: path for path in (course / "release").glob("*/*.ipynb")}
