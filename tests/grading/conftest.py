"""Courses to grade: copies of the exercises, and submissions written for one test."""

import shutil
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
RIGHT = ROOT / "exercises/demo/submitted/right/ps2-lstm/ps2-lstm.ipynb"


@pytest.fixture(scope="session")
def copy_exercises():
    """Copy the demo course, as a fresh clone has it, into a folder whose name is no plain word."""

    def copy(folder):
        root = folder / "my course (2026) a+b"
        shutil.copytree(ROOT / "exercises/source", root / "source")
        shutil.copytree(ROOT / "exercises/demo/submitted", root / "demo/submitted")
        for name in ("nbgrader_config.py", "demo/nbgrader_config.py"):
            shutil.copy(ROOT / "exercises" / name, root / name)
        return root / "demo"

    return copy


@pytest.fixture
def course(tmp_path, copy_exercises):
    """The demo course, without a submission."""
    course = copy_exercises(tmp_path)
    shutil.rmtree(course / "submitted")
    return course


@pytest.fixture
def submit(course):
    """Write a submission: the right one of the demo, after ``edit`` has changed its cells."""

    def write(student, edit=lambda cells: cells):
        notebook = nbformat.read(RIGHT, as_version=4)
        notebook.cells = edit(notebook.cells)
        folder = course / "submitted" / student / "ps2-lstm"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "ps2-lstm.ipynb")
        return folder

    return write
