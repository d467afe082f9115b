"""Main memory: what this process holds, and what it can still get."""

from __future__ import annotations

from unetkit.host.cgroups import memory_left


def available_memory() -> int:
    """Returns the bytes that processes can still get without swapping; limits of control groups (containers) count."""
    import psutil

    return int(min(psutil.virtual_memory().available, *memory_left(), float("inf")))


def resident_memory() -> int:
    """Returns the bytes of main memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)
