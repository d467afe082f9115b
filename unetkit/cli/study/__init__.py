"""Compare networks: plan, execute and report studies."""

from __future__ import annotations

from collections.abc import Callable

from unetkit.cli.study.plan import plan
from unetkit.cli.study.report import report
from unetkit.cli.study.run import run
from unetkit.cli.study.status import status

COMMANDS: dict[str, Callable[..., None]] = {"plan": plan, "run": run, "status": status, "report": report}
"""The commands in the order of the help."""
