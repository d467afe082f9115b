"""Zarr arrays, read and written by chunks. They do not say what their axes are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unetkit.imagefiles.axes import lay_out
from unetkit.imagefiles.guard import needed
from unetkit.imagefiles.images import Images, Stored
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.request import Request
from unetkit.imagefiles.result import Filled, ResultAxes
from unetkit.imagefiles.target import Target
from unetkit.writing import placed

CHUNK = 512  # samples along each of the last two axes


@contextmanager
def opened(path: Path, request: Request) -> Iterator[Images]:
    """Gives the images in an array; raises FileError where it cannot be read."""
    zarr = needed("zarr", path)
    array: Stored = zarr.open_array(path, mode="r")
    check_type(path, array.dtype)
    letters, layout = lay_out(path, tuple(array.shape), request)
    yield Images(path, array, layout, letters)


@contextmanager
def made(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[Target]:
    """Gives a target whose array is written as it is filled."""
    zarr = needed("zarr", path)
    result = ResultAxes.of(images, channels)
    shape = result.shape
    with placed(path) as growing:
        chunks = tuple(1 if axis < len(shape) - 2 else min(n, CHUNK) for axis, n in enumerate(shape))
        yield Filled(zarr.create_array(growing, shape=shape, dtype=dtype, chunks=chunks), result)
