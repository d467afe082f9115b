"""Atomic writing of files and folders: they are created beside their place, synced and renamed.

Links are followed: their target is replaced, and the link stays. Devices, pipes and descriptors of this process, such
as /dev/stdout, are written to and never replaced.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO

from unetkit.errors import Fault, FileError
from unetkit.host import process_exists

_FULL = (errno.ENOSPC, errno.EDQUOT)
PREFIX = ".partial-"
"""The start of the names of unfinished files and folders."""
_PARTIAL = re.compile(
    r"\.partial-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-\d+-(?P<kind>new|old|cut)-(?P<name>.*)", re.S
)
"""Such a name: its process, and whether it is new, an old folder to replace, or one with a shortened name."""
_MAX_NAME = 255  # bytes, on all common file systems
_MAX_LINKS = 40  # as in Linux

_counter = itertools.count()
_growing_here: set[Path] = set()
"""The unfinished files and folders of this process."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError in writing a path into a FileError that names it."""
    try:
        yield
    except OSError as error:
        cure = "Free some space, or choose another place." if error.errno in _FULL else "Choose another place."
        message = f"{path} cannot be written: {error.strerror or error}"
        raise FileError(Fault("file-unwritable", message, cure=cure)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file completely or not at all; on failure it raises FileError, and the previous content stays."""
    with writing(path):
        target = followed(path)
        if is_stream(target):
            with stream(target) as file:
                file.write(content)
            return
        with beside(target) as growing, growing.open("xb") as file:
            file.write(content)


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Yields a path to write a file or a folder to, which is then moved to its place, or removed after an error.

    Raises FileError if it cannot be written.
    """
    with writing(path):
        target = followed(path)
        if is_stream(target):
            with tempfile.TemporaryDirectory(prefix="unetkit-") as folder:
                growing = Path(folder) / path.name
                yield growing
                with growing.open("rb") as source, stream(target) as file:
                    shutil.copyfileobj(source, file)
            return
        with beside(target) as growing:
            yield growing


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Yields a path in the folder of a target, which is then moved to the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(target.parent)
    growing = partial(target)
    _growing_here.add(growing)
    try:
        yield growing
        if growing.is_dir():
            _replace_folder(growing, target)
        else:
            with growing.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(growing, target)
    except BaseException:
        remove(growing)
        raise
    finally:
        _growing_here.discard(growing)


def followed(path: Path) -> Path:
    """The target of a path; a descriptor of a process is not followed. Raises OSError for a loop."""
    for _ in range(_MAX_LINKS):
        if _descriptor(path) is not None or not path.is_symlink():
            return path
        path = path.parent / os.readlink(path)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _descriptor(path: Path) -> tuple[int, int] | None:
    """The process and the number of an open file that a path names, as /dev/stdout does on Linux."""
    match = re.fullmatch(r"/proc/(\d+)(?:/task/\d+)?/fd", os.path.realpath(path.parent))
    return (int(match[1]), int(path.name)) if match and path.name.isdecimal() else None


def is_stream(path: Path) -> bool:
    """Whether a path without links is neither a regular file nor a folder."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def is_own_output(path: Path) -> bool:
    """Whether a path is the standard output of this process."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except OSError:
        return False


def stream(path: Path) -> IO[bytes]:
    """Opens a device, a pipe or a descriptor for writing; one of this process continues at its position."""
    process, number = _descriptor(path) or (0, 0)
    if process == os.getpid():
        for text in filter(None, (sys.stdout, sys.stderr)):
            text.flush()
        return os.fdopen(os.dup(number), "wb")
    return path.open("wb")


def partial(path: Path, kind: str = "new") -> Path:
    """The path of an unfinished file or folder, unique for each process and call.

    It has the suffix of the path, by which libraries choose a format.
    """
    head = f"{PREFIX}{machine()}-{os.getpid()}-{next(_counter)}"
    name = os.fsencode(path.name)
    room = _MAX_NAME - len(head) - len("-new-")
    if len(name) > room:
        kind, name = "cut" if kind == "old" else kind, name[-room:]
        while name[0] & 0xC0 == 0x80:  # within a character
            name = name[1:]
    return path.with_name(f"{head}-{kind}-{os.fsdecode(name)}")


@cache
def machine() -> str:
    """An identifier of the machine, or the container, whose processes have their own numbers."""
    spaces = ""
    with suppress(OSError):  # exists on Linux
        spaces = os.readlink("/proc/self/ns/pid")
    return sha256(f"{socket.gethostname()} {spaces}".encode()).hexdigest()[:8]


@cache
def _sweep_once(folder: Path) -> None:
    """Cleans up a folder when this process writes there for the first time."""
    with suppress(OSError):
        sweep(folder)


def sweep(folder: Path) -> None:
    """Removes unfinished files of dead processes of this machine, and restores their old folders."""
    with os.scandir(folder) as entries:
        paths = [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX)]
    for path in paths:
        known = _PARTIAL.fullmatch(path.name)
        if known is None or known["machine"] != machine() or _is_growing(path, int(known["process"])):
            continue
        home = path.with_name(known["name"])
        if known["kind"] == "new" or (known["kind"] == "old" and home.exists()):
            remove(path)
        elif known["kind"] == "old":
            path.rename(home)


def _is_growing(path: Path, process: int) -> bool:
    """Whether the process that writes a path may still be running."""
    if process == os.getpid():
        return path in _growing_here  # otherwise an earlier process had the same number
    return process_exists(process)


def _replace_folder(source: Path, path: Path) -> None:
    """Moves a folder to its place; at each moment the old or the new one is complete."""
    moved: list[Path] = []
    while not _renamed(source, path):
        moved.append(partial(path, "old"))
        _growing_here.add(moved[-1])
        with suppress(FileNotFoundError):  # another process moved it
            os.rename(path, moved[-1])
    for old in moved:
        remove(old)
        _growing_here.discard(old)


def _renamed(source: Path, path: Path) -> bool:
    """Moves a folder to its place, and returns False if another is there; raises OSError for other failures."""
    try:
        os.rename(source, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def remove(path: Path) -> None:
    """Removes a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
