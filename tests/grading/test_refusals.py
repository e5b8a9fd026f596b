"""What grading says when it cannot start: one line, a non-zero exit, nothing written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnncourse.cli import main

RNNCOURSE = Path(sys.executable).with_name("rnncourse")
NEEDS_BWRAP = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is missing: apt-get install bubblewrap"
)


def tree(folder):
    return sorted(folder.rglob("*"))


@pytest.fixture
def refused(course, capfd):
    """Run a command that must refuse in one line and write nothing; return the line."""

    def run_it(folder=course, assignment="ps2-lstm"):
        before = tree(course.parent)
        assert main(["grade", assignment, "--course", str(folder)]) == 1
        assert tree(course.parent) == before
        captured = capfd.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        return line.removeprefix("rnncourse: ")

    return run_it


def test_an_unknown_assignment_lists_the_known_ones(course, refused):
    line = refused(assignment="ps9-gru")
    assert line.startswith("there is no assignment 'ps9-gru' in ")
    known = sorted(path.name for path in (course.parent / "source").iterdir())
    assert "ps2-lstm" in known
    assert line.endswith(f"/source; there are: {', '.join(known)}")


def test_a_folder_that_is_no_course(course, refused):
    nowhere = course / "nowhere"
    assert refused(nowhere) == f"{nowhere} is no nbgrader course: it has no nbgrader_config.py"


def test_a_folder_that_nbgrader_would_read_as_a_pattern(course, refused):
    strange = course / "a[b]"
    strange.mkdir()
    shutil.copy(course / "nbgrader_config.py", strange)
    assert refused(strange) == f"nbgrader cannot work in {strange}: rename what holds *, ? or ["


def test_a_config_that_fails(course, refused):
    (course / "nbgrader_config.py").write_text("c.x = 1 / 0")
    line = refused()
    assert line.endswith("nbgrader_config.py cannot be read: ZeroDivisionError: division by zero")


@pytest.mark.parametrize("folders", ["", "submitted", "submitted/ada"])
def test_no_submissions(folders, course, refused):
    (course / folders).mkdir(parents=True, exist_ok=True)
    assert refused() == f"no submissions for ps2-lstm in {course / 'submitted'}"


def test_without_bubblewrap_it_says_what_to_install(course, submit, refused, monkeypatch):
    submit("ada")
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused() == (
        "bubblewrap is missing: apt-get install bubblewrap, or use --sandbox none for "
        "submissions that you trust"
    )


def test_a_sandbox_that_cannot_be_made(course, submit, refused, monkeypatch, tmp_path):
    submit("ada")
    fake = tmp_path / "bin/bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho bwrap: setting up uid map: Permission denied >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/bin")
    assert refused() == (
        "nothing can run in bubblewrap here (bwrap: setting up uid map: Permission denied); "
        "use --sandbox none for submissions that you trust"
    )


@NEEDS_BWRAP
def test_a_corrupt_gradebook_is_left_as_it_is(course, submit, refused):
    submit("ada")
    (course / "gradebook.db").write_text("no database " * 100)
    line = refused()
    assert "gradebook.db: " in line
    assert (course / "gradebook.db").read_text() == "no database " * 100


@NEEDS_BWRAP
def test_a_course_that_cannot_be_written(course, submit):
    submit("ada")
    read_only = ["bwrap", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    command = [*read_only, RNNCOURSE, "grade", "ps2-lstm", "--course", course]
    before = tree(course)
    done = subprocess.run([*command, "--sandbox", "none"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"rnncourse: cannot write into {course}: Read-only file system"
    )
    assert tree(course) == before
