"""A TIFF's numbers as they are displayed: white that is 0, palettes, alpha, inks, and the tag Orientation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.formats.pixels import transparent
from unetkit.imagefiles.images import StoredArray
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.views.arrays import DisplayedArray, FirstEntryArray, InvertedArray, OpaqueArray, PaletteArray
from unetkit.imagefiles.views.exif_orientation import TAG

WHITE_IS_ZERO, PALETTE, YCBCR = 0, 3, 6
INKS = {5: "printing inks (CMYK)", 8: "CIE L*a*b* colours", 9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours"}
JPEG = (6, 7, 33007, 34892)
"""Compressions whose decoder turns YCbCr into RGB."""
ALPHA = (1, 2)
"""Extra samples that are alpha: associated, unassociated."""
STEP = 1 << 24
"""Numbers that are looked at together."""


def as_displayed(
    path: Path, series: Any, array: StoredArray, said: str, request: ReadRequest
) -> tuple[StoredArray, str]:
    """Returns the array of a series as it is displayed, and the letters of its axes.

    Raises FileError for colours that are not read, and where alpha says something that nobody asked for.
    """
    page, piled = series.keyframe, len(array.shape) - len(series.shape)
    photometric = int(page.photometric)
    if photometric in INKS or (photometric == YCBCR and int(page.compression) not in JPEG):
        what = INKS.get(photometric, "YCbCr colours")
        message = f"{path} holds {what}"
        raise FileError(Fault("image-colour", message, cure="Save it in grey or RGB.", file=str(path)))
    if photometric == WHITE_IS_ZERO:
        array = white_last(path, array, page)
    elif photometric == PALETTE and not request.mask:
        array, said = PaletteArray(array, palette_of(page)), f"{said[:-2]}YXS"
    if said.endswith("S") and array.shape[-1] in (2, 4) and [int(one) for one in page.extrasamples[-1:]] in [[1], [2]]:
        array, said = without_alpha(path, array, said, request)
    orientation = page.tags.valueof(TAG, 1)
    if orientation in range(2, 9):
        array = DisplayedArray(array, int(orientation), series.axes.index("Y") + piled)
    return array, said


def white_last(path: Path, array: StoredArray, page: Any) -> StoredArray:
    """Returns levels that count up to white.

    Two programs write the mark without meaning it: tifffile for every array of booleans, and ImageJ for an inverting
    lookup table, which changes the display and not the numbers. What they wrote so stays as it is.
    """
    dtype = np.dtype(array.dtype)
    if page.is_imagej or (page.bitspersample == 1 and page.is_shaped):
        return array
    if dtype.kind not in "bu":
        message = f"{path} holds {dtype} whose 0 is white, and no number says what is black"
        cure = "Save it with 0 as black (MinIsBlack)."
        raise FileError(Fault("image-colour", message, cure=cure, file=str(path)))
    return InvertedArray(array, 2 ** int(page.bitspersample) - 1)


def palette_of(page: Any) -> NDArray[Any]:
    """Returns the colours (entries, 3) of a page, of 8 bit where they are: TIFF keeps them in 16."""
    colours = np.asarray(page.colormap).T
    narrow = colours >> 8
    whole = bool((colours == narrow * 257).all() or (colours == narrow << 8).all())
    return narrow.astype(np.uint8) if whole else colours


def without_alpha(path: Path, array: StoredArray, said: str, request: ReadRequest) -> tuple[StoredArray, str]:
    """Returns an array without its alpha, the last entry of its last axis, unless alpha is asked for."""
    found = array.shape[-1]
    if found == request.channels and not request.mask:
        return array, said
    if request.mask or opaque(array, said):
        return OpaqueArray(array), said if found > 2 else said[:-1]
    if request.channels is None:
        return array, said
    raise transparent(path, found, request)


def grey_of(array: StoredArray, said: str) -> tuple[StoredArray, str]:
    """Returns colours that are equal in each pixel as grey levels, others as they are; with the letters."""
    colours = said.index("S")
    if any((block != block.take([0], colours)).any() for block in blocks(array, said)):
        return array, said
    return FirstEntryArray(array, colours), said.replace("S", "")


def opaque(array: StoredArray, said: str) -> bool:
    """Whether the alpha of all pixels is full."""
    dtype = np.dtype(array.dtype)
    full = 1 if dtype.kind in "bf" else np.iinfo(dtype).max
    return all((block[..., -1] == full).all() for block in blocks(array, said))


def blocks(array: StoredArray, said: str) -> Iterator[NDArray[Any]]:
    """Yields all of an array, some rows of one image at a time; `said` are the letters of its axes."""
    rows, shape = said.index("Y"), array.shape
    step = max(1, STEP // max(1, shape[said.index("X")]))
    kept = [axis for axis, letter in enumerate(said) if letter in "XS"]
    starts = [[None] if axis in kept else range(0, n, step if axis == rows else 1) for axis, n in enumerate(shape)]
    for place in product(*starts):
        part = tuple(
            slice(None) if at is None else slice(at, at + (step if axis == rows else 1))
            for axis, at in enumerate(place)
        )
        yield np.asarray(array[part])
