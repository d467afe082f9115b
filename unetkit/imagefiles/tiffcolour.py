"""A TIFF's numbers as they are displayed: white that is 0, palettes, alpha, inks, and the tag Orientation."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import Stored
from unetkit.imagefiles.orientation import TAG
from unetkit.imagefiles.pixels import transparent
from unetkit.imagefiles.request import Request
from unetkit.imagefiles.views import Coloured, Inverted, Turned, WithoutLast

WHITE_IS_ZERO, PALETTE, YCBCR = 0, 3, 6
INKS = {5: "printing inks (CMYK)", 8: "CIE L*a*b* colours", 9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours"}
JPEG = (6, 7, 33007, 34892)
"""Compressions whose decoder turns YCbCr into RGB."""
ALPHA = (1, 2)
"""Extra samples that are alpha: associated, unassociated."""
STEP = 1 << 24
"""Numbers that are looked at together."""


def as_displayed(path: Path, series: Any, array: Stored, said: str, request: Request) -> tuple[Stored, str]:
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
        array, said = Coloured(array, palette_of(page)), f"{said[:-2]}YXS"
    if said.endswith("S") and array.shape[-1] in (2, 4) and [int(one) for one in page.extrasamples[-1:]] in [[1], [2]]:
        array, said = without_alpha(path, array, said, request)
    orientation = page.tags.valueof(TAG, 1)
    if orientation in range(2, 9):
        array = Turned(array, int(orientation), series.axes.index("Y") + piled)
    return array, said


def white_last(path: Path, array: Stored, page: Any) -> Stored:
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
    return Inverted(array, 2 ** int(page.bitspersample) - 1)


def palette_of(page: Any) -> NDArray[Any]:
    """Returns the colours (entries, 3) of a page, of 8 bit where they are: TIFF keeps them in 16."""
    colours = np.asarray(page.colormap).T
    narrow = colours >> 8
    whole = bool((colours == narrow * 257).all() or (colours == narrow << 8).all())
    return narrow.astype(np.uint8) if whole else colours


def without_alpha(path: Path, array: Stored, said: str, request: Request) -> tuple[Stored, str]:
    """Returns an array without its alpha, the last entry of its last axis, unless alpha is asked for."""
    found = array.shape[-1]
    if found == request.channels and not request.mask:
        return array, said
    if request.mask or opaque(array):
        return WithoutLast(array), said if found > 2 else said[:-1]
    if request.channels is None:
        return array, said
    raise transparent(path, found)


def opaque(array: Stored) -> bool:
    """Whether the alpha of all pixels is full; it is looked at part by part."""
    dtype = np.dtype(array.dtype)
    full = 1 if dtype.kind in "bf" else np.iinfo(dtype).max
    *stack, rows, columns, last = array.shape
    step = max(1, STEP // max(1, columns))
    for place in product(*(range(n) for n in stack), range(0, rows, step)):
        part = (*(slice(at, at + 1) for at in place[:-1]), slice(place[-1], place[-1] + step), slice(None))
        if not (np.asarray(array[(*part, slice(last - 1, last))]) == full).all():
            return False
    return True
