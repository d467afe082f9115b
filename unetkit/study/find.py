"""Study and run files by path, or by the name of a shipped one."""

from __future__ import annotations

import os
from pathlib import Path

from unetkit.errors import Fault, SpecError, did_you_mean
from unetkit.language import specs_folder
from unetkit.language.find import SUFFIXES


def shipped_studies() -> dict[str, Path]:
    """The shipped studies by name."""
    return shipped("studies")


def find_study(reference: str, base: Path | None = None) -> Path:
    """The study file that a reference names: a path (relative to the folder of `base`), or the name of a shipped study.

    Raises SpecError where neither exists.
    """
    return find("study", shipped_studies(), reference, base)


def find_run(reference: str, base: Path | None = None) -> Path:
    """The run file that a reference names, found in the same way."""
    return find("run", shipped("runs"), reference, base)


def shipped(folder: str) -> dict[str, Path]:
    """The files in a folder beside the shipped specs, by name."""
    return {path.stem: path for path in sorted((specs_folder() / folder).glob("*.yaml"))}


def find(kind: str, known: dict[str, Path], reference: str, base: Path | None) -> Path:
    """The file that a reference names: a path, or one of the known names. Raises SpecError where it is neither."""
    path = Path(reference)
    here = (base.parent if base else Path()) / path
    if path.suffix in SUFFIXES or len(path.parts) > 1 or os.path.isfile(here):
        return here
    if reference in known:
        return known[reference]
    message = f"there is no {kind} {reference!r}, neither a file nor shipped"
    raise SpecError(Fault(f"unknown-{kind}", message, cure=did_you_mean(reference, known)))
