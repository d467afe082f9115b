"""One guard around reading one file: whatever a reader raises is one fault of that file."""

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

CODECS = "pip install 'unetkit[images]'"
NAMED = 3
"""Files of a group of equal faults that are named beside the first."""


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turns whatever goes wrong in reading a file into a FileError that names it."""
    try:
        yield
    except UnetkitError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> FileError:
    """Returns the error for a file that cannot be read, with what helps."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        message = f"{path} does not fit into the memory: {reason}"
        return FileError(Fault("image-memory", message, cure="Store it in parts, or uncompressed.", file=str(path)))
    if isinstance(error, PermissionError) or getattr(error, "errno", None) == errno.EACCES:
        return FileError(
            Fault("no-image", f"{path} may not be read", cure="Give yourself the right to read it.", file=str(path))
        )
    cure = "It is damaged, or of another kind than its name says: open it elsewhere, and save it again."
    if "imagecodecs" in reason:
        cure = CODECS + " brings the codecs."
    elif "COMPRESSION." in reason:
        reason, cure = f"its compression is not known ({reason})", "Save it uncompressed, or with LZW, Deflate or ZSTD."
    return FileError(Fault("no-image", f"{path} cannot be read as an image: {reason}", cure=cure, file=str(path)))


def check_file(path: Path, *, folder: bool) -> None:
    """Raises FileError where a path is no ordinary file, or no folder for a kind that is one; only those are opened."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise FileError(Fault("file-missing", f"{path} cannot be read: {error.strerror}", file=str(path))) from error
    if stat.S_ISREG(mode) and not folder or stat.S_ISDIR(mode) and folder:
        return
    names = {stat.S_IFDIR: "a folder", stat.S_IFREG: "a file", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    found = names.get(stat.S_IFMT(mode), "a device")
    wanted = "a folder" if folder else "a file"
    raise FileError(Fault("no-image", f"{path} is {found}, not {wanted}", cure="Give an image file.", file=str(path)))


def require_package(module: str, for_: Path) -> Any:
    """Returns a package that reads a kind of file; raises FileError that says how to get it where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        message = f"{for_} needs the package {module}"
        cure = "pip install 'unetkit[images]'"
        raise FileError(Fault("package-missing", message, cure=cure, file=str(for_))) from error


def merge_alike(faults: Iterable[Fault]) -> list[Fault]:
    """Returns faults in order, those that three or more files have alike as one, with the number of the files.

    Two are alike where they differ in the name of their file only.
    """
    listed = [(likeness(fault), fault) for fault in dict.fromkeys(faults)]  # slices of one file may have the same
    alike: dict[tuple[str, ...], list[Fault]] = {}
    for key, fault in listed:
        alike.setdefault(key, []).append(fault)
    return [
        fault if len(alike[key]) <= 2 else together(alike[key])
        for key, fault in listed
        if len(alike[key]) <= 2 or fault is alike[key][0]
    ]


def likeness(fault: Fault) -> tuple[str, ...]:
    """Returns what two faults have in common that are alike."""
    message = fault.message
    if fault.file:
        name = re.escape(re.sub(r"\.[^/.]*$", "", fault.file.rpartition("/")[2]))
        message = re.sub(rf"(\S*/)?{name}\.\w[\w.]*", "", message.replace(fault.file, "")) if name else message
    return (fault.code, fault.path, fault.cure, str(fault.place), message, *fault.lines)


def together(faults: list[Fault]) -> Fault:
    """Returns one fault for several that are alike."""
    others = list(dict.fromkeys(fault.file for fault in faults[1:]))
    if not faults[0].file:
        return faults[0]
    shown = ", ".join(others[:NAMED]) + (" …" if len(others) > NAMED else "")
    return replace(faults[0], message=f"{faults[0].message} (the same of {len(others)} more: {shown})")
