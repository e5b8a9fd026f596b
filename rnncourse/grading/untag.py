"""Take the tags off graded cells, so that no tag can keep one from being run."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor


class UntagGraded(NbGraderPreprocessor):
    """Execute skips cells by tag, and nbgrader gives a graded cell without output full points."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.pop("tags", None)
        return cell, resources
