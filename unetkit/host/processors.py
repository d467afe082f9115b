"""Processors: their number and features."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from unetkit.host.cgroups import cpu_quotas


def num_cores() -> int:
    """The number of logical processors that this process may use, by its affinity and its containers' quotas."""
    import psutil

    affinity = getattr(psutil.Process(), "cpu_affinity", None)  # macOS has none
    count = len(affinity()) if affinity is not None else psutil.cpu_count() or 1
    return max(1, int(min(count, *cpu_quotas(), float("inf"))))


@cache
def has_avx512() -> bool:
    """Whether the processor has AVX-512; False if unknown. No dependency reports it."""
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return False
    return "avx512dq" in next((line for line in text.splitlines() if line.startswith("flags")), "").split()
