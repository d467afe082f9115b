"""Benchmarks of a network on this machine: time, arithmetic rate, share of the machine's peaks, and memory."""

from unetkit.lazy import lazy_names

__all__ = ["Bench", "BenchOptions", "bench", "draw_roofline", "peak_memory"]

__getattr__ = lazy_names(
    __name__,
    {
        "account": ("peak_memory",),
        "measurement": ("Bench", "BenchOptions", "bench"),
        "roofline": ("draw_roofline",),
    },
)
