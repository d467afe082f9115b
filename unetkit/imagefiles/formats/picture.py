"""Pictures: PNG, JPEG, BMP, GIF and WebP, which are read and written whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import lay_out
from unetkit.imagefiles.formats import numpy_file as numpyfile
from unetkit.imagefiles.formats.pixels import picture
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.result import ArrayWriter, ResultAxes
from unetkit.imagefiles.target import ResultWriter
from unetkit.writing import placed


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Gives a picture as it is displayed, in its own numbers; raises FileError where it cannot be read."""
    if request.dims != 2:
        message = f"{path}: a picture is 2D, the network takes {request.dims}D"
        cure = "Give volumes as NIfTI, TIFF, NumPy or Zarr, curves as NumPy."
        raise FileError(Fault("image-dims", message, cure=cure, file=str(path)))
    pixels = picture(path, request)
    letters, layout = lay_out(path, pixels.shape, request, "YXC"[: len(pixels.shape)])
    yield Images(path, pixels, layout, letters)


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Gives a target that becomes a grey PNG when it is filled; probabilities become a NumPy file, channels first."""
    if path.suffix == ".npy":
        with numpyfile.filled(path, ResultAxes.of(images, channels, in_place=False), dtype) as target:
            yield target
        return
    result = ResultAxes.of(images, channels)
    with placed(path) as growing:
        pixels = np.zeros(result.shape, dtype)
        yield ArrayWriter(pixels, result)
        Image.fromarray(pixels).save(growing, "PNG")
