"""TIFF files: one page or many, 1 to 64 bits, grey or colour; mapped part by part where they are not compressed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import find_axes
from unetkit.imagefiles.formats.tiff_claims import check_ome, check_pages
from unetkit.imagefiles.formats.tiff_colour import as_displayed
from unetkit.imagefiles.formats.tiff_tags import TiffTags
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, ReadRequest, StoredArray
from unetkit.imagefiles.numbers import check_length, check_memory, check_ratio, check_type
from unetkit.imagefiles.result import ArrayWriter, ResultAxes, ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray, MappedArray, StackedArray
from unetkit.wording import size_text
from unetkit.writing import placed

DECODED_BYTES = 256_000_000
"""Compressed images up to this size are decoded once and whole, larger ones chunk by chunk."""
_SLIDE_VIEWS = ("Thumbnail", "Label", "Macro")
"""Series of slide scanners that show the slide, not the tissue."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Opens the images in a file: its pages are a stack for a 2D network, the depth for a 3D one.

    Several series of the same form are one stack.
    """
    tifffile = require_package("tifffile", path)
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # errors become faults
    with ExitStack() as stack:
        file = stack.enter_context(tifffile.TiffFile(path))
        file.filehandle.set_lock(True)  # several threads may read the images of one file
        series = _image_series(path, file)
        first = series[0]
        check_type(path, np.dtype(first.dtype))
        layers = [_array(path, each, file.byteorder, stack) for each in series]
        array = layers[0] if len(layers) == 1 else StackedArray(layers)
        tags = TiffTags.of(file, first)
        letters = _file_letters(tags, first.axes, stacked=len(layers) > 1)
        array, letters = as_displayed(path, first, array, letters, request)
        letters, layout = find_axes(path, tuple(array.shape), request, letters, pages=True)
        geometry, located = tags.geometry(letters, layout)
        yield Images(path, array, layout, letters, geometry, located, {"tags": tags})


def _image_series(path: Path, file: Any) -> list[Any]:
    """The series of images in a file, without reduced copies, transparency masks and views of a slide.

    Raises FileError where they differ in form.
    """
    if not file.pages:
        raise ValueError("it has no page")
    check_pages(file)
    if file.is_ome:
        check_ome(file.ome_metadata, file.pages.first.size)
    images = [each for each in file.series if not (each.keyframe.subfiletype & 5 or each.name in _SLIDE_VIEWS)]
    series = images or file.series[:1]
    if any(page is None for each in series for page in each.pages):
        raise ValueError("a page is missing")
    if not all(each.keyframe.dataoffsets for each in series):
        raise ValueError("a page has no data")
    forms = {(tuple(each.shape), str(each.dtype), each.axes, each.keyframe.photometric) for each in series}
    if len(forms) > 1:
        sizes = ", ".join(map(_form_text, series[:5])) + (" …" if len(series) > 5 else "")
        message = f"{path} holds {len(series)} series of images that differ: {sizes}"
        raise FileError(Fault("tiff-series", message, cure="Save each series in its own file.", file=str(path)))
    return series


def _form_text(series: Any) -> str:
    """The size and type of a series, and an unusual photometric interpretation."""
    photometric = series.keyframe.photometric.name
    suffix = "" if photometric in ("MINISBLACK", "RGB") else f" {photometric}"
    return f"{size_text(series.shape)} {np.dtype(series.dtype)}{suffix}"


def _file_letters(tags: TiffTags, axes: str, *, stacked: bool) -> str:
    """The axes according to the file, `?` where it does not say: pages may be images, rows, channels or slices.

    >>> _file_letters(TiffTags("plain"), "IYX", stacked=False)
    '???'
    """
    letters = "".join("?" if letter in "IQ" else letter for letter in axes)
    if ("?" in letters or stacked) and "S" not in letters and not tags.names_axes:
        return "?" * (len(letters) + stacked)
    return "N" * stacked + letters


def _array(path: Path, series: Any, byteorder: str, stack: ExitStack) -> StoredArray:
    """The numbers of a series: mapped, decoded whole, or decoded chunk by chunk."""
    shape, dtype = tuple(series.shape), np.dtype(series.dtype)
    if series.dataoffset is not None and not series.is_multifile:
        check_length(path, series.dataoffset, shape, dtype)
        return MappedArray(path, series.dataoffset, dtype.newbyteorder(byteorder), shape)
    if prod(shape) * dtype.itemsize <= DECODED_BYTES:
        check_memory(path, shape, dtype)
        check_ratio(path, shape, dtype)
        return LazyArray(shape, dtype, series.asarray)
    check_ratio(path, shape, dtype)
    zarr = require_package("zarr", path)
    chunks: StoredArray = zarr.open_array(stack.enter_context(series.aszarr(level=0)), mode="r")
    return chunks


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Creates a file with the axes and the tags of the image, and a page for each 2D part."""
    tifffile = require_package("tifffile", path)
    tags: TiffTags = images.metadata.get("tags", TiffTags("plain"))
    result = ResultAxes.of(images, channels, channel_before="YX" if tags.flavour == "imagej" else "ZYX")
    with placed(path) as growing:
        options = tags.write_options(result.letters, result.shape, np.dtype(dtype))
        options |= {"shape": result.shape, "dtype": dtype, "photometric": "minisblack"}
        yield ArrayWriter(MappedArray.of(growing, tifffile.memmap(growing, **options)), result)
