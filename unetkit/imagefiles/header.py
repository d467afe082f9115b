"""What an image file says of itself before its numbers are read."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.file_formats import format_of, open_images
from unetkit.imagefiles.guard import guarded
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.views.exif_orientation import TAG

PLAIN = {"L": (1, "YX"), "RGB": (3, "YX")}
"""Modes of pictures whose channels need no look at their pixels."""
TURNED = (5, 6, 7, 8)
"""Orientations that exchange rows and columns."""


class ImageHeader(NamedTuple):
    """How many images a file has, the channels, size and axes of each, and the type of its numbers."""

    num_images: int
    channels: int
    size: tuple[int, ...]
    axes: str
    dtype: np.dtype[np.generic]

    @property
    def num_bytes(self) -> int:
        """The bytes of all numbers of the file as they are stored."""
        return self.num_images * self.channels * prod(self.size) * self.dtype.itemsize


def read_header(path: Path, request: ReadRequest) -> ImageHeader:
    """Returns what a file holds, read as is requested; raises FileError where it cannot be read so."""
    with guarded(path):
        found = of_picture(path, request) if format_of(path).module == "picture" else None
    if found is not None:
        return found
    with open_images(path, request) as images:
        return ImageHeader(images.count, images.channels, images.size, images.axes, images.dtype)


def of_picture(path: Path, request: ReadRequest) -> ImageHeader | None:
    """Returns the header of a grey or colour picture of 8 bits, None where its pixels are to be looked at."""
    if request.dims != 2:
        message = f"{path}: a picture is 2D, the network takes {request.dims}D"
        raise FileError(Fault("image-dims", message, cure="Give volumes as NIfTI, TIFF, NumPy or Zarr."))
    if not path.is_file():
        return None
    with Image.open(path) as image:
        if image.mode not in PLAIN or getattr(image, "n_frames", 1) > 1 or image.format == "PNG" and deep(path):
            return None
        channels, axes = PLAIN[image.mode]
        size = image.size if image.getexif().get(TAG, 1) in TURNED else image.size[::-1]
    if request.channels not in (None, channels):
        return None
    return ImageHeader(1, channels, size, axes, np.dtype(np.uint8))


def deep(path: Path) -> bool:
    """Whether a PNG has other than 8 bits per sample."""
    with path.open("rb") as file:
        return file.read(25)[-1:] != b"\x08"
