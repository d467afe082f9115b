"""Image files: grey levels in, class maps out."""

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

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # more than 8 bits: `convert("L")` would clip them


def image_files(folder: Path) -> dict[str, Path]:
    """Returns the image files of a folder by their stems, in the order of their names."""
    if not folder.is_dir():
        raise FileError(Fault("no-folder", f"{folder} is not a folder"))
    files: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            if file.stem in files:
                raise FileError(
                    Fault("twice", f"{folder} has {files[file.stem].name} and {file.name}", cure="Keep one.")
                )
            files[file.stem] = file
    if not files:
        raise FileError(Fault("no-images", f"{folder} has no images", cure=f"Read are: {', '.join(SUFFIXES)}."))
    return files


def read_image(file: Path, channels: int) -> NDArray[np.float32]:
    """Returns an image (channels, height, width) in its own grey levels, grey or colour as `channels` asks."""
    with opened(file) as image:
        if image.mode in DEEP_MODES and channels == 1:
            return np.asarray(image, np.float32)[None]
        if channels not in MODES:
            raise FileError(
                Fault("channels", f"{file}: an image file has 1, 3 or 4 channels, the network wants {channels}",
                      cure="Train from arrays instead: unetkit.train.fit.")
            )  # fmt: skip
        pixels = np.asarray(image.convert(MODES[channels]), np.float32)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def read_labels(file: Path) -> NDArray[np.int64]:
    """Returns a class per pixel (height, width) from a grey or palette image whose values are the class numbers."""
    with opened(file) as image:
        labels = np.asarray(image)
    if labels.ndim != 2:
        raise FileError(
            Fault(
                "mask-colours", f"{file} is a colour image", cure="A mask holds one class number per pixel: 0, 1, 2 …"
            )
        )
    return labels.astype(np.int64)


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
