"""Finds study and run files by path, or by the name of a shipped one."""

from __future__ import annotations

from pathlib import Path

from unetkit.language.find import find_file, shipped


def shipped_studies() -> dict[str, Path]:
    """The shipped studies by name."""
    return shipped("studies")


def find_study(reference: str, base: Path | None = None) -> Path:
    """The study file that a reference names: a path (relative to the folder of `base`), or the name of a shipped study.

    Raises SpecError if there is neither.
    """
    return find_file("study", reference, base, "studies")


def find_run(reference: str, base: Path | None = None) -> Path:
    """The run file that a reference names, found in the same way."""
    return find_file("run", reference, base, "runs")
