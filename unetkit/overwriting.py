"""What a command may write to: nothing that it reads, and nothing that is there already unless it was told so."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from unetkit.errors import Fault, FileError
from unetkit.writing import followed, is_stream

Identity: TypeAlias = tuple[int, int]
"""The device and the inode of a file: the same by whatever path it is reached."""


def check_outputs(outputs: Iterable[Path], *, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Raises FileError with every path that must not be written: it is an input, or is there and not to be replaced.

    An input is known by any path to it: through links of either kind, relative, or in capitals where the file system
    ignores them; what lies in a folder that is an input is a part of it, and a folder with an input in it is
    no output. Pipes and devices are written into, not replaced, so they count as free.
    """
    paths = [path.absolute() for path in inputs]
    read = {found for path in paths if (found := identity(path)) is not None}
    around = {found for path in paths for folder in path.parents if (found := identity(folder)) is not None}
    faults = []
    for path in dict.fromkeys(outputs):
        if identity(path) in around or any(identity(one) in read for one in (path, *path.absolute().parents)):
            message = f"{path} would replace a file that this command reads"
            faults.append(Fault("output-input", message, cure="Choose another place for the results."))
        elif not overwrite and not streams(path) and identity(path) is not None:
            cure = "Choose another place, or give --overwrite to replace it."
            faults.append(Fault("file-exists", f"{path} is there already", cure=cure))
    if faults:
        raise FileError(*faults)


def identity(path: Path) -> Identity | None:
    """Returns what tells a file or a folder from all others; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # a name with a null character is no name
        return None
    return found.st_dev, found.st_ino


def streams(path: Path) -> bool:
    """Whether what is written to a path goes into a pipe, a device or an open file, and replaces nothing."""
    try:
        return is_stream(followed(path))
    except OSError:
        return False


def same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file or folder that is there."""
    found = identity(first)
    return found is not None and found == identity(second)
