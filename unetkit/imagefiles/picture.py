"""PNG, JPEG and BMP pictures, which are read and written whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from unetkit.errors import Fault, FileError
from unetkit.imagefiles import numpyfile
from unetkit.imagefiles.kinds import Origin, unreadable
from unetkit.imagefiles.layout import Images, Layout
from unetkit.imagefiles.target import Target
from unetkit.writing import placed

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # more than 8 bits: a conversion to "L" would clip them


@contextmanager
def opened(path: Path, dims: int, channels: int) -> Iterator[Images]:
    """Gives a picture in grey or colour, as `channels` asks; raises FileError where it cannot be read."""
    if dims != 2 or channels not in MODES:
        message = f"{path}: a picture is 2D with 1, 3 or 4 channels, the network takes {dims}D with {channels}"
        raise FileError(Fault("channels", message, cure="Give NumPy files."))
    try:
        with Image.open(path) as image:
            deep = image.mode in DEEP_MODES and channels == 1
            pixels = np.asarray(image if deep else image.convert(MODES[channels]))
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise unreadable(path, error) from error
    yield Images(pixels, Layout(None, 2 if channels > 1 else None, (0, 1)))


@contextmanager
def made(path: Path, origin: Origin, shape: tuple[int, ...], dtype: Any) -> Iterator[Target]:
    """Gives an array that becomes a grey PNG when it is filled; probabilities become a NumPy file."""
    if path.suffix == ".npy":
        with numpyfile.made(path, origin, shape, dtype) as target:
            yield target
        return
    with placed(path) as growing:
        pixels = np.zeros(shape, dtype)
        yield pixels
        Image.fromarray(pixels).save(growing, "PNG")
