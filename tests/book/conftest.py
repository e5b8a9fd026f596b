"""The book, built as ``make book`` builds it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import looks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def book() -> Path:
    """The folder of the built pages."""
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    command = [jupyter_book, "build", ROOT, "-W", "--keep-going", "--quiet"]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode:
        pytest.fail(f"the book does not build:\n{built.stderr}", pytrace=False)
    return ROOT / "_build/html"


@pytest.fixture(scope="session")
def site(book: Path) -> Iterator[str]:
    with looks.serve(book) as address:
        yield address
