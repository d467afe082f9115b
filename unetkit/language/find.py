"""Finds specs by path, or by the name of a shipped one."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from unetkit.errors import Fault, SpecError, did_you_mean

SUFFIXES = (".yaml", ".yml")


@cache
def specs_folder() -> Path:
    """The folder of the shipped specs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def shipped(folder: str = "") -> dict[str, Path]:
    """The shipped specs by name, or the files in a folder beside them."""
    return {path.stem: path for path in sorted((specs_folder() / folder).glob("*.yaml"), key=lambda path: path.stem)}


def find_spec(reference: str, base: Path | None = None) -> Path:
    """The file that a reference names: a path (relative to the folder of `base`), or the name of a shipped spec.

    Raises SpecError if there is neither.
    """
    return find_file("spec", reference, base)


def find_file(kind: str, reference: str, base: Path | None = None, folder: str = "") -> Path:
    """The file of a kind that a reference names, found like a spec; shipped ones are in a folder beside the specs."""
    path = Path(reference)
    here = (base.parent if base else Path()) / path
    if path.suffix in SUFFIXES or len(path.parts) > 1 or os.path.isfile(here):
        return here
    named = specs_folder() / folder / f"{reference}.yaml"
    if os.path.isfile(named):
        return named
    cure = did_you_mean(reference, shipped(folder)) + " See: unetkit specs." * (not folder)
    raise SpecError(
        Fault(f"unknown-{kind}", f"there is no {kind} {reference!r}, neither a file nor shipped", cure=cure)
    )
