"""TIFF files: of one page or many, 8 to 64 bit, grey or colour; mapped part by part where they are not compressed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.imagefiles.axes import lay_out
from unetkit.imagefiles.guard import needed
from unetkit.imagefiles.images import Images, Stored
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.raw import RawFile
from unetkit.imagefiles.request import Request
from unetkit.imagefiles.result import Filled, ResultAxes
from unetkit.imagefiles.target import Target
from unetkit.writing import placed

DECODED_BYTES = 256_000_000
"""Compressed images up to this size are decoded once and whole; larger ones by the chunks that are asked for."""


@contextmanager
def opened(path: Path, request: Request) -> Iterator[Images]:
    """Gives the images in a file: its pages are a stack for a 2D network, the depth for one in 3D.

    Raises FileError where it cannot be read.
    """
    tifffile = needed("tifffile", path)
    with ExitStack() as stack:
        file = stack.enter_context(tifffile.TiffFile(path))
        if not file.pages:
            raise ValueError("it has no page")
        series = file.series[0]
        check_type(path, np.dtype(series.dtype))
        array = stored(path, series, file.byteorder, stack)
        shape, said = tuple(series.shape), None if set(series.axes) & set("QI") else series.axes
        letters, layout = lay_out(path, shape, request, said, pages=True)
        yield Images(path, array, layout, letters)


def stored(path: Path, series: Any, byteorder: str, stack: ExitStack) -> Stored:
    """Returns the numbers of a series: mapped, decoded whole, or decoded by chunks."""
    if series.dataoffset is not None:
        return RawFile(path, series.dataoffset, np.dtype(series.dtype).newbyteorder(byteorder), tuple(series.shape))
    if series.nbytes <= DECODED_BYTES:
        decoded: Stored = series.asarray()
        return decoded
    zarr = needed("zarr", path)
    chunks: Stored = zarr.open_array(stack.enter_context(series.aszarr()), mode="r")
    return chunks


@contextmanager
def made(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[Target]:
    """Gives a target that is written to the file as it is filled: a page for each 2D part."""
    tifffile = needed("tifffile", path)
    result = ResultAxes.of(images, channels)
    with placed(path) as growing:
        large = int(np.prod(result.shape)) * np.dtype(dtype).itemsize > 2**32 - 2**25
        array = tifffile.memmap(growing, shape=result.shape, dtype=dtype, photometric="minisblack", bigtiff=large)
        raw = RawFile(growing, array.offset, array.dtype, result.shape)
        del array
        yield Filled(raw, result)
