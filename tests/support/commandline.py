"""Runs commands for the tests of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from unetkit.cli.app import app

RUNNER = CliRunner()


def run(*arguments: str | Path, code: int = 0) -> Result:
    """Returns what a command gave; its exit code is asserted."""
    result = RUNNER.invoke(app, list(map(str, arguments)), prog_name="unetkit")
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: str | Path) -> Any:
    """Returns what a command printed as JSON."""
    return json.loads(run(*arguments, "--json").stdout)
