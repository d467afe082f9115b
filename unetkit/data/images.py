"""Pictures: masks in, class maps out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from unetkit.errors import Fault, FileError
from unetkit.writing import write_whole

PICTURES = (".png", ".jpg", ".jpeg", ".bmp")


def read_picture_mask(file: Path) -> NDArray[Any]:
    """Returns the numbers (height, width) of a grey or palette image, or the colours (height, width, 3) of another."""
    with opened(file) as image:
        if image.mode in ("RGBA", "CMYK", "YCbCr", "LAB", "HSV"):
            return np.asarray(image.convert("RGB"))
        return np.asarray(image.convert("L") if image.mode in ("LA", "La") else image)


@contextmanager
def opened(file: Path) -> Iterator[Image.Image]:
    """Opens an image; what goes wrong is a FileError that names the file."""
    try:
        with Image.open(file) as image:
            yield image
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise FileError(Fault("no-image", f"{file} cannot be read as an image: {error}")) from error


def write_levels(levels: NDArray[Any], file: Path) -> None:
    """Writes whole numbers 0 … 255 (height, width), classes or grey levels, as a grey PNG."""
    write_image(Image.fromarray(levels.astype(np.uint8)), file)


def write_image(image: Image.Image, file: Path) -> None:
    """Writes an image as PNG, whole or not at all."""
    png = BytesIO()
    image.save(png, "PNG", optimize=True)
    write_whole(file, png.getvalue())
