"""Grading through the real command line, nbgrader and kernels: the demo, and what can go wrong."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from rnncourse.cli import main

ROOT = Path(__file__).resolve().parents[2]
RNNCOURSE = Path(sys.executable).with_name("rnncourse")
NBGRADER = Path(sys.executable).with_name("nbgrader")
NEEDS_BWRAP = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is missing: apt-get install bubblewrap"
)
# what each demo submission must get, why, and what a person has still to read
WAITS = "4 points wait for a person"
NOT_WRITTEN = "is not written yet"
DEMO = {
    "blank": (0, None, [f"lstm-step: {NOT_WRITTEN}", f"lstm-forward: {NOT_WRITTEN}",
                        f"lstm-step-backward: {NOT_WRITTEN}", f"lstm-backward: {NOT_WRITTEN}"]),
    "gates-swapped": (8, WAITS, ["lstm-step: i-and-f-swapped", "lstm-forward: i-and-f-swapped",
                                 "lstm-backward: states-of-i-and-f-swapped"]),
    "raises": (6, None, ["lstm-forward: raised IndexError: index 4 is out of bounds for axis 0 "
                         "with size 4",
                         "lstm-step-backward: raised ValueError: matmul: Input operand 1 has a "
                         "mismatch in its core dimension 0, with gufunc signature "
                         "(n?,k),(k,m?)->(n?,m?) (size 12 is different from 3)",
                         f"lstm-backward: {NOT_WRITTEN}"]),
    "right": (30, WAITS, []),
}  # fmt: skip


def run(*arguments, path="/usr/local/bin:/usr/bin:/bin"):
    """Run a command as the Makefile does, without an activated environment."""
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, env=environment
    )


def grade(course, *options):
    return run(RNNCOURSE, "grade", "ps2-lstm", "--course", course, *options)


def assert_demo_scores(submissions, students=tuple(DEMO)):
    assert tuple(s["student"] for s in submissions) == students
    for submission in submissions:
        score, reason, diagnoses = DEMO[submission["student"]]
        assert submission == {
            "student": submission["student"],
            "score": score,
            "max_score": 34,
            "status": "graded",
            "reason": reason,
            "diagnoses": diagnoses,
        }


def times(course):
    return {path: path.stat().st_mtime_ns for path in course.glob("autograded/*/*/*.ipynb")}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, copy_exercises):
    """The demo, graded once in the sandbox: its folder, and what the command printed."""
    course = copy_exercises(tmp_path_factory.mktemp("grading"))
    done = grade(course, "--json")
    assert done.returncode == 0, done.stderr
    return course, done


def gradebook_scores(course):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "rnncourse") as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions("ps2-lstm")}


@NEEDS_BWRAP
def test_the_demo_gets_its_scores(graded):
    course, done = graded
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["assignment"] == "ps2-lstm"
    assert_demo_scores(result["submissions"])
    assert gradebook_scores(course) == {s: score for s, (score, *_) in DEMO.items()}


def test_without_a_sandbox_it_warns_and_gives_the_same_scores(tmp_path, copy_exercises, capsys):
    course = copy_exercises(tmp_path)
    for student in ("blank", "right"):
        shutil.rmtree(course / "submitted" / student)
    command = ["grade", "ps2-lstm", "--course", str(course), "--sandbox", "none", "--json"]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "rnncourse: warning: no sandbox" in captured.err
    assert_demo_scores(json.loads(captured.out)["submissions"], ("gates-swapped", "raises"))


@NEEDS_BWRAP
def test_a_second_run_grades_nothing_and_says_the_same_and_a_change_is_graded(graded, capsys):
    course, _ = graded
    command = ["grade", "ps2-lstm", "--course", str(course)]
    before = times(course)
    assert main(command) == 0
    assert times(course) == before
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "student          points  recognised"
    assert last == f"right          30 of 34  {WAITS}"
    blank = course / "submitted/blank/ps2-lstm/ps2-lstm.ipynb"
    right = blank.read_bytes()
    shutil.copy(course / "submitted/right/ps2-lstm/ps2-lstm.ipynb", blank)
    os.utime(blank, (0, 0))  # what counts is what it holds, not when it was written
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"blank          30 of 34  {WAITS}"
    changed = {path.parts[-3] for path, time in times(course).items() if time != before[path]}
    assert changed == {"blank"}
    blank.write_bytes(right)
    assert main(command) == 0
    assert gradebook_scores(course)["blank"] == 0


@NEEDS_BWRAP
def test_a_gradebook_that_was_taken_away_is_filled_again(course, submit, capsys):
    submit("Ada")
    command = ["grade", "ps2-lstm", "--course", str(course), "--sandbox", "none"]
    assert main(command) == 0
    (course / "gradebook.db").unlink()
    capsys.readouterr()
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [f"Ada      30 of 34  {WAITS}"]
    assert gradebook_scores(course) == {"Ada": 30}


def grade_by_hand(course, student, points):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "rnncourse") as gradebook:
        grade = gradebook.find_grade("written-answer", "ps2-lstm", "ps2-lstm", student)
        assert grade.needs_manual_grade
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_a_written_answer_waits_until_a_person_has_read_it(course, submit, capsys):
    folder = submit("Ada")
    command = ["grade", "ps2-lstm", "--course", str(course), "--sandbox", "none", "--json"]

    def graded_again():
        assert main(command) in (0, 1)
        (result,) = json.loads(capsys.readouterr().out)["submissions"]
        return result["score"], result["status"], result["reason"]

    assert graded_again() == (30, "graded", WAITS)
    grade_by_hand(course, "Ada", 3)
    assert graded_again() == (33, "graded", None)
    path = folder / "ps2-lstm.ipynb"
    path.write_text(path.read_text().replace("last line of the loop", "last line"))
    assert graded_again() == (33, "graded", WAITS)  # another text: the person looks again
    path.write_text("{")
    score, status, _ = graded_again()
    assert (score, status) == (0, "failed")
    assert gradebook_scores(course) == {"Ada": 0}


def test_generate_feedback_works_afterwards(graded):
    course, _ = graded
    options = ["--course-dir", course, "--student", "gates-swapped"]
    done = run(NBGRADER, "generate_feedback", "ps2-lstm", *options)
    assert done.returncode == 0, done.stderr
    (page,) = course.glob("feedback/gates-swapped/ps2-lstm/*.html")
    text = page.read_text()
    assert "Your numbers equal those of a cell whose input and forget gates are swapped" in text
    assert "(Score: 8.0 / 34.0)" in text


@NEEDS_BWRAP
def test_plain_nbgrader_autograde_gives_the_same_scores(graded):
    course, _ = graded
    shutil.rmtree(course / "autograded/raises")
    options = ["--course-dir", course, "--student", "raises"]
    done = run(NBGRADER, "autograde", "ps2-lstm", *options)
    assert done.returncode == 0, done.stderr
    assert gradebook_scores(course)["raises"] == 6


def without_graded_cells(cells):
    return [cell for cell in cells if not cell.metadata.get("nbgrader", {}).get("grade")]


def blank_and_tagged(cells):
    """Nothing written, and tags that keep the graded cells from being run."""
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = ""
        cell.metadata.tags = ["experiment", "skip-execution"]
    return cells


def code(source):
    return lambda cells: [*cells[:2], nbformat.v4.new_code_cell(source), *cells[2:]]


def test_a_bad_submission_fails_alone_and_keeps_no_old_score(course, submit, capsys):
    submit("Zoë", without_graded_cells)
    submit("[a]")
    submit("tagged", blank_and_tagged)
    submit("dies", code("import os; os._exit(1)"))
    broken = submit("broken")
    submit("empty").joinpath("ps2-lstm.ipynb").unlink()
    command = ["grade", "ps2-lstm", "--course", str(course), "--sandbox", "none", "--json"]
    assert main(command) == 1
    first = json.loads(capsys.readouterr().out)["submissions"]
    assert {s["student"]: (s["score"], s["max_score"], s["status"]) for s in first} == {
        "Zoë": (30, 34, "graded"),
        "[a]": (0, 34, "failed"),
        "broken": (30, 34, "graded"),
        "dies": (0, 34, "failed"),
        "empty": (0, 34, "failed"),
        "tagged": (0, 34, "graded"),
    }
    (broken / "ps2-lstm.ipynb").write_bytes(b"{ \xff")
    assert main(command) == 1
    captured = capsys.readouterr()
    second = {s["student"]: s for s in json.loads(captured.out)["submissions"]}
    assert second["broken"]["score"] == 0
    assert second["broken"]["reason"].startswith("ps2-lstm.ipynb is no notebook: ")
    assert second["dies"]["reason"] == "nbclient.exceptions.DeadKernelError: Kernel died"
    assert second["[a]"]["reason"].startswith("nbgrader cannot read a folder whose name holds")
    assert second["empty"]["reason"].startswith("there is no ps2-lstm.ipynb in ")
    assert "rnncourse: broken could not be graded: ps2-lstm.ipynb is no notebook" in captured.err
    assert {path.parts[-3] for path in times(course)} == {"Zoë", "tagged"}
    assert gradebook_scores(course)["broken"] == 0


PROBE = """
import json, os, socket
from pathlib import Path

