"""TIFF files: of one page or many, 8 to 64 bit, grey or colour; mapped part by part where they are not compressed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.imagefiles.kinds import Origin, needed, unreadable
from unetkit.imagefiles.layout import Images, Stored, lay_out
from unetkit.imagefiles.raw import RawFile
from unetkit.imagefiles.target import Target
from unetkit.writing import placed

DECODED_BYTES = 256_000_000
"""Compressed images up to this size are decoded once and whole; larger ones by the chunks that are asked for."""


@contextmanager
def opened(path: Path, dims: int, channels: int) -> Iterator[Images]:
    """Gives the images in a file: its pages are a stack for a 2D network, the depth for one in 3D.

    Raises FileError where it cannot be read.
    """
    tifffile = needed("tifffile", path)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(tifffile.TiffFile(path))
            if not file.pages:
                raise ValueError("it has no page")
            series = file.series[0]
            array = stored(path, series, file.byteorder, stack)
        except (OSError, ValueError, IndexError, tifffile.TiffFileError) as error:
            raise unreadable(path, error) from error
        yield Images(array, lay_out(path, tuple(series.shape), dims, channels, axes=series.axes))


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
def made(path: Path, origin: Origin, shape: tuple[int, ...], dtype: Any) -> Iterator[Target]:
    """Gives an array that is written to the file as it is filled: a page for each 2D part."""
    tifffile = needed("tifffile", path)
    with placed(path) as growing:
        large = int(np.prod(shape)) * np.dtype(dtype).itemsize > 2**32 - 2**25
        array = tifffile.memmap(growing, shape=shape, dtype=dtype, photometric="minisblack", bigtiff=large)
        raw = RawFile(growing, array.offset, array.dtype, shape)
        del array
        yield raw
