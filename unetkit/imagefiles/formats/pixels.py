"""The numbers of one picture, as displayed: its modes, palettes, depths, transparency and orientation.

A palette gives its indexes in masks and its colours in images. Grey levels of 1, 2, 4, 8 and 16 bit are what the file
holds: 0 … 1, 0 … 3, 0 … 15, 0 … 255, 0 … 65535.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import StoredArray
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.imagefiles.views.exif_orientation import TAG, displayed

PNG = b"\x89PNG\r\n\x1a\n"
GREY_PNG = 0
"""The colour type of a PNG that holds grey levels alone."""
MODES = {"1": 1, "L": 1, "F": 1, "I": 1, "P": 1, "LA": 2, "PA": 2, "RGB": 3, "RGBA": 4}
"""The modes that are read, with their channels."""
PLAIN: dict[str, type[np.generic]] = {"1": np.uint8, "L": np.uint8, "RGB": np.uint8, "F": np.float32}
"""The types of modes that depend on nothing else in the file."""
INKS = ("CMYK", "LAB", "HSV", "YCbCr")


def picture(path: Path, request: ReadRequest) -> StoredArray:
    """Returns a picture (height, width) or (height, width, channels); raises FileError for what cannot be read so.

    It is decoded when it is first read, where the head of the file alone says what it will be.
    """
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # those above twice its limit are errors
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":  # of which the first picture is the one shown
            message, cure = f"{path} holds {frames} frames", "Save one frame, or all as the pages of a TIFF."
            raise FileError(Fault("image-frames", message, cure=cure, file=str(path)))
        form = plain_form(image, png_depth(path)[0], request)
    if form is None:
        return pixels_of(path, request)
    shape, dtype = form
    return LazyArray(shape, np.dtype(dtype), lambda: pixels_of(path, request))


def plain_form(image: Image.Image, depth: int, request: ReadRequest) -> tuple[tuple[int, ...], type[np.generic]] | None:
    """Returns the shape and the type of what a picture gives; None where they depend on its pixels."""
    dtype = np.uint16 if depth == 16 or image.mode.startswith("I;16") else PLAIN.get(image.mode)
    if dtype is None or (image.mode == "RGB" and request.channels == 1 and not request.mask) or "A" in image.mode:
        return None
    width, height = image.size
    size = (width, height) if image.getexif().get(TAG, 1) in (5, 6, 7, 8) else (height, width)
    colour = image.mode == "RGB" or (request.channels == 3 and not request.mask)
    return (*size, 3) if colour else size, dtype


def pixels_of(path: Path, request: ReadRequest) -> NDArray[Any]:
    """Returns the numbers of a picture, of one frame."""
    depth, colour_type = png_depth(path)
    with Image.open(path) as image:
        if depth == 16:
            pixels = require_package("imagecodecs", path).png_decode(path.read_bytes())
        else:
            pixels = decoded(path, image, request.mask)
        orientation = image.getexif().get(TAG, 1)
    if colour_type == GREY_PNG and depth in (2, 4):
        pixels = pixels // (255 // (2**depth - 1))  # Pillow spreads them over 0 … 255
    return in_channels(path, displayed(pixels, orientation), request)


def png_depth(path: Path) -> tuple[int, int]:
    """Returns the bits of a sample of a PNG and its colour type; zeros for other files."""
    with path.open("rb") as file:
        head = file.read(26)
    return (head[24], head[25]) if head.startswith(PNG) and len(head) == 26 else (0, 0)


def decoded(path: Path, image: Image.Image, mask: bool) -> NDArray[Any]:
    """Returns the numbers of a picture of 8 bit, of 16 in grey, or of floats; those of a palette as said above."""
    mode = "I" if image.mode.startswith("I;16") else image.mode
    if mode not in MODES:
        what = "printing inks" if mode == "CMYK" else "colours" if mode in INKS else "pixels"
        message, cure = f"{path} holds {what} of the mode {mode}", "Save it in grey or RGB."
        raise FileError(Fault("image-colour", message, cure=cure, file=str(path)))
    if mode in ("P", "PA"):
        return of_palette(image, mask)
    pixels = np.asarray(image)
    return pixels.astype(np.uint8) if pixels.dtype == bool else pixels


def of_palette(image: Image.Image, mask: bool) -> NDArray[Any]:
    """Returns the indexes of a palette, or its colours: grey levels where all are grey."""
    colours = np.asarray(image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"))
    grey = bool((colours[..., :3] == colours[..., :1]).all())
    if mask and not (grey and image.format == "GIF"):  # a GIF has a palette even where grey levels were saved
        return np.asarray(image)[..., 0] if image.mode == "PA" else np.asarray(image)
    if grey:
        return colours[..., [0, 3]] if colours.shape[-1] == 4 else colours[..., 0]
    return colours


def in_channels(path: Path, pixels: NDArray[Any], request: ReadRequest) -> NDArray[Any]:
    """Returns pixels without an alpha channel that says nothing, and grey as the three equal channels that it is."""
    pixels = without_alpha(path, pixels, request)
    if request.mask:
        return pixels
    if request.channels == 1 and pixels.ndim == 3 and pixels.shape[-1] == 3 and (pixels == pixels[..., :1]).all():
        return pixels[..., 0]
    if request.channels == 3 and pixels.ndim == 2:
        return np.broadcast_to(pixels[..., None], (*pixels.shape, 3))
    return pixels


def without_alpha(path: Path, pixels: NDArray[Any], request: ReadRequest) -> NDArray[Any]:
    """Returns pixels (…, 2 or 4) without their alpha unless it is asked for; raises FileError where it says something.

    In masks it never does.
    """
    found = pixels.shape[-1] if pixels.ndim == 3 else 1
    if found not in (2, 4) or (found == request.channels and not request.mask):
        return pixels
    full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    if request.mask or bool((pixels[..., -1] == full).all()):
        return pixels[..., 0] if found == 2 else pixels[..., :-1]
    if request.channels is None:
        return pixels
    raise transparent(path, found, request)


def transparent(path: Path, found: int, request: ReadRequest) -> FileError:
    """Returns the error for a picture whose alpha says something, and is not asked for."""
    take = list(range(found - 1))
    message = f"{path} is partly transparent: it has {found} channels, the last is alpha"
    cure = f"To leave alpha out: channels={{count: {found}, take: {take}}}. Or save it without."
    if request.trained:
        cure = "Save it without alpha."
    return FileError(Fault("channels", message, cure=cure, file=str(path)))
