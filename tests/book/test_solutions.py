"""The built book gives no solution away: no page, source, download or search index holds one."""

import html
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "exercises/source").glob("*/*.ipynb"))
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)
TEXT = {".html", ".ipynb", ".js", ".md", ".txt", ".json", ".py"}


def lines_of(text):
    """Lines without tags, escapes, comments, indentation and blank ones."""
    text = html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\\n", "\n").replace('\\"', '"')
    lines = [re.sub(r'",?$|\s+#.*|^"', "", line.strip()).strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def published(book):
    """Every three lines in a row, with the file that they stand in."""
    found = {}
    for path in (
        p for p in sorted(book.rglob("*")) if p.suffix in TEXT and "_static" not in p.parts
    ):
        lines = lines_of(path.read_text(encoding="utf-8", errors="replace"))
        found |= dict.fromkeys(zip(lines, lines[1:], lines[2:], strict=False), path.name)
    return found


def test_a_line_of_a_chapter_is_found(published):
    """So that the tests below can fail."""
    lines = lines_of("c = f * c_prev + i * g  # (eq-lstm-cell)\nh = o * np.tanh(c)\nreturn h, c")
    assert tuple(lines) in published


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_solution_is_published(source, published):
    cells = nbformat.read(source, as_version=4).cells
    written = [
        c
        for c in cells
        if c.metadata.get("nbgrader", {}).get("grade") and c.metadata.nbgrader.solution
    ]
    for text in [
        *(t for c in cells for t in SOLUTION.findall(c.source)),
        *(c.source for c in written),
    ]:
        lines = lines_of(text)
        for three in zip(lines, lines[1:], lines[2:], strict=False):
            assert three not in published, f"{published.get(three)} holds {three}"
