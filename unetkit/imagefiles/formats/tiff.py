"""TIFF files: of one page or many, 1 to 64 bit, grey or colour; mapped part by part where they are not compressed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import lay_out
from unetkit.imagefiles.formats.raw import MappedArray
from unetkit.imagefiles.formats.tiff_colour import as_displayed, grey_of
from unetkit.imagefiles.formats.tiff_tags import TiffTags
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, StoredArray
from unetkit.imagefiles.numbers import check_memory, check_ratio, check_type
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.result import ArrayWriter, ResultAxes
from unetkit.imagefiles.target import ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray, PaletteArray, StackedArray
from unetkit.wording import size_text
from unetkit.writing import placed

DECODED_BYTES = 256_000_000
"""Compressed images up to this size are decoded once and whole; larger ones by the chunks that are asked for."""
ASIDE = ("Thumbnail", "Label", "Macro")
"""Series of slide scanners that show the slide, not the tissue."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Gives the images in a file: its pages are a stack for a 2D network, the depth for one in 3D.

    Several series of one form are one stack. Raises FileError where it cannot be read.
    """
    tifffile = require_package("tifffile", path)
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong becomes a fault
    with ExitStack() as stack:
        file = stack.enter_context(tifffile.TiffFile(path))
        file.filehandle.set_lock(True)  # several threads may read the images of one file
        series = alike(path, file)
        first = series[0]
        check_type(path, np.dtype(first.dtype))
        layers = [stored(path, one, file.byteorder, stack) for one in series]
        array = layers[0] if len(layers) == 1 else StackedArray(layers)
        tags = TiffTags.of(file, first)
        said = said_letters(tags, first.axes, piled=len(layers) > 1)
        array, said = as_displayed(path, first, array, said, request)
        if said == "YX" and request.channels == 3 and not request.mask:
            array, said = PaletteArray(array), "YXS"  # as a grey picture gives its level three times
        elif "S" in said and array.shape[said.index("S")] == 3 and request.channels == 1 and not request.mask:
            array, said = grey_of(array, said)  # as a picture that was saved in colour
        letters, layout = lay_out(path, tuple(array.shape), request, said, pages=True)
        geometry, located = tags.geometry(letters, layout)
        yield Images(path, array, layout, letters, geometry, located, {"tags": tags})


def alike(path: Path, file: Any) -> list[Any]:
    """Returns the series of images in a file, without reduced copies, masks of transparency, and pictures of a slide.

    Raises FileError where they differ in form.
    """
    if not file.pages:
        raise ValueError("it has no page")
    series = [one for one in file.series if not (one.keyframe.subfiletype & 5 or one.name in ASIDE)] or file.series[:1]
    if any(page is None for one in series for page in one.pages):
        raise ValueError("a page that it names is missing")
    if not all(one.keyframe.dataoffsets for one in series):
        raise ValueError("a page has no data")
    forms = {(tuple(one.shape), str(one.dtype), one.axes, one.keyframe.photometric) for one in series}
    if len(forms) > 1:
        sizes = ", ".join(map(form_of, series[:5])) + (" …" if len(series) > 5 else "")
        message = f"{path} holds {len(series)} series of images that differ: {sizes}"
        raise FileError(Fault("tiff-series", message, cure="Save each series as a file of its own.", file=str(path)))
    return series


def form_of(series: Any) -> str:
    """Returns the size and the type of a series, and its photometric interpretation where it is not the usual one."""
    photometric = series.keyframe.photometric
    usual = ("MINISBLACK", "RGB")
    what = "" if photometric.name in usual else f" {photometric.name}"
    return f"{size_text(tuple(series.shape))} {np.dtype(series.dtype)}{what}"


def said_letters(tags: TiffTags, axes: str, *, piled: bool) -> str:
    """Returns what a file says of its axes, `?` where it does not: pages may be images, rows, channels or slices.

    >>> said_letters(TiffTags("plain"), "IYX", piled=False), said_letters(TiffTags("imagej"), "TZCYX", piled=False)
    ('???', 'TZCYX')
    """
    known = "".join("?" if letter in "IQ" else letter for letter in axes)
    if ("?" in known or piled) and "S" not in known and not tags.names_axes:
        return "?" * (len(known) + piled)
    return "N" * piled + known


def stored(path: Path, series: Any, byteorder: str, stack: ExitStack) -> StoredArray:
    """Returns the numbers of a series: mapped, decoded whole, or decoded by chunks."""
    shape, dtype = tuple(series.shape), np.dtype(series.dtype)
    if series.dataoffset is not None and not series.is_multifile:
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
    """Gives a target that is written to the file as it is filled, with the axes and the tags of the image.

    Each 2D part has a page.
    """
    tifffile = require_package("tifffile", path)
    tags: TiffTags = images.kept.get("tags", TiffTags("plain"))
    result = ResultAxes.of(images, channels, channel_before="YX" if tags.flavour == "imagej" else "ZYX")
    with placed(path) as growing:
        how = tags.writing(result.letters, result.shape, np.dtype(dtype))
        array = tifffile.memmap(growing, shape=result.shape, dtype=dtype, photometric="minisblack", **how)
        raw = MappedArray(growing, array.offset, array.dtype, result.shape)
        del array
        yield ArrayWriter(raw, result)
