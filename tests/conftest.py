"""In CI a skip is a failure: what a test needs is installed there. Only a GPU is not."""

import os

import pytest

# each worker of a parallel run gets one thread, so that two workers do not fight for two cores
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "GPU" not in reason:
            report.outcome, report.longrepr = "failed", f"skipped in CI: {reason}"
    return report
