"""Skips are loud, and failures wherever the machine was prepared for the tests (`.ci/run` says so)."""

import os

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("WINDTUNNEL_SKIPS_FAIL"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped on a machine that should have all it needs: {call.excinfo}"


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} tests SKIPPED: this machine lacks something", sep="!")
        for report in skipped:
            terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2]}")
