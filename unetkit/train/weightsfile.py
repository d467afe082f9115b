"""The file that a training begins its weights from: where it is, and the hash that makes it a part of the run."""

from __future__ import annotations

from functools import cache
from hashlib import file_digest
from pathlib import Path

from unetkit.errors import Fault, FileError

CHANGED = "Begin a new run, or put the file back as it was."


def digest_of(file: Path) -> str:
    """The SHA-256 of a file in hexadecimal; raises FileError where it cannot be read."""
    try:
        about = file.stat()
        return _digest(file, about.st_mtime_ns, about.st_size)
    except OSError as error:
        reason = error.strerror or str(error)
        cure = "Give a model file: of unetkit train, or of unetkit import-weights."
        raise FileError(Fault("file-missing", f"{file}: {reason}", cure=cure)) from error


@cache
def _digest(file: Path, changed: int, size: int) -> str:
    """The arms of a study ask for one file a thousand times."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
