"""Backends: what runs a network for inference, and the choice of the quickest on this machine."""

from unetkit.lazy import lazy_names

__all__ = ["BACKENDS", "Backend", "Request", "optimize"]

__getattr__ = lazy_names(
    __name__,
    {"available": ("BACKENDS",), "backend": ("Backend", "Request"), "optimization": ("optimize",)},
)
