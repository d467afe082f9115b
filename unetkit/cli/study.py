"""Compare networks: plan, run and report studies."""

from __future__ import annotations

from collections.abc import Callable

from unetkit.cli.study_plan import plan
from unetkit.cli.study_report import report

COMMANDS: dict[str, Callable[..., None]] = {"plan": plan, "report": report}
"""The commands in the order of the help."""
