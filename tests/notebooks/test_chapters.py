"""Every chapter runs, shows what it draws to those who cannot see it, and matches the package."""

import json
import re
from collections import Counter
from pathlib import Path

import nbformat
import papermill
import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").rglob("*.ipynb"))
MARK = re.compile(r"\((eq-[\w-]+)\)")  # at the end of a line of code
LABEL = re.compile(r"^(?:\$\$ \(|:label: )(eq-[\w-]+)", re.MULTILINE)
REFERENCE = re.compile(r"\{eq\}`(eq-[\w-]+)`")
SENTENCE = re.compile(r"[A-Z].{60,}\.", re.DOTALL)
PACKAGE_MARKS = {
    mark
    for source in (ROOT / "rnncourse" / "cells").glob("*.py")
    for mark in MARK.findall(source.read_text())
}


def name(path):
    return path.relative_to(ROOT / "book").with_suffix("").as_posix()


each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=name)


def cells_of(chapter, kind):
    return [cell for cell in json.loads(chapter.read_text())["cells"] if cell["cell_type"] == kind]


def prose_of(chapter):
    return "\n\n".join("".join(cell["source"]) for cell in cells_of(chapter, "markdown"))


def is_figure(output):
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def test_there_are_chapters():
    assert {"2-cells/lstm", "2-cells/gru"} <= set(map(name, CHAPTERS))


@each_chapter
def test_runs_and_describes_its_figures(chapter, tmp_path):
    executed = papermill.execute_notebook(
        chapter, tmp_path / chapter.name, {"quick": True}, progress_bar=False
    )
    drawn = [c for c in executed.cells if any(map(is_figure, c.get("outputs", [])))]
    assert drawn, "a chapter shows at least one figure"
    for cell in drawn:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert SENTENCE.fullmatch(alt), (
            f"cell {cell.id} draws a figure without a sentence of alt text"
        )


@each_chapter
def test_is_stored_without_outputs_and_with_names_for_its_cells(chapter):
    notebook = json.loads(chapter.read_text())
    nbformat.validate(notebook)  # ids are unique
    for cell in notebook["cells"]:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", cell["id"]), cell["id"]
        assert not re.fullmatch(r"[0-9a-f]{8}", cell["id"]), f"{cell['id']} was made by a machine"
        assert not cell.get("outputs"), cell["id"]
        assert cell.get("execution_count") is None, cell["id"]


@each_chapter
def test_cells_are_short(chapter):
    for cell in cells_of(chapter, "code"):
        assert len("".join(cell["source"]).splitlines()) <= 15, cell["id"]


def test_every_mark_in_the_package_is_the_label_of_one_equation():
    labels = Counter(label for chapter in CHAPTERS for label in LABEL.findall(prose_of(chapter)))
    assert {mark: labels[mark] for mark in PACKAGE_MARKS} == dict.fromkeys(PACKAGE_MARKS, 1)


def test_every_equation_is_used_and_every_use_has_an_equation():
    labels, used = set(), set(PACKAGE_MARKS)
    for chapter in CHAPTERS:
        prose = prose_of(chapter)
        labels.update(LABEL.findall(prose))
        used.update(REFERENCE.findall(prose))
        for cell in cells_of(chapter, "code"):
            used.update(MARK.findall("".join(cell["source"])))
    assert used == labels
