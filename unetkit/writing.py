"""Files that appear whole or not at all: a temporary file beside them, fsync, rename."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from unetkit.errors import Fault, FileError


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; raises FileError, and leaves what was there, where it cannot."""
    try:
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
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(
            Fault("file-unwritable", f"{path} cannot be written: {reason}", cure="Choose another place.")
        ) from error


def current_umask() -> int:
    """Returns the umask, which can be read only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
