"""A small course with four submissions, graded with the exercises of the course above it."""

from pathlib import Path

c = get_config()  # noqa: F821  nbgrader gives it

load_subconfig("nbgrader_config.py", str(Path(__file__).resolve().parent.parent))  # noqa: F821

c.CourseDirectory.source_directory = "../source"
