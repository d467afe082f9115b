"""One guard around reading a file: whatever a reader raises becomes one fault of that file."""

from __future__ import annotations

import errno
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from unetkit.errors import Fault, FileError, UnetkitError

_INSTALL = "pip install 'unetkit[images]'"
_MAX_NAMED = 3
"""Files that are named beside the first of those with the same fault."""


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turns every error in reading a file into a FileError that names it."""
    try:
        yield
    except UnetkitError:
        raise
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> FileError:
    reason = " ".join(str(error).split()) or type(error).__name__
    code, message = "no-image", f"{path} cannot be read as an image: {reason}"
    cure = "The file is damaged, or its name has the wrong suffix: open it in another program and save it again."
    if isinstance(error, MemoryError):
        code, message = "image-memory", f"{path} does not fit into memory: {reason}"
        cure = "Store it in parts, or uncompressed."
    elif isinstance(error, PermissionError) or getattr(error, "errno", None) == errno.EACCES:
        message, cure = f"{path} cannot be read: permission denied", "Change its permissions."
    elif "imagecodecs" in reason:
        cure = _INSTALL + " installs the codecs."
    elif "COMPRESSION." in reason:
        message = f"{path} cannot be read as an image: unknown compression ({reason})"
        cure = "Save it uncompressed, or with LZW, Deflate or ZSTD."
    return FileError(Fault(code, message, cure=cure, file=str(path)))


def check_file(path: Path, *, folder: bool) -> None:
    """Raises FileError unless a path is a regular file, or a folder for a format that is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise FileError(Fault("file-missing", f"{path} cannot be read: {error.strerror}", file=str(path))) from error
    if stat.S_ISREG(mode) and not folder or stat.S_ISDIR(mode) and folder:
        return
    names = {stat.S_IFDIR: "a folder", stat.S_IFREG: "a file", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    message = f"{path} is {names.get(stat.S_IFMT(mode), 'a device')}, not {'a folder' if folder else 'a file'}"
    raise FileError(Fault("no-image", message, cure="Give an image file.", file=str(path)))


def require_package(module: str, path: Path) -> Any:
    """Imports the package that reads a file; raises FileError with the way to install it where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        raise FileError(
            Fault("package-missing", f"{path} needs the package {module}", cure=_INSTALL, file=str(path))
        ) from error


def merge_alike(faults: Iterable[Fault]) -> list[Fault]:
    """Faults in order; a fault of three or more files becomes one fault with the number of files.

    Faults are the same where they differ in nothing but the name of their file.
    """
    groups: dict[tuple[str, ...], list[Fault]] = {}
    order = [(_without_file(fault), fault) for fault in dict.fromkeys(faults)]  # slices of one file may have the same
    for key, fault in order:
        groups.setdefault(key, []).append(fault)
    merged = []
    for key, fault in order:
        if len(groups[key]) <= 2:
            merged.append(fault)
        elif fault is groups[key][0]:
            merged.append(_merge(groups[key]))
    return merged


def _without_file(fault: Fault) -> tuple[str, ...]:
    message = fault.message
    if fault.file:
        name = re.escape(re.sub(r"\.[^/.]*$", "", fault.file.rpartition("/")[2]))
        message = re.sub(rf"(\S*/)?{name}\.\w[\w.]*", "", message.replace(fault.file, "")) if name else message
    return (fault.code, fault.path, fault.cure, str(fault.place), message, *fault.lines)


def _merge(faults: list[Fault]) -> Fault:
    first = faults[0]
    others = list(dict.fromkeys(fault.file for fault in faults[1:]))
    if not first.file:
        return first
    names = ", ".join(others[:_MAX_NAMED]) + (" …" if len(others) > _MAX_NAMED else "")
    return replace(first, message=f"{first.message} (and {len(others)} more: {names})")
