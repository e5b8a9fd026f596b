"""What makes a release old and a grade stale."""

import os

import pytest

from rnncourse.grading.course import Course


@pytest.fixture
def small(tmp_path):
    """A course of one notebook, submitted by ada, and its release."""
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()")
    for folder in ("source", "release", "submitted/ada"):
        (tmp_path / folder / "ps").mkdir(parents=True)
        (tmp_path / folder / "ps/ps.ipynb").write_text("{}")
    course = Course(tmp_path, "ps")
    os.utime(course.source / "ps.ipynb", (1000, 1000))
    return course


def test_a_release_is_old_when_a_file_of_its_source_is_newer_or_when_it_is_missing(small):
    assert not small.release_is_old()
    (small.source / "table.csv").write_text("x")
    os.utime(small.source / "table.csv", (9e9, 9e9))
    assert small.release_is_old()
    (small.source / "table.csv").unlink()
    assert not small.release_is_old()
    (small.folder / "release/ps/ps.ipynb").unlink()
    assert small.release_is_old()


@pytest.mark.parametrize("name", ["submitted/ada/ps/ps.ipynb", "submitted/ada/ps/helper.py",
                                  "source/ps/ps.ipynb", "source/ps/table.csv"])  # fmt: skip
def test_a_fingerprint_changes_with_any_file_of_the_submission_and_the_source(small, name):
    before = small.fingerprint("ada")
    assert small.fingerprint("ada") == before
    (small.folder / name).write_text("changed")
    assert small.fingerprint("ada") != before
