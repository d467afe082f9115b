"""Memory that is freed stays with the process for a while, so that the next tile need not get it page by page again.

glibc hands large blocks back to the system at once; the system clears every page before it gives it out again, and on a
CPU that takes a quarter of the time of inference, and a tenth of that of training. Pages of 2 MB instead of 4 kB save a
further part: there are fewer to clear and to look up. This is mallopt(3) and madvise(2); where there is no glibc,
nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
HUGEPAGE, HUGE = 14, 2 << 20
KEEP = ((MMAP_MAX, 0), (TRIM_THRESHOLD, 2**31 - 1))
USUAL = ((MMAP_MAX, 65_536), (MMAP_THRESHOLD, 32 << 20), (TRIM_THRESHOLD, 64 << 20))
"""glibc's own, with the thresholds that it comes to by itself in a process that frees blocks of 32 MB."""


@cache
def glibc() -> ctypes.CDLL | None:
    """Returns the C library where it is glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    if not (hasattr(library, "gnu_get_libc_version") and hasattr(library, "malloc_trim")):
        return None
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return library


class MallocSettings:
    """How many blocks of kept_memory the process is in: the settings are those of the whole process."""

    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()

    def change(self, library: ctypes.CDLL, by: int) -> None:
        """Enters or leaves a block."""
        with self.lock:
            outside = not self.count
            self.count += by
            if outside or not self.count:
                for name, value in KEEP if outside else USUAL:
                    library.mallopt(name, value)
                if not outside:
                    library.malloc_trim(0)


KEEPING = MallocSettings()


@contextmanager
def kept_memory() -> Iterator[None]:
    """Within it, freed memory is kept; after the outermost it is given back."""
    library = glibc()
    if library is None:
        yield
        return
    KEEPING.change(library, 1)
    try:
        yield
    finally:
        KEEPING.change(library, -1)


def reserve(size: int) -> None:
    """Within kept_memory, lets the next `size` bytes be had in huge pages; none is taken before it is used."""
    library = glibc()
    start = library.malloc(size + HUGE) if library is not None else None
    if library is None or start is None:
        return
    library.madvise(-(-start // HUGE) * HUGE, size // HUGE * HUGE, HUGEPAGE)
    library.free(start)
