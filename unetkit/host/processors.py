"""Processors: their number and features."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

from unetkit.host.cgroups import cpu_quotas

_UNITS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8")


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


def processor_name() -> str:
    """The processor's own name, with the units of it that matter to the speed of networks."""
    name = _of_processor("model name") or platform.processor() or platform.machine()
    units = [unit for unit in _UNITS if unit in _flags()]
    return f"{name} ({', '.join(units)})" if units else name


def _flags() -> frozenset[str]:
    """What the processor can do, in the words of Linux. No dependency reports it."""
    return frozenset(_of_processor("flags", "Features").split())


@cache
def _of_processor(*names: str) -> str:
    """What Linux says of the first processor under one of some names; empty if it does not."""
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(names)), "")
