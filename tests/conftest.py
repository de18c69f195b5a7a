"""Skips are loud, and failures on a prepared machine (`.ci/run` says so); what takes longest comes first."""

import gc
import os

import pytest

LONGEST_FIRST = ("tests/system/", "tests/browser/", "tests/broken/")  # so that no worker is left alone with them


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in LONGEST_FIRST])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("WINDTUNNEL_SKIPS_FAIL"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped on a machine that should have all it needs: {call.excinfo}"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    gc.disable()  # plugins compile at the end; up to CPython 3.11.7 what runs meanwhile may upset it (gh-106905)


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} tests SKIPPED: this machine lacks something", sep="!")
        for report in skipped:
            terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2]}")
