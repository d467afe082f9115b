"""A file that appears when it is finished, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from unetkit.errors import Fault, FileError


class Target(Protocol):
    """An array to be written part by part."""

    def __setitem__(self, part: Any, block: NDArray[Any], /) -> None: ...


Finish = Callable[[], None]
"""Writes what is still in memory."""


def partial(path: Path) -> Path:
    """Returns where a file grows until it is finished; the next run over the same file begins there again."""
    return path.with_name(f".partial-{path.name}")


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Gives the path to write to, and moves what is there to its place; removes it where something goes wrong.

    Works for a file and for a folder. Raises FileError where it cannot be written.
    """
    growing = partial(path)
    try:
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
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(Fault("file-unwritable", f"{path} cannot be written: {reason}", cure="Free space?")) from error


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
