"""Studies by path or by the name of one that is shipped."""

from __future__ import annotations

from pathlib import Path

from unetkit.errors import Fault, SpecError, did_you_mean
from unetkit.spec import specs_folder
from unetkit.spec.find import SUFFIXES


def shipped_studies() -> dict[str, Path]:
    """Returns the shipped studies by name."""
    return {path.stem: path for path in sorted((specs_folder() / "studies").glob("*.yaml"))}


def find_study(reference: str, base: Path | None = None) -> Path:
    """Returns the file that a reference means: a path (from the folder of `base`), or the name of a shipped study.

    Raises SpecError where there is neither.
    """
    path = Path(reference)
    here = (base.parent if base else Path()) / path
    if path.suffix in SUFFIXES or len(path.parts) > 1 or here.is_file():
        return here
    shipped = shipped_studies()
    if reference in shipped:
        return shipped[reference]
    raise SpecError(
        Fault(
            "unknown-study",
            f"there is no study {reference!r}, neither a file nor shipped",
            cure=did_you_mean(reference, shipped),
        )
    )
