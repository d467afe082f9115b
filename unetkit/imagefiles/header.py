"""The header of an image file: number, channels, size, axes and type of its images, without their pixels."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from unetkit.imagefiles.file_formats import format_of, open_images
from unetkit.imagefiles.formats.picture import check_dims, displayed_size, png_format
from unetkit.imagefiles.guard import guarded
from unetkit.imagefiles.images import ReadRequest

_PICTURE_MODES = {"L": (1, "YX"), "RGB": (3, "YX")}
"""Channels and axes of the picture modes that are known without their pixels."""


class ImageHeader(NamedTuple):
    """The number of images in a file, the channels, size and axes of each, and the type of their numbers."""

    num_images: int
    channels: int
    size: tuple[int, ...]
    axes: str
    dtype: np.dtype[np.generic]

    @property
    def num_bytes(self) -> int:
        """The bytes of all numbers as they are stored."""
        return self.num_images * self.channels * prod(self.size) * self.dtype.itemsize


def read_header(path: Path, request: ReadRequest) -> ImageHeader:
    """The header of a file; raises FileError where the file cannot be read as requested."""
    with guarded(path):
        header = _picture_header(path, request) if format_of(path).module == "picture" else None
    if header is not None:
        return header
    with open_images(path, request) as images:
        return ImageHeader(images.count, images.channels, images.size, images.axes, images.dtype)


def _picture_header(path: Path, request: ReadRequest) -> ImageHeader | None:
    """The header of a grey or colour picture of 8 bits; None where it depends on the pixels."""
    check_dims(path, request)
    if not path.is_file():
        return None
    with Image.open(path) as image:
        other_depth = image.format == "PNG" and png_format(path)[0] != 8
        if image.mode not in _PICTURE_MODES or getattr(image, "n_frames", 1) > 1 or other_depth:
            return None
        channels, axes = _PICTURE_MODES[image.mode]
        size = displayed_size(image)
    if request.channels not in (None, channels):
        return None
    return ImageHeader(1, channels, size, axes, np.dtype(np.uint8))
