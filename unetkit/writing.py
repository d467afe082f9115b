"""Files and folders that appear whole or not at all: made beside their place, synced, renamed.

A link is followed: what it leads to is replaced, and the link stays. What is no regular file (a device, a pipe, a
descriptor of this process such as /dev/stdout) is written into and never replaced.
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

FULL = (errno.ENOSPC, errno.EDQUOT)
PREFIX = ".partial-"
"""How the names of what is being written begin."""
PARTIAL = re.compile(
    r"\.partial-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-\d+-(?P<kind>new|old|cut)-(?P<name>.*)", re.S
)
"""Such a name: the process that writes; whether it is new, an old folder that makes way, or such with its name cut."""
LONGEST = 255  # bytes of a name, on all usual file systems
LINKS = 40  # as many as Linux follows

counter = itertools.count()
growing_here: set[Path] = set()
"""What this process is writing."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises FileError, which names a path, for what the system has against its being written."""
    try:
        yield
    except OSError as error:
        cure = "Make room, or choose another place." if error.errno in FULL else "Choose another place."
        message = f"{path} cannot be written: {error.strerror or error}"
        raise FileError(Fault("file-unwritable", message, cure=cure)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; raises FileError, and leaves what was there, where it cannot."""
    with writing(path):
        target = followed(path)
        if is_stream(target):
            with stream(target) as file:
                file.write(content)
            return
        with beside(target) as growing, growing.open("xb") as made:
            made.write(content)


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Gives the path to write to, and moves what is there to its place; removes it where something goes wrong.

    Works for a file and for a folder. Raises FileError where it cannot be written.
    """
    with writing(path):
        target = followed(path)
        if is_stream(target):
            with tempfile.TemporaryDirectory(prefix="unetkit-") as folder:
                growing = Path(folder) / path.name
                yield growing
                with growing.open("rb") as made, stream(target) as file:
                    shutil.copyfileobj(made, file)
            return
        with beside(target) as growing:
            yield growing


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Gives a path in the folder of a target, and moves what is made there to the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep_once(target.parent)
    growing = partial(target)
    growing_here.add(growing)
    try:
        yield growing
        if growing.is_dir():
            replace_folder(growing, target)
        else:
            with growing.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(growing, target)
    except BaseException:
        remove(growing)
        raise
    finally:
        growing_here.discard(growing)


def followed(path: Path) -> Path:
    """Returns where a path leads; that of a descriptor of a process stays as it is. Raises OSError for a circle."""
    for _ in range(LINKS):
        if descriptor(path) is not None or not path.is_symlink():
            return path
        path = path.parent / os.readlink(path)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def descriptor(path: Path) -> tuple[int, int] | None:
    """Returns the process and the number of an open file that a path names, as /dev/stdout does on Linux."""
    found = re.fullmatch(r"/proc/(\d+)(?:/task/\d+)?/fd", os.path.realpath(path.parent))
    return (int(found[1]), int(path.name)) if found and path.name.isdecimal() else None


def is_stream(path: Path) -> bool:
    """Returns whether a path, all links followed, leads to what is neither a regular file nor a folder."""
    if descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def is_own_output(path: Path) -> bool:
    """Returns whether a path is this process's standard output."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except OSError:
        return False


def stream(path: Path) -> IO[bytes]:
    """Returns a device, a pipe or a descriptor, open for writing; one of this process goes on where it is."""
    process, number = descriptor(path) or (0, 0)
    if process == os.getpid():
        for text in filter(None, (sys.stdout, sys.stderr)):
            text.flush()
        return os.fdopen(os.dup(number), "wb")
    return path.open("wb")


def partial(path: Path, kind: str = "new") -> Path:
    """Returns where a file or a folder grows until it is finished: another name for each process and each call.

    It ends as the path does, since writers look at the ending.
    """
    head = f"{PREFIX}{machine()}-{os.getpid()}-{next(counter)}"
    name = os.fsencode(path.name)
    room = LONGEST - len(head) - len("-new-")
    if len(name) > room:
        kind, name = "cut" if kind == "old" else kind, name[-room:]
        while name[0] & 0xC0 == 0x80:  # inside of a letter
            name = name[1:]
    return path.with_name(f"{head}-{kind}-{os.fsdecode(name)}")


@cache
def machine() -> str:
    """Returns what tells machines apart, and containers, whose processes have numbers of their own."""
    spaces = ""
    with suppress(OSError):  # Linux has it
        spaces = os.readlink("/proc/self/ns/pid")
    return sha256(f"{socket.gethostname()} {spaces}".encode()).hexdigest()[:8]


@cache
def sweep_once(folder: Path) -> None:
    """Sweeps a folder when this process writes there for the first time."""
    with suppress(OSError):
        sweep(folder)


def sweep(folder: Path) -> None:
    """Removes from a folder what processes of this machine were writing when they ended; their old folders return."""
    with os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX)]
    for path in found:
        known = PARTIAL.fullmatch(path.name)
        if known is None or known["machine"] != machine() or is_growing(path, int(known["process"])):
            continue
        home = path.with_name(known["name"])
        if known["kind"] == "new" or (known["kind"] == "old" and home.exists()):
            remove(path)
        elif known["kind"] == "old":
            path.rename(home)


def is_growing(path: Path, process: int) -> bool:
    """Returns whether the process that writes a path may still do so."""
    if process == os.getpid():
        return path in growing_here  # else an earlier process had the same number
    return process_exists(process)


def replace_folder(made: Path, path: Path) -> None:
    """Moves a folder to its place. Of one that is there already the old or the new is whole at each moment."""
    moved: list[Path] = []
    while not renamed(made, path):
        moved.append(partial(path, "old"))
        growing_here.add(moved[-1])
        with suppress(FileNotFoundError):  # another process moved it
            os.rename(path, moved[-1])
    for old in moved:
        remove(old)
        growing_here.discard(old)


def renamed(made: Path, path: Path) -> bool:
    """Moves a folder to its place, and returns whether there was room; raises OSError where there will never be."""
    try:
        os.rename(made, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def remove(path: Path) -> None:
    """Removes a file or a folder where there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
