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


def has_avx512() -> bool:
    """Whether the processor has AVX-512; False if unknown."""
    return "avx512dq" in _flags()


def has_native_bf16() -> bool:
    """Whether the processor multiplies bfloat16 numbers by itself; False if unknown."""
    return bool(_flags() & {"avx512_bf16", "amx_bf16", "bf16"})


@cache
def _flags() -> frozenset[str]:
    """What the processor can do, in the words of Linux. No dependency reports it."""
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return frozenset()
    named = (line for line in text.splitlines() if line.startswith(("flags", "Features")))
    return frozenset(next(named, "").split())
