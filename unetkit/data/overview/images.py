"""Pictures that are written: class maps, sheets, figures."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unetkit.writing import write_whole


def write_levels(levels: NDArray[Any], file: Path) -> None:
    """Writes whole numbers 0 … 255 (height, width), classes or grey levels, as a grey PNG."""
    write_image(Image.fromarray(levels.astype(np.uint8)), file)


def write_image(image: Image.Image, file: Path) -> None:
    """Writes an image as PNG, whole or not at all."""
    png = BytesIO()
    image.save(png, "PNG", optimize=True)
    write_whole(file, png.getvalue())
