"""A browser, and the book built as ``make book`` builds it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from . import looks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = "chromium", "chromium-browser", "google-chrome"
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=looks.ARGUMENTS)
        yield browser
        browser.close()


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


@pytest.fixture(scope="session")
def axe() -> None:
    if not looks.AXE.exists():
        pytest.skip("there is no axe-core: npm ci --prefix tests/book")
