"""The exercise notebooks: they run, and what students get holds no solution and says what to do."""

import re
from pathlib import Path

import nbclient
import nbformat
import papermill
import pytest

from rnncourse.checks.bank import CHECKS
from rnncourse.checks.declare import BOOK
from rnncourse.checks.report import MIMETYPE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "exercises/source").glob("*/*.ipynb"))
DEMO = sorted((ROOT / "exercises/demo/submitted").glob("*/*/*.ipynb"))
BY_NAME = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
BONUS = {"chrono-bias"}
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def source_of(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def rows_of(text):
    """Three lines in a row each, without comments, blank lines and indentation."""
    lines = [re.sub(r"\s+#.*", "", line.strip()) for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    return list(zip(lines, lines[1:], lines[2:], strict=False))


def graded(notebook):
    """The cells of the checks: a written answer is a solution and a person grades it."""
    marks = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    return [cell for cell, mark in marks if mark.get("grade") and not mark["solution"]]


def written(notebook):
    """The answers that a person grades."""
    marks = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    return [cell for cell, mark in marks if mark.get("grade") and mark["solution"]]


def solutions(notebook):
    answers = [cell.source for cell in written(notebook)]
    return [text for cell in notebook.cells for text in SOLUTION.findall(cell.source)] + answers


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
        assert report["score"] == report["max_score"]


@BY_NAME
def test_the_release_holds_no_line_of_a_solution(path, releases):
    source = nbformat.read(path, as_version=4)
    release = nbformat.read(releases[path.stem], as_version=4)
    texts = solutions(source)
    assert len(texts) >= len(graded(source))
    lines = {line.strip() for text in texts for line in text.splitlines()} - {""}
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
        assert cell.metadata.nbgrader["points"] == (0 if id in BONUS else CHECKS[id].points)
        assert cell.metadata.nbgrader["locked"]
    for cell in notebook.cells:
        ours = re.findall(r"^[ \t]*(?:from|import) .*\brnncourse\b.*", cell.source, re.MULTILINE)
        used = [line for line in ours if cell.cell_type == "code" and "find_spec" not in line]
        explores = "experiment" in cell.metadata.get("tags", [])
        assert set(used) <= {f"from rnncourse import {'tasks' if explores else 'check'}"}


def test_every_check_is_in_one_problem_set():
    asked = [cell.source for path in SOURCES for cell in graded(nbformat.read(path, as_version=4))]
    ids = [re.match(r'check\("([\w-]+)"', source)[1] for source in asked]
    assert sorted(ids) == sorted(CHECKS)


def test_two_sets_have_a_written_question():
    found = {path.stem for path in SOURCES if written(nbformat.read(path, as_version=4))}
    assert found == {"ps2-lstm", "ps7-comparison"}


@BY_NAME
def test_every_link_to_the_book_leads_to_a_section(path):
    linked = set(re.findall(re.escape(BOOK) + r"([\w/-]+)\.html(?:#([\w-]+))?", path.read_text()))
    assert linked
    for page, section in linked:
        chapter = ROOT / f"{page}.ipynb"
        assert chapter.is_file(), page
        assert f"- file: {page}\n" in (ROOT / "_toc.yml").read_text()
        labels = re.findall(r"^\(([\w-]+)\)=", source_of(chapter), re.MULTILINE)
        assert not section or section in labels, f"{page} has no section {section}"


@BY_NAME
def test_the_book_holds_no_solution(path):
    """No three lines of a solution stand in a row in a chapter."""
    rows = [
        triple for text in solutions(nbformat.read(path, as_version=4)) for triple in rows_of(text)
    ]
    for chapter in sorted((ROOT / "book").rglob("*.ipynb")):
        shared = set(rows) & set(rows_of(source_of(chapter)))
        assert not shared, f"{chapter.name} has {shared}"


@BY_NAME
def test_says_how_long_it_takes_and_what_to_read_first(path):
    text = source_of(path)
    for name in ("Time", "Difficulty", "You need", "Read first", "Points"):
        assert re.search(rf"^\| {name} \| .+ \|$", text, re.MULTILINE), name
    assert re.search(r"\bbets?\b", text, re.IGNORECASE), "a bet is placed before a measurement"
