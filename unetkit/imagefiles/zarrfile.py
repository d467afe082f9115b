"""Zarr arrays, read and written by chunks: (channels, *spatial), (*spatial), or a stack of either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unetkit.imagefiles.kinds import Origin, needed, unreadable
from unetkit.imagefiles.layout import Images, Stored, lay_out
from unetkit.imagefiles.target import Target
from unetkit.writing import placed

CHUNK = 512  # samples along each of the last two axes


@contextmanager
def opened(path: Path, dims: int, channels: int) -> Iterator[Images]:
    """Gives the images in an array; raises FileError where it cannot be read."""
    zarr = needed("zarr", path)
    try:
        array: Stored = zarr.open_array(path, mode="r")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(path, error) from error
    yield Images(array, lay_out(path, tuple(array.shape), dims, channels))


@contextmanager
def made(path: Path, origin: Origin, shape: tuple[int, ...], dtype: Any) -> Iterator[Target]:
    """Gives an array that is written as it is filled."""
    zarr = needed("zarr", path)
    with placed(path) as growing:
        chunks = tuple(1 if axis < len(shape) - 2 else min(n, CHUNK) for axis, n in enumerate(shape))
        target: Target = zarr.create_array(growing, shape=shape, dtype=dtype, chunks=chunks)
        yield target
