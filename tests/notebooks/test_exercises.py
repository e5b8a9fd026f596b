"""The exercise notebooks: they run, and what students get holds no solution and says what to do."""

import re
from pathlib import Path

import nbclient
import nbformat
import papermill
import pytest

from rnncourse.checks.bank import CHECKS
from rnncourse.checks.report import MIMETYPE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "exercises/source").glob("*/*.ipynb"))
DEMO = sorted((ROOT / "exercises/demo/submitted").glob("*/*/*.ipynb"))
BY_NAME = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def graded(notebook):
    """The cells of the checks: a written answer is a solution and a person grades it."""
    marks = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    return [cell for cell, mark in marks if mark.get("grade") and not mark["solution"]]


def source_lines(notebook):
    return [line.strip() for cell in notebook.cells for line in cell.source.splitlines()]


@BY_NAME
def test_the_instructors_notebook_runs_and_earns_full_marks(path, tmp_path):
    done = tmp_path / path.name
    papermill.execute_notebook(path, done, {"quick": True}, progress_bar=False)
    notebook = nbformat.read(done, as_version=4)
    nbformat.validate(notebook)
    for cell in graded(notebook):
        (shown,) = cell.outputs
        report = shown.data[MIMETYPE]
        assert report["passed"]
        assert report["score"] == cell.metadata.nbgrader["points"]


@BY_NAME
def test_the_release_holds_no_line_of_a_solution(path, releases):
    source = nbformat.read(path, as_version=4)
    release = nbformat.read(releases[path.stem], as_version=4)
    solutions = [text for cell in source.cells for text in SOLUTION.findall(cell.source)]
    assert len(solutions) >= len(graded(source))
    lines = {line.strip() for text in solutions for line in text.splitlines()} - {""}
    assert lines <= set(source_lines(source))
    assert lines & set(source_lines(release)) == set()
    text = releases[path.stem].read_text()
    assert "SOLUTION" not in text
    assert all(line not in text for line in lines if len(line) > 15)


@BY_NAME
def test_the_release_fails_its_checks_and_says_what_is_not_written(path, releases, tmp_path):
    notebook = nbformat.read(releases[path.stem], as_version=4)
    nbclient.NotebookClient(
        notebook, allow_errors=True, kernel_name="python3", skip_cells_with_tag="experiment"
    ).execute(cwd=str(tmp_path))
    for cell in graded(notebook):
        *_, error = cell.outputs
        name = re.search(r", (\w+)\)", cell.source)[1]
        assert error.ename == "CheckFailed"
        assert f"{name} is not written yet." in error.evalue.splitlines()
        assert cell.outputs[0].data[MIMETYPE]["score"] == 0


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.parts[-3])
def test_a_demo_submission_was_written_into_the_release(path, releases):
    submission = nbformat.read(path, as_version=4)
    release = nbformat.read(releases[path.stem], as_version=4)
    nbformat.validate(submission)
    assert [cell.id for cell in submission.cells] == [cell.id for cell in release.cells]
    assert graded(submission) == graded(release)


@BY_NAME
def test_points_are_those_of_the_checks_and_only_check_is_used(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in graded(notebook):
        id, name = re.fullmatch(r'check\("([\w-]+)", (\w+)\)', cell.source).groups()
        assert name == CHECKS[id].function_name
        assert cell.metadata.nbgrader["points"] == CHECKS[id].points
        assert cell.metadata.nbgrader["locked"]
    lines = [
        line for line in source_lines(notebook) if re.match(r"(from|import) .*rnncourse", line)
    ]
    assert [line for line in lines if "find_spec" not in line] == ["from rnncourse import check"]
