"""What every test begins with, which random examples are drawn, and what a skipped test means."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

from tests.support import campaign

NO_SKIPS = os.environ.get("UNETKIT_NO_SKIPS") == "1"
"""A test that is skipped has failed, as in `.ci/run`, which brings all that tests need."""
MAY_SKIP = [reason for reason in os.environ.get("UNETKIT_MAY_SKIP", "").split(";") if reason]
"""Reasons for which a test may be skipped all the same: what could not be brought."""

campaign.register_profiles()
campaign.forget_constants()


def pytest_report_header() -> str:
    return campaign.repeating()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if campaign.TIMES > 1 and terminalreporter.stats.get("failed"):
        terminalreporter.write_line(campaign.repeating())


def pytest_runtest_setup() -> None:
    campaign.begin_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return unskipped((yield))


def unskipped(report: Any) -> Any:
    """The report; that of a test that was skipped says that it failed, where none may be skipped."""
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if str(reason).removeprefix("Skipped: ") in MAY_SKIP:
            return report
        report.outcome, report.longrepr = "failed", f"nothing may be skipped here: {reason}"
    return report
