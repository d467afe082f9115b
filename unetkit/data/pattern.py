"""Files by a pattern such as `scans/{name}/image.nii.gz`, or by the folder that they are in."""

from __future__ import annotations

import re
from pathlib import Path

from unetkit.errors import Fault, FileError

NAME = "{name}"


def files_by_name(said: str, folder: Path) -> dict[str, Path]:
    """Returns the image files that a pattern or a folder means, by name, in the order of their names.

    Without `{name}` in it `said` is a folder, and a file's name is without its end. Raises FileError where there are
    none, or two of one name.
    """
    path = folder / said
    found = by_pattern(said, folder) if NAME in said else in_folder(path)
    files: dict[str, Path] = {}
    faults = []
    for name, file in sorted(found, key=lambda one: (one[0], str(one[1]))):
        if files.setdefault(name, file) != file:
            faults.append(Fault("twice", f"{files[name]} and {file} have one name: {name}", cure="Keep one."))
    if not files:
        from unetkit.imagefiles import KINDS

        known = ", ".join(suffix for kind in KINDS for suffix in kind.suffixes)
        faults.append(Fault("no-images", f"{path} has no images", cure=f"Read are: {known}."))
    if faults:
        raise FileError(*faults)
    return files


def in_folder(path: Path) -> list[tuple[str, Path]]:
    """Returns the image files of a folder with their names."""
    from unetkit.imagefiles.kinds import is_image, split_name  # numpy comes with them

    try:
        return [(split_name(file)[0], file) for file in path.iterdir() if is_image(file)]
    except OSError as error:
        reason = "does not exist" if not path.exists() else "is not a folder" if not path.is_dir() else str(error)
        cure = "Paths begin at the folder of the data file."
        raise FileError(Fault("no-folder", f"{path} {reason}", cure=cure)) from error


def by_pattern(said: str, folder: Path) -> list[tuple[str, Path]]:
    """Returns the files that a pattern fits, each with what stands for `{name}` in it."""
    parts = Path(said).parts
    fixed = next(index for index, part in enumerate(parts) if NAME in part)
    start, rest = folder.joinpath(*parts[:fixed]), "/".join(parts[fixed:])
    first, *more = (re.escape(part) for part in rest.split(NAME))
    fits = re.compile(first + "(?P<name>[^/]+)" + "(?P=name)".join(more)) if more else re.compile(first)
    if not start.is_dir():
        cure = "Paths begin at the folder of the data file."
        raise FileError(Fault("no-folder", f"{start} is not a folder", cure=cure))
    wild = rest.replace("[", "[[]").replace(NAME, "*")
    found = ((fits.fullmatch(file.relative_to(start).as_posix()), file) for file in start.glob(wild))
    return [(match["name"], file) for match, file in found if match and not file.name.startswith(".")]
