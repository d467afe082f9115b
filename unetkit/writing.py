"""Files and folders that appear whole or not at all: made beside their place, synced, renamed."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unetkit.errors import Fault, FileError

FULL = (errno.ENOSPC, errno.EDQUOT)


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
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~current_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def current_umask() -> int:
    """Returns the umask, which can be read only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def partial(path: Path) -> Path:
    """Returns where a file grows until it is finished; the next run over the same file begins there again."""
    return path.with_name(f".partial-{path.name}")


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Gives the path to write to, and moves what is there to its place; removes it where something goes wrong.

    Works for a file and for a folder. Raises FileError where it cannot be written.
    """
    growing = partial(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(growing)
        try:
            yield growing
            if growing.is_dir():
                replace_folder(growing, path)
            else:
                with growing.open("rb+") as file:
                    os.fsync(file.fileno())
                os.replace(growing, path)
        except BaseException:
            remove(growing)
            raise


def replace_folder(made: Path, path: Path) -> None:
    """Moves a folder to its place. Of one that is there already the old or the new is whole at each moment."""
    old = path.with_name(f".partial-old-{path.name}")
    remove(old)
    if path.exists():
        os.rename(path, old)
    os.rename(made, path)
    remove(old)


def remove(path: Path) -> None:
    """Removes a file or a folder where there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
