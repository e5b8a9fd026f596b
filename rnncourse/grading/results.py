"""Read the results of grading back: scores from the gradebook, reports from the notebooks."""

import json
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from rnncourse.checks.report import MIMETYPE
from rnncourse.grading.course import Course

Result = dict[str, Any]


def read(course: Course, student: str) -> Result:
    """Return the result of a graded submission."""
    with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
        submission = gradebook.find_submission(course.assignment, student)
        score, max_score = submission.score, submission.max_score
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        waiting = sum(grade.max_score for grade in grades if grade.needs_manual_grade)
    return {
        "student": student,
        "score": score,
        "max_score": max_score,
        "status": "graded",
        "reason": _waits(waiting),
        "diagnoses": diagnoses(course.autograded(student)),
    }


def failure(course: Course, student: str, reason: str) -> Result:
    """Return the result of a submission that could not be graded, and give it no points.

    A score that an earlier submission earned, by hand or not, does not stand for this one.
    """
    shutil.rmtree(course.autograded(student), ignore_errors=True)
    with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(course.assignment, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
                grade.manual_score = grade.extra_credit = None
        gradebook.db.commit()
        max_score = submission.max_score
    return {
        "student": student,
        "score": 0.0,
        "max_score": max_score,
        "status": "failed",
        "reason": reason,
        "diagnoses": [],
    }


def diagnoses(autograded: Path) -> list[str]:
    """Return "check: what was recognised" for every check that failed, in order."""
    found = []
    for path in sorted(autograded.glob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade"):
                found += [said for out in cell.get("outputs", []) if (said := _diagnosis(out))]
    return found


def table(results: list[Result]) -> str:
    """Lay the results out for a terminal: who, how many points, what was recognised or waits."""
    rows = [("student", "points", "recognised")]
    for result in results:
        points = f"{result['score']:g} of {result['max_score']:g}"
        if result["status"] == "failed":
            points = "failed"
        notes = _grouped(result["diagnoses"])
        if result["status"] == "graded" and result["reason"]:
            notes.append(result["reason"])
        first, *more = notes or [""]
        rows += [(result["student"], points, first), *(("", "", said) for said in more)]
    wide, wider = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{a:{wide}}  {b:>{wider}}  {c}".rstrip() for a, b, c in rows)


def _waits(points: float) -> str | None:
    """Say how many points of written answers count 0 until somebody has read them."""
    if not points:
        return None
    return f"{points:g} {'point waits' if points == 1 else 'points wait'} for a person"


def _diagnosis(output: dict[str, Any]) -> str | None:
    report = output.get("data", {}).get(MIMETYPE)
    if not isinstance(report, dict) or report.get("passed"):
        return None
    check = str(report.get("id"))
    said = str(report.get("message")).partition("\n")[0].rstrip(".")
    said = re.sub(rf"^{re.escape(check.replace('-', '_'))}:? ", "", said)
    return f"{check}: {report.get('diagnosis') or said}"


def _grouped(diagnoses: list[str]) -> list[str]:
    """Say once what was recognised in several checks."""
    checks: dict[str, list[str]] = {}
    for diagnosis in diagnoses:
        check, _, said = diagnosis.partition(": ")
        checks.setdefault(said, []).append(check)
    return [f"{', '.join(c)}: {textwrap.shorten(said, 90)}" for said, c in checks.items()]
