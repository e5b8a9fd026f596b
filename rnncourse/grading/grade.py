"""Grade an assignment: whatever was not graded yet, each submission through nbgrader."""

import contextlib
import glob
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
import sqlalchemy.exc
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from rnncourse.grading import results
from rnncourse.grading.course import Course
from rnncourse.grading.environment import first_in
from rnncourse.grading.errors import GradingError
from rnncourse.grading.results import Result
from rnncourse.grading.sandbox import require_bwrap, sandboxed

STAMP = "rnncourse"  # in an autograded notebook's metadata: the fingerprint of what was graded


def grade(
    assignment: str, folder: Path, sandbox: str = "bwrap", regrade: bool = False
) -> list[Result]:
    """Grade every submission that is new or changed, or all with ``regrade``.

    Returns one result for each submission. Raises GradingError before anything is written where
    the course, the assignment, the submissions or the sandbox are missing.
    """
    course = Course(folder, assignment)
    students = course.students()
    if sandbox == "bwrap":
        require_bwrap()
    else:
        print("rnncourse: warning: no sandbox, submissions can do all you can", file=sys.stderr)
    course.require_writable()
    # nbgrader starts alembic by name, which an environment that is not activated does not find
    path = first_in("PATH", str(Path(sys.executable).parent))
    try:
        with path, _quiet_nbgrader() as log:
            _release(course, log)
            graded: list[Result] = []
            for student in students:
                if sys.stderr.isatty():
                    print(f"{len(graded)} of {len(students)} graded", end="\r", file=sys.stderr)
                graded.append(_grade_one(course, student, sandbox, regrade, log))
            return graded
    except sqlalchemy.exc.SQLAlchemyError as error:
        said = str(error).splitlines()[0]
        raise GradingError(f"the gradebook {course.directory.db_url}: {said}") from None


def _release(course: Course, log: list[str]) -> None:
    """Make the release and the gradebook's entry where they are missing or old."""
    with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
        try:
            gradebook.find_assignment(course.assignment)
        except MissingEntry:
            pass
        else:
            if not course.release_is_old():
                return
    try:
        GenerateAssignment(coursedir=course.directory, config=course.config, force=True).start()
    except NbGraderException as error:
        raise GradingError(f"{course.assignment}: no release: {_reason(log, error)}") from None


def _grade_one(course: Course, student: str, sandbox: str, regrade: bool, log: list[str]) -> Result:
    fingerprint = course.fingerprint(student)
    if not regrade and _stamp(course, student) == fingerprint:
        with contextlib.suppress(MissingEntry):  # the gradebook was taken away since
            return results.read(course, student)
    if reason := _unreadable(course, student):
        return results.failure(course, student, reason)
    log.clear()
    here = contextlib.nullcontext(Config())
    with sandboxed(course.submission(student)) if sandbox == "bwrap" else here as settings:
        config = Config(course.config)
        config.merge(settings)
        directory = CourseDirectory(
            config=config,
            root=str(course.folder),
            assignment_id=course.assignment,
            student_id=student,
        )
        try:
            Autograde(coursedir=directory, config=config, force=True).start()
        except NbGraderException as error:
            return results.failure(course, student, _reason(log, error))
    _write_stamp(course, student, fingerprint)
    return results.read(course, student)


def _reason(log: list[str], error: Exception) -> str:
    """Take the exception that nbgrader met out of the traceback that it logs."""
    met = [said for said in log if said.startswith("Traceback")]
    return met[0].strip().splitlines()[-1] if met else next(iter(log), str(error))


def _unreadable(course: Course, student: str) -> str | None:
    """Say why a submission holds no notebook to grade, or None."""
    if glob.has_magic(student):
        return "nbgrader cannot read a folder whose name holds *, ? or ["
    folder = course.submission(student)
    present = [name for name in course.notebooks if (folder / name).is_file()]
    if not present:
        return f"there is no {' or '.join(course.notebooks)} in {folder}"
    for name in present:
        try:
            nbformat.read(folder / name, as_version=4)
        except Exception as error:
            said = str(error).splitlines()[0][:100]
            return f"{name} is no notebook: {type(error).__name__}: {said}"
    return None


def _stamp(course: Course, student: str) -> str | None:
    """Return the fingerprint of what was graded last, or None."""
    stamps = set()
    for name in course.notebooks:
        try:
            notebook = json.loads((course.autograded(student) / name).read_text())
            stamps.add(notebook["metadata"][STAMP])
        except (OSError, ValueError, KeyError):
            return None
    return stamps.pop() if len(stamps) == 1 else None


def _write_stamp(course: Course, student: str, fingerprint: str) -> None:
    for path in course.autograded(student).glob("*.ipynb"):
        notebook = json.loads(path.read_text())
        notebook["metadata"][STAMP] = fingerprint
        new = path.with_suffix(".new")
        new.write_text(json.dumps(notebook, indent=1) + "\n")
        new.chmod(path.stat().st_mode)
        os.replace(new, path)


@contextlib.contextmanager
def _quiet_nbgrader() -> Iterator[list[str]]:
    """Keep nbgrader's log off the terminal; give the errors in it, newest last."""
    errors: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(record.getMessage())

    log, handler = logging.getLogger("traitlets"), Collect(logging.ERROR)
    before = log.propagate, log.handlers[:]
    log.propagate, log.handlers = False, [handler]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about nbgrader's code, not the course
            yield errors
    finally:
        log.propagate, log.handlers = before
