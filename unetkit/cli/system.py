"""Errors of the system: closed or full standard streams, memory, threads and files."""

from __future__ import annotations

import errno
import os
import re
import sys
from contextlib import suppress
from typing import IO

from unetkit.errors import Fault, FileError

_MEMORY = re.compile(
    r"can't start new thread|allocate memory|failed to map segment|bad_alloc|not enough memory|OutOfMemory"
)
"""Messages of libraries when memory or threads are exhausted."""


def open_streams() -> None:
    """Opens closed standard streams, so that no other file gets their descriptors; `write` does not write to them."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)


def write(text: str, *, to_errors: bool = False) -> None:
    """Writes a text to a standard stream, and flushes it.

    Raises FileError if standard output cannot be written. An error of standard error cannot be reported anywhere.
    """
    stream = sys.stderr if to_errors else sys.stdout
    try:
        if stream is None:
            raise OSError(errno.EBADF, "it is closed")
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard(stream)
        if not to_errors:
            message = f"standard output cannot be written: {error.strerror or error}"
            raise FileError(Fault("output-unwritable", message, cure="Redirect it to another place.")) from error


def discard(stream: IO[str] | None) -> None:
    """Discards the buffer of a stream, which Python would otherwise flush at its exit."""
    with suppress(OSError, AttributeError, ValueError):  # streams of tests have no descriptor
        number = stream.fileno()  # type: ignore[union-attr]
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, number)
        os.close(handle)


def fault_of(error: BaseException) -> Fault | None:
    """The fault of an error of the system; None for any other error."""
    if isinstance(error, MemoryError) or _MEMORY.search(str(error)):
        cure = "Allow more memory and threads, or use a smaller size, batch or tile."
        lines = [line for line in str(error).splitlines() if _MEMORY.search(line)]
        reason = f": {lines[0]}" if lines else ""
        return Fault("memory", f"there is not enough memory{reason}", cure=cure)
    if isinstance(error, OSError):
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return Fault(
            "system", f"{place}{error.strerror or error}", cure="Choose another place, or check its permissions."
        )
    return None
