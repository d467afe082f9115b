"""Whole images in strips of rows, samples along the first axis: nothing is computed twice, in bounded memory."""

from unetkit.lazy import lazy_names

__all__ = ["Schedule", "StreamedNetwork", "StreamingError", "make_schedule"]

__getattr__ = lazy_names(
    __name__,
    {
        "graph": ("StreamingError",),
        "network": ("StreamedNetwork",),
        "schedule": ("Schedule", "make_schedule"),
    },
)
