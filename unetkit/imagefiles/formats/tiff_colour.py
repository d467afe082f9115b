"""A TIFF's numbers as they are displayed: white that is 0, palettes, alpha, colour spaces, and the tag Orientation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.formats.picture import transparent
from unetkit.imagefiles.images import ReadRequest, StoredArray
from unetkit.imagefiles.views.arrays import EntryArray, InvertedArray, OpaqueArray, PaletteArray
from unetkit.imagefiles.views.exif_orientation import TAG, DisplayedArray

WHITE_IS_ZERO, PALETTE, YCBCR = 0, 3, 6
_UNSUPPORTED = {5: "CMYK colours", 8: "CIE L*a*b* colours", 9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours"}
JPEG = (6, 7, 33007, 34892)
"""Compressions whose decoder converts YCbCr to RGB."""
_ALPHA = (1, 2)
"""Extra samples that are alpha: associated, unassociated."""
_BLOCK = 1 << 24
"""Numbers that are compared at a time."""


def as_displayed(
    path: Path, series: Any, array: StoredArray, letters: str, request: ReadRequest
) -> tuple[StoredArray, str]:
    """The array of a series as it is displayed, with the requested channels, and the letters of its axes.

    Raises FileError for unsupported colour spaces, and for images that are not opaque unless alpha is requested.
    """
    page, extra_axes = series.keyframe, len(array.shape) - len(series.shape)
    photometric = int(page.photometric)
    if photometric in _UNSUPPORTED or (photometric == YCBCR and int(page.compression) not in JPEG):
        message = f"{path} holds {_UNSUPPORTED.get(photometric, 'YCbCr colours')}"
        raise FileError(Fault("image-colour", message, cure="Save it in grey or RGB.", file=str(path)))
    if photometric == WHITE_IS_ZERO:
        array = _invert(path, array, page)
    elif photometric == PALETTE and not request.mask:
        array, letters = PaletteArray(array, _palette(page)), f"{letters[:-2]}YXS"
    if letters.endswith("S") and array.shape[-1] in (2, 4) and any(int(e) in _ALPHA for e in page.extrasamples[-1:]):
        array, letters = _without_alpha(path, array, letters, request)
    orientation = page.tags.valueof(TAG, 1)
    if orientation in range(2, 9):
        array = DisplayedArray(array, int(orientation), series.axes.index("Y") + extra_axes)
    if letters == "YX" and request.channels == 3 and not request.mask:
        return PaletteArray(array), "YXS"  # as a grey picture has its level in each of three channels
    if "S" in letters and array.shape[letters.index("S")] == 3 and request.channels == 1 and not request.mask:
        return _as_grey(array, letters)  # as a grey picture that was saved in colour
    return array, letters


def _invert(path: Path, array: StoredArray, page: Any) -> StoredArray:
    """Grey levels where white is the largest number.

    Two programs set the tag without meaning it: tifffile for every array of booleans, and ImageJ for an inverting
    lookup table, which changes the display and not the numbers. Their files stay as they are.
    """
    dtype = np.dtype(array.dtype)
    if page.is_imagej or (page.bitspersample == 1 and page.is_shaped):
        return array
    if dtype.kind not in "bu":
        message = f"{path} holds {dtype} where 0 is white, and does not say which number is black"
        cure = "Save it with 0 as black (MinIsBlack)."
        raise FileError(Fault("image-colour", message, cure=cure, file=str(path)))
    return InvertedArray(array, 2 ** int(page.bitspersample) - 1)


def _palette(page: Any) -> NDArray[Any]:
    """The colours (entries, 3) of a page; TIFF stores them in 16 bits, even if they have 8."""
    colours = np.asarray(page.colormap).T
    narrow = colours >> 8
    has_8_bits = bool((colours == narrow * 257).all() or (colours == narrow << 8).all())
    return narrow.astype(np.uint8) if has_8_bits else colours


def _without_alpha(path: Path, array: StoredArray, letters: str, request: ReadRequest) -> tuple[StoredArray, str]:
    """An array without alpha, the last entry of its last axis, unless alpha is requested."""
    channels = array.shape[-1]
    if channels == request.channels and not request.mask:
        return array, letters
    if request.mask or _is_opaque(array, letters):
        return OpaqueArray(array), letters if channels > 2 else letters[:-1]
    if request.channels is None:
        return array, letters
    raise transparent(path, channels, request)


def _as_grey(array: StoredArray, letters: str) -> tuple[StoredArray, str]:
    """The grey levels of an array whose three channels are equal; other arrays as they are."""
    colours = letters.index("S")
    if any((block != block.take([0], colours)).any() for block in _blocks(array, letters)):
        return array, letters
    return EntryArray(array, colours), letters.replace("S", "")


def _is_opaque(array: StoredArray, letters: str) -> bool:
    dtype = np.dtype(array.dtype)
    opaque = 1 if dtype.kind in "bf" else np.iinfo(dtype).max
    return all((block[..., -1] == opaque).all() for block in _blocks(array, letters))


def _blocks(array: StoredArray, letters: str) -> Iterator[NDArray[Any]]:
    """All of an array, some rows of one image at a time."""
    steps = [1] * len(letters)
    steps[letters.index("Y")] = max(1, _BLOCK // max(1, array.shape[letters.index("X")]))
    for axis, letter in enumerate(letters):
        if letter in "XS":
            steps[axis] = array.shape[axis]
    for starts in product(*(range(0, n, step) for n, step in zip(array.shape, steps, strict=True))):
        yield np.asarray(array[tuple(slice(start, start + step) for start, step in zip(starts, steps, strict=True))])
