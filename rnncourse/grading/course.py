"""An nbgrader course on disk: its configuration, assignments and submissions."""

import glob
import hashlib
import os
import tempfile
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from rnncourse.grading.errors import GradingError

CONFIG = "nbgrader_config.py"


class Course:
    """A course folder and one assignment in it. Raises GradingError where either is not there."""

    def __init__(self, folder: Path, assignment: str) -> None:
        self.folder = folder.resolve()
        self.assignment = assignment
        if not (self.folder / CONFIG).is_file():
            raise GradingError(f"{folder} is no nbgrader course: it has no {CONFIG}")
        if glob.has_magic(str(self.folder)):
            raise GradingError(
                f"nbgrader cannot work in {self.folder}: rename what holds *, ? or ["
            )
        self.config = _read_config(self.folder)
        self.directory = CourseDirectory(
            config=self.config, root=str(self.folder), assignment_id=assignment
        )
        self.source = self._path(self.directory.source_directory)
        known = sorted(path.name for path in self.source.parent.glob("*") if path.is_dir())
        if assignment not in known:
            raise GradingError(
                f"there is no assignment {assignment!r} in {self.source.parent}; "
                f"there are: {', '.join(known) or 'none'}"
            )
        self.notebooks = sorted(path.name for path in self.source.glob("*.ipynb"))

    def students(self) -> list[str]:
        """Return who submitted. Raises GradingError where nobody did."""
        submitted = self.folder / self.directory.submitted_directory
        found = sorted(p.parent.name for p in submitted.glob(f"*/{self.assignment}") if p.is_dir())
        if not found:
            raise GradingError(f"no submissions for {self.assignment} in {submitted}")
        return found

    def submission(self, student: str) -> Path:
        return self._path(self.directory.submitted_directory, student)

    def autograded(self, student: str) -> Path:
        return self._path(self.directory.autograded_directory, student)

    def release_is_old(self) -> bool:
        """Say whether the release is missing, or older than a file of the source."""
        made = [self._path(self.directory.release_directory) / name for name in self.notebooks]
        if not all(path.is_file() for path in made):
            return True
        oldest = min(path.stat().st_mtime for path in made)
        return any(path.stat().st_mtime > oldest for path in self.source.rglob("*"))

    def fingerprint(self, student: str) -> str:
        """Hash what a grade depends on: the submission and the source."""
        digest = hashlib.sha256()
        for folder in (self.submission(student), self.source):
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    digest.update(path.relative_to(folder).as_posix().encode())
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def require_writable(self) -> None:
        """Raise GradingError where nothing can be written into the course."""
        try:
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise GradingError(f"cannot write into {self.folder}: {error.strerror}") from None

    def _path(self, step: str, student: str = ".") -> Path:
        return Path(os.path.normpath(self.directory.format_path(step, student, self.assignment)))


def _read_config(folder: Path) -> Config:
    try:
        return PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise GradingError(f"{folder / CONFIG} cannot be read: {said}") from None
