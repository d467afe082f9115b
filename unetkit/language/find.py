"""Finds specs by path, or by the name of a shipped one."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from unetkit.errors import Fault, SpecError, did_you_mean

SUFFIXES = (".yaml", ".yml")
_NO_FAMILIES = ("fragments", "runs", "studies")
"""The folders beside those of the families, for parts of specs and for other files."""


@cache
def specs_folder() -> Path:
    """The folder of the shipped specs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def shipped(folder: str = "") -> dict[str, Path]:
    """The shipped specs by name, ordered by family, whose folder they are in; or the files in a folder beside these."""
    return dict(_listed(folder))


@cache
def _listed(folder: str) -> dict[str, Path]:
    if folder:
        paths = list((specs_folder() / folder).glob("*.yaml"))
    else:
        paths = [path for path in specs_folder().glob("*/*.yaml") if path.parent.name not in _NO_FAMILIES]
    return {path.stem: path for path in sorted(paths, key=lambda path: (path.parent.name, path.stem))}


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
    known = shipped(folder)
    if reference in known:
        return known[reference]
    cure = did_you_mean(reference, known) + " See: unetkit specs." * (not folder)
    raise SpecError(
        Fault(f"unknown-{kind}", f"there is no {kind} {reference!r}, neither a file nor shipped", cure=cure)
    )
