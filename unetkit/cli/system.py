"""What the system refuses: a standard stream that is closed or full, memory, threads, files."""

from __future__ import annotations

import errno
import os
import re
import sys
from contextlib import suppress
from typing import IO

from unetkit.errors import Fault, FileError

MEMORY = re.compile(
    r"can't start new thread|allocate memory|failed to map segment|bad_alloc|not enough memory|OutOfMemory"
)
"""What libraries say where there is no memory, or no thread, to be had."""


def open_streams() -> None:
    """Opens the standard streams that are closed: else the next file that is opened would be one of them.

    What is written to them is refused by `deliver`.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)


def deliver(text: str, *, to_errors: bool) -> None:
    """Writes a text to a standard stream, at once.

    Raises FileError where standard output does not take it. Where standard error does not, nothing can be said of it.
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
            raise FileError(Fault("output-unwritable", message, cure="Send it to another place.")) from error


def discard(stream: IO[str] | None) -> None:
    """Lets what a stream still holds go nowhere: Python would try once more when it ends."""
    with suppress(OSError, AttributeError, ValueError):  # a stream of a test has no descriptor
        number = stream.fileno()  # type: ignore[union-attr]
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, number)
        os.close(handle)


def fault_of(error: BaseException) -> Fault | None:
    """Returns what the system refused, as a fault; None for an error that is not the system's."""
    if isinstance(error, MemoryError) or MEMORY.search(str(error)):
        cure = "Give it more memory and threads, or take a smaller size, batch or tile."
        lines = [line for line in str(error).splitlines() if MEMORY.search(line)]
        reason = f": {lines[0]}" if lines else ""
        return Fault("memory", f"there is not enough memory{reason}", cure=cure)
    if isinstance(error, OSError):
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return Fault("system", f"{place}{error.strerror or error}", cure="Choose another place, or see to its rights.")
    return None
