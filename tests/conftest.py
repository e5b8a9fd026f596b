"""A browser for all tests; and in CI a skip is a failure.

What a test needs is installed there. Only a GPU is not, nor are data sets.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from .book import looks

# each worker of a parallel run gets one thread, so that two workers do not fight for two cores
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "GPU" not in reason and "RNNCOURSE_DATA" not in reason:
            report.outcome, report.longrepr = "failed", f"skipped in CI: {reason}"
    return report


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
def axe() -> None:
    if not looks.AXE.exists():
        pytest.skip("there is no axe-core: npm ci --prefix tests/book")
