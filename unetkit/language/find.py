"""Specs by path or by the name of one that is shipped."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from unetkit.errors import Fault, SpecError, did_you_mean

SUFFIXES = (".yaml", ".yml")


@cache
def specs_folder() -> Path:
    """Returns the folder of the shipped specs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def shipped() -> dict[str, Path]:
    """Returns the shipped specs by name."""
    return {path.stem: path for path in sorted(specs_folder().glob("*.yaml"), key=lambda path: path.stem)}


def find_spec(reference: str, base: Path | None = None) -> Path:
    """Returns the file that a reference means: a path (from the folder of `base`), or the name of a shipped spec.

    Raises SpecError where there is neither.
    """
    path = Path(reference)
    here = (base.parent if base else Path()) / path
    if path.suffix in SUFFIXES or len(path.parts) > 1 or os.path.isfile(here):
        return here
    named = specs_folder() / f"{reference}.yaml"
    if os.path.isfile(named):
        return named
    raise SpecError(
        Fault(
            "unknown-spec",
            f"there is no spec {reference!r}, neither a file nor shipped",
            cure=f"{did_you_mean(reference, shipped())} See: unetkit specs.",
        )
    )
