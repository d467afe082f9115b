"""Main memory: used by this process, and available."""

from __future__ import annotations

from unetkit.host.cgroups import memory_left


def available_memory() -> int:
    """The bytes available without swapping, within the limits of control groups (containers)."""
    import psutil

    return int(min(psutil.virtual_memory().available, *memory_left(), float("inf")))


def resident_memory() -> int:
    """The bytes of main memory that this process uses."""
    import psutil

    return int(psutil.Process().memory_info().rss)
