"""Zarr arrays of version 2 and 3, and level 0 of OME-Zarr groups; read and written by chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import find_axes
from unetkit.imagefiles.formats.ome_zarr import Multiscale, letter_of
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, ReadRequest, StoredArray
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.result import ArrayWriter, ResultAxes, ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.writing import placed

_CHUNK = 512  # samples along each of the last two axes
DECODED_BYTES = 256_000_000
"""Stacks up to this size are decoded once and whole, larger ones chunk by chunk."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Opens an array, or level 0 of a multiscale group."""
    zarr = require_package("zarr", path)
    node = zarr.open(path, mode="r")
    multiscale, array = _level_zero(path, node) if isinstance(node, zarr.Group) else (None, node)
    check_type(path, np.dtype(array.dtype))
    shape = tuple(array.shape)
    file_letters = multiscale.letters(len(shape)) if multiscale else _dimension_letters(array)
    letters, layout = find_axes(path, shape, request, file_letters)
    geometry, located = multiscale.geometry(letters, layout) if multiscale else (None, ())
    numbers: StoredArray = array
    if layout.stack and prod(shape) * np.dtype(array.dtype).itemsize <= DECODED_BYTES:
        numbers = LazyArray(shape, np.dtype(array.dtype), lambda: np.asarray(array[...]))
    metadata = {"format": array.metadata.zarr_format, "multiscale": multiscale}
    yield Images(path, numbers, layout, letters, geometry, located, metadata)


def _level_zero(path: Path, group: Any) -> tuple[Multiscale | None, Any]:
    """The array of full resolution of a group, with its multiscale; raises FileError where it has none."""
    multiscale = Multiscale.of(dict(group.attrs))
    if multiscale is not None:
        return multiscale, group[multiscale.path]
    arrays = [array for _, array in group.arrays()]
    if len(arrays) == 1:
        return None, arrays[0]
    message = f"{path} is a group of {len(arrays)} arrays without the multiscales of OME-Zarr"
    raise FileError(Fault("zarr-group", message, cure="Give one array, with a name like image.zarr.", file=str(path)))


def _dimension_letters(array: Any) -> str | None:
    """The letters of an array with named dimensions (version 3, or by xarray); None for others."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    if not names or not all(names):
        return None
    return "".join(letter_of(str(name), "") for name in names)


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Creates an array, or a group with axes and scale where the image is one."""
    zarr = require_package("zarr", path)
    result = ResultAxes.of(images, channels)
    shape, version = result.shape, images.metadata.get("format", 3)
    chunks = tuple(1 if axis < len(shape) - 2 else min(n, _CHUNK) for axis, n in enumerate(shape))
    names = [letter.lower() for letter in result.letters]
    options: dict[str, Any] = {"shape": shape, "dtype": dtype, "chunks": chunks}
    if version == 3:
        options["dimension_names"] = names
    multiscale: Multiscale | None = images.metadata.get("multiscale")
    with placed(path) as growing:
        if multiscale is None:
            array = zarr.create_array(growing, zarr_format=version, **options)
            if version == 2:
                array.attrs["_ARRAY_DIMENSIONS"] = names
        else:
            group = zarr.open_group(growing, mode="w", zarr_format=version)
            group.attrs.update(multiscale.of_result(result.letters, images.letters))
            array = group.create_array(multiscale.path, **options)
        yield ArrayWriter(array, result)
