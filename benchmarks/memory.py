"""Peak memory, as `unetkit bench` measures it."""

from unetkit.bench.account import peak_memory as peak

__all__ = ["peak"]
