"""Compare networks: plan, run and report studies."""

from __future__ import annotations

from collections.abc import Callable

from unetkit.cli.study_plan import plan

COMMANDS: dict[str, Callable[..., None]] = {"plan": plan}
"""The commands in the order of the help."""
