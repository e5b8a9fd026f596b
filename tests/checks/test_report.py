"""The report as text, HTML and JSON, and in the notebook of a learner."""

import pickle
from html.parser import HTMLParser
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest
import right_answers
from right_answers import right_step

from rnncourse.checks import CheckFailed, report
from rnncourse.checks.report import MIMETYPE


def swapped(*arguments):
    return right_step(*arguments)[::-1]


def careless(*arguments):
    half = {np.dtype("float32"): np.float16}
    return [s.squeeze().astype(half.get(s.dtype, s.dtype)) for s in right_step(*arguments)]


def hostile(*arguments):
    raise ValueError("<script>alert(1)</script>")


def test_as_text():
    assert report("lstm-step", swapped).text().splitlines() == [
        "lstm-step: 0 of 5 passed, 0 of 6 points",
        "lstm_step: h, c differ (largest gap 1.2).",
        "Your numbers equal those of a cell that returns its two states the other way round, on "
        "every random draw.",
        "Ask: In which order does the signature promise h and c?",
        "Read: https://OWNER.github.io/rnncourse/book/2-cells/lstm.html#lstm-cell-state",
    ]


def test_as_text_where_some_items_pass():
    assert report("lstm-step", careless).text().splitlines() == [
        "lstm-step: 3 of 5 passed, 4 of 6 points",
        "  passed  random inputs",
        "  failed  a batch of one",
        "  failed  inputs in float32: h is float16 where the inputs are float32",
        "  passed  pre-activations of ±1000",
        "  passed  inputs left as they were",
        "",
        "lstm_step: h has shape (3,), expected (1, 3) = (B, H).",
        "Ask: Which line drops or mixes an axis of length 1?",
        "Read: https://OWNER.github.io/rnncourse/book/2-cells/lstm.html#lstm-cell-state",
    ]


def test_as_json():
    found = report("lstm-step", swapped)
    items = found.json()["items"]
    assert found.json() == {
        "id": "lstm-step",
        "passed": False,
        "score": 0,
        "max_score": 6,
        "items": items,
        "diagnosis": "h-and-c-swapped",
        "message": found.message,
    }
    assert items[0] == {"name": "random inputs", "passed": False, "points": 2}


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.seen = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_as_html_is_closed_escaped_and_without_scripts():
    text = report("lstm-step", hostile).html()
    assert "&lt;script&gt;" in text
    listed = report("lstm-step", careless).html()
    for tags in (Tags(text), Tags(listed)):
        assert tags.open == []
        assert "script" not in tags.seen
        assert {"p", "a"} <= tags.seen
    assert {"table", "caption", "th"} <= tags.seen
    assert listed.count('scope="row"') == 5


def test_the_exception_survives_pickling():
    error = CheckFailed(report("lstm-step", swapped))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


LEARNER = """
def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
    a = x @ W_x.T + h_prev @ W_h.T + b
    return a.T, a
"""


RIGHT = Path(right_answers.__file__).read_text()
WARNING = """
import sys, warnings

def warns(*arguments):
    np.exp(np.full(3, 1000.0))
    warnings.warn("are you sure?")
    print("a word", file=sys.stderr)
    return right_step(*arguments)

check("lstm-step", warns)
"""


@pytest.fixture(scope="module")
def notebook():
    """A learner's notebook after a run: a check that fails, one that passes."""
    sources = [
        "from rnncourse import check",
        LEARNER,
        'check("lstm-step", lstm_step)',
        RIGHT + WARNING,
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    nbclient.NotebookClient(made, allow_errors=True, kernel_name="python3").execute()
    nbformat.validate(made)
    return made


def test_in_a_notebook_the_traceback_is_the_report_and_nothing_else(notebook):
    namespace = {}
    exec(LEARNER, namespace)
    shown, error = notebook.cells[2].outputs
    assert error.output_type == "error"
    assert error.ename == "CheckFailed"
    text = report("lstm-step", namespace["lstm_step"]).text()
    assert "h has shape (12, 5), expected (5, 3) = (B, H)" in text
    assert "\n".join(error.traceback) == text[: text.index("\nRead: ")]
    assert error.evalue == text
    assert shown.data[MIMETYPE]["message"] in text


def test_in_a_notebook_the_report_is_html_and_json_and_nothing_goes_to_stderr(notebook):
    said, shown = notebook.cells[3].outputs
    assert said.name == "stdout"  # nbgrader gives no points to a cell that writes to stderr
    assert set(said.text.splitlines()) == {"a word"}
    assert shown.output_type == "display_data"
    assert shown.data[MIMETYPE] == report("lstm-step", right_step).json()
    assert shown.data["text/html"] == report("lstm-step", right_step).html()
