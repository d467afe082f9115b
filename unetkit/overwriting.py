"""Checks that outputs replace no input, and no existing file unless that is requested."""

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
    """Raises FileError with every path that is an input, or exists and must not be replaced.

    Inputs are identified by device and inode, so links, relative paths and differences in case do not matter. Files in
    an input folder are inputs too, and a folder that contains an input is no valid output. Pipes and devices are
    written to, not replaced, so they are always valid.
    """
    paths = [path.absolute() for path in inputs]
    read = {key for path in paths if (key := _identity(path)) is not None}
    parents = {key for path in paths for folder in path.parents if (key := _identity(folder)) is not None}
    faults = []
    for path in dict.fromkeys(outputs):
        if _identity(path) in parents or any(_identity(each) in read for each in (path, *path.absolute().parents)):
            message = f"{path} would replace a file that this command reads"
            faults.append(Fault("output-input", message, cure="Choose another place for the results."))
        elif not overwrite and not _streams(path) and _identity(path) is not None:
            cure = "Choose another place, or give --overwrite to replace it."
            faults.append(Fault("file-exists", f"{path} is there already", cure=cure))
    if faults:
        raise FileError(*faults)


def _identity(path: Path) -> Identity | None:
    """The device and inode of a file or a folder; None if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # a name with a null character
        return None
    return status.st_dev, status.st_ino


def _streams(path: Path) -> bool:
    """Whether a path is a pipe, a device or an open file, which is written to and not replaced."""
    try:
        return is_stream(followed(path))
    except OSError:
        return False


def same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to the same existing file or folder."""
    first_key = _identity(first)
    return first_key is not None and first_key == _identity(second)