def works(attempt):
    try:
        return bool(attempt())
    except Exception:
        return False

print(json.dumps({{
    "reads the gradebook": works(lambda: Path({course!r}, "gradebook.db").read_bytes()),
    "reads the solution": works(lambda: list(Path({course!r}).parent.rglob("*.ipynb"))),
    "reads its own helper": works(lambda: __import__("helper").ANSWER == 42),
    "follows a link": works(lambda: Path("link").read_bytes()),
    "writes here": works(lambda: Path("new").write_text("x")),
    "writes to /usr": works(lambda: Path("/usr/x").write_text("x")),
    "writes to python": works(lambda: Path(os.__file__).with_name("x.py").write_text("x")),
    "has a network": works(lambda: [n for _, n in socket.if_nameindex() if n != "lo"]),
    "sees processes": works(lambda: [p for p in os.listdir("/proc") if p.isdigit()][8:]),
    "sees a secret": "RNNCOURSE_SECRET" in os.environ,
}}))
os.system("echo to the terminal >/proc/1/fd/1")
"""


@NEEDS_BWRAP
def test_in_the_sandbox_there_is_the_submission_and_nothing_else(course, submit, monkeypatch):
    folder = submit("curious", code(PROBE.format(course=str(course))))
    (folder / "helper.py").write_text("ANSWER = 42")
    (folder / "link").symlink_to(course / "nbgrader_config.py")
    monkeypatch.setenv("RNNCOURSE_SECRET", "7")
    done = grade(course, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["submissions"][0]["score"] == 30
    (path,) = times(course)
    cells = nbformat.read(path, as_version=4).cells
    outputs = next(cell for cell in cells if "works(" in cell.source).outputs
    (printed,) = [output.text for output in outputs if output.get("name") == "stdout"]
    seen = json.loads(printed.splitlines()[0])
    assert {what for what, is_so in seen.items() if is_so} == {
        "reads its own helper",
        "writes here",
    }
    assert not (folder / "new").exists()
    before = times(course)
    assert grade(course, "--regrade").returncode == 0
    assert times(course)[path] > before[path]
