"""Says at the end which real games were not played, and why."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("skipped"):
        if "tests/live" in report.nodeid and isinstance(report.longrepr, tuple):
            terminalreporter.write_line(f"NOT RUN {report.nodeid}: {report.longrepr[2]}")
