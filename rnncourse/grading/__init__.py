"""Grade submissions in an ordinary nbgrader course."""

from rnncourse.grading.errors import GradingError
from rnncourse.grading.grade import grade
from rnncourse.grading.results import table

__all__ = ["GradingError", "grade", "table"]
