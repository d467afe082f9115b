"""Zarr arrays of version 2 and 3, and OME-Zarr groups, of which level 0 is read; read and written by chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import lay_out
from unetkit.imagefiles.formats.ome_zarr import Multiscale, letter_of
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, StoredArray
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.result import ArrayWriter, ResultAxes
from unetkit.imagefiles.target import ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.writing import placed

CHUNK = 512  # samples along each of the last two axes
DECODED_BYTES = 256_000_000
"""Stacks up to this size are decoded once and whole; larger ones by the chunks that are asked for."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Gives the images in an array, or in level 0 of a multiscale group; raises FileError where it cannot be read."""
    zarr = require_package("zarr", path)
    found = zarr.open(path, mode="r")
    multiscale, array = level_zero(zarr, path, found) if isinstance(found, zarr.Group) else (None, found)
    check_type(path, np.dtype(array.dtype))
    shape = tuple(array.shape)
    said = multiscale.letters(len(shape)) if multiscale else named_axes(array)
    letters, layout = lay_out(path, shape, request, said)
    geometry, located = multiscale.geometry(letters, layout) if multiscale else (None, ())
    numbers: StoredArray = array
    if layout.stack and prod(shape) * np.dtype(array.dtype).itemsize <= DECODED_BYTES:
        numbers = LazyArray(shape, np.dtype(array.dtype), lambda: np.asarray(array[...]))
    kept = {"format": array.metadata.zarr_format, "multiscale": multiscale}
    yield Images(path, numbers, layout, letters, geometry, located, kept)


def level_zero(zarr: Any, path: Path, group: Any) -> tuple[Multiscale | None, Any]:
    """Returns the array of full resolution of a group, with its multiscale; raises FileError where it has none."""
    multiscale = Multiscale.of(dict(group.attrs))
    if multiscale is not None:
        return multiscale, group[multiscale.path]
    arrays = [array for _, array in group.arrays()]
    if len(arrays) == 1:
        return None, arrays[0]
    message = f"{path} is a group of {len(arrays)} arrays without multiscales, as OME-Zarr has them"
    raise FileError(Fault("zarr-group", message, cure="Give one array, named as in image.zarr.", file=str(path)))


def named_axes(array: Any) -> str | None:
    """Returns the letters of an array whose dimensions have names (version 3, or by xarray); None for others."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    if not names or not all(names):
        return None
    return "".join(letter_of(str(name), "") for name in names)


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Gives a target whose array is written as it is filled: a group with axes and scale where the image is one."""
    zarr = require_package("zarr", path)
    result, kept = ResultAxes.of(images, channels), images.kept
    shape, version = result.shape, kept.get("format", 3)
    chunks = tuple(1 if axis < len(shape) - 2 else min(n, CHUNK) for axis, n in enumerate(shape))
    how: dict[str, Any] = {"shape": shape, "dtype": dtype, "chunks": chunks}
    names = [letter.lower() for letter in result.letters]
    if version == 3:
        how["dimension_names"] = names
    multiscale: Multiscale | None = kept.get("multiscale")
    with placed(path) as growing:
        if multiscale is None:
            array = zarr.create_array(growing, zarr_format=version, **how)
            if version == 2:
                array.attrs["_ARRAY_DIMENSIONS"] = names
        else:
            group = zarr.open_group(growing, mode="w", zarr_format=version)
            group.attrs.update(multiscale.of_result(result.letters, images.letters))
            array = group.create_array(multiscale.path, **how)
        yield ArrayWriter(array, result)
