"""Pictures as they are displayed (PNG, JPEG, BMP, GIF, WebP): modes, palettes, bit depths, alpha and orientation.

A palette is read as indexes in masks and as colours in images. Grey levels of 1, 2, 4, 8 and 16 bits are the numbers in
the file: 0 … 1, 0 … 3, 0 … 15, 0 … 255, 0 … 65535.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import find_axes
from unetkit.imagefiles.formats import numpy_file
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, ReadRequest, StoredArray
from unetkit.imagefiles.numbers import UNCHECKED_BYTES, check_ratio
from unetkit.imagefiles.result import ArrayWriter, ResultAxes, ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.imagefiles.views.exif_orientation import TAG, TRANSPOSED, displayed
from unetkit.writing import placed

PNG = b"\x89PNG\r\n\x1a\n"
_GREY_PNG = 0
"""The PNG colour type of grey levels without alpha."""
_MODES = ("1", "L", "F", "I", "P", "LA", "PA", "RGB", "RGBA")
"""The Pillow modes that are supported."""
_FIXED_TYPES: dict[str, type[np.generic]] = {"1": np.uint8, "L": np.uint8, "RGB": np.uint8, "F": np.float32}
"""The types of the modes that depend on nothing else in the file."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Opens a picture with the requested channels."""
    check_dims(path, request)
    pixels = _read(path, request)
    letters, layout = find_axes(path, pixels.shape, request, "YXC"[: len(pixels.shape)])
    yield Images(path, pixels, layout, letters)


def check_dims(path: Path, request: ReadRequest) -> None:
    """Raises FileError where images are not 2D."""
    if request.dims != 2:
        message = f"{path}: a picture is 2D, the network takes {request.dims}D"
        cure = "Give volumes as NIfTI, TIFF, NumPy or Zarr, curves as NumPy."
        raise FileError(Fault("image-dims", message, cure=cure, file=str(path)))


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Creates a grey PNG for classes, a NumPy file with channels first for probabilities."""
    if path.suffix == ".npy":
        with numpy_file.create_array(path, ResultAxes.of(images, channels, in_place=False), dtype) as writer:
            yield writer
        return
    result = ResultAxes.of(images, channels)
    with placed(path) as growing:
        pixels = np.zeros(result.shape, dtype)
        yield ArrayWriter(pixels, result)
        Image.fromarray(pixels).save(growing, "PNG")


def _read(path: Path, request: ReadRequest) -> StoredArray:
    """A picture (height, width) or (height, width, channels), decoded at first use where its header gives its form."""
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # above twice the limit it is an error
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":  # of an MPO the first picture is the one displayed
            message, cure = f"{path} holds {frames} frames", "Save one frame, or all as the pages of a TIFF."
            raise FileError(Fault("image-frames", message, cure=cure, file=str(path)))
        depth = png_format(path)[0]
        bands = (*image.size[::-1], len(image.getbands()))
        if prod(bands) > UNCHECKED_BYTES:
            check_ratio(path, bands, np.dtype(np.uint8))
        form = _form_of(image, depth, request)
    if form is None:
        return _decode(path, request)
    shape, dtype = form
    return LazyArray(shape, np.dtype(dtype), lambda: _decode(path, request))


def _form_of(image: Image.Image, depth: int, request: ReadRequest) -> tuple[tuple[int, ...], type[np.generic]] | None:
    """The shape and type of a decoded picture; None where they depend on its pixels."""
    dtype = np.uint16 if depth == 16 or image.mode.startswith("I;16") else _FIXED_TYPES.get(image.mode)
    if dtype is None or (image.mode == "RGB" and request.channels == 1 and not request.mask) or "A" in image.mode:
        return None
    size = displayed_size(image)
    colour = image.mode == "RGB" or (request.channels == 3 and not request.mask)
    return (*size, 3) if colour else size, dtype


def displayed_size(image: Image.Image) -> tuple[int, int]:
    """The height and width of a picture as it is displayed."""
    width, height = image.size
    return (width, height) if image.getexif().get(TAG, 1) in TRANSPOSED else (height, width)


def png_format(path: Path) -> tuple[int, int]:
    """The bits per sample of a PNG and its colour type; zeros for other files."""
    with path.open("rb") as file:
        header = file.read(26)
    return (header[24], header[25]) if header.startswith(PNG) and len(header) == 26 else (0, 0)


def _decode(path: Path, request: ReadRequest) -> NDArray[Any]:
    depth, colour_type = png_format(path)
    with Image.open(path) as image:
        if depth == 16:
            pixels = require_package("imagecodecs", path).png_decode(path.read_bytes())
        else:
            pixels = _decode_mode(path, image, request.mask)
        orientation = image.getexif().get(TAG, 1)
    if colour_type == _GREY_PNG and depth in (2, 4):
        pixels = pixels // (255 // (2**depth - 1))  # Pillow spreads them over 0 … 255
    return _with_channels(path, displayed(pixels, orientation), request)


def _decode_mode(path: Path, image: Image.Image, mask: bool) -> NDArray[Any]:
    mode = "I" if image.mode.startswith("I;16") else image.mode
    if mode not in _MODES:
        message, cure = f"{path} has the unsupported colour mode {mode}", "Save it in grey or RGB."
        raise FileError(Fault("image-colour", message, cure=cure, file=str(path)))
    if mode in ("P", "PA"):
        return _decode_palette(image, mask)
    pixels = np.asarray(image)
    return pixels.astype(np.uint8) if pixels.dtype == bool else pixels


def _decode_palette(image: Image.Image, mask: bool) -> NDArray[Any]:
    """The indexes of a picture with a palette, or its colours: grey levels where all are grey."""
    colours = np.asarray(image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"))
    grey = bool((colours[..., :3] == colours[..., :1]).all())
    if mask and not (grey and image.format == "GIF"):  # a GIF has a palette even where grey levels were saved
        return np.asarray(image)[..., 0] if image.mode == "PA" else np.asarray(image)
    if grey:
        return colours[..., [0, 3]] if colours.shape[-1] == 4 else colours[..., 0]
    return colours


def _with_channels(path: Path, pixels: NDArray[Any], request: ReadRequest) -> NDArray[Any]:
    """Pixels with the requested channels, where nothing is lost: opaque alpha goes, grey becomes three channels."""
    pixels = _without_alpha(path, pixels, request)
    if request.mask:
        return pixels
    if request.channels == 1 and pixels.ndim == 3 and pixels.shape[-1] == 3 and (pixels == pixels[..., :1]).all():
        return pixels[..., 0]
    if request.channels == 3 and pixels.ndim == 2:
        return np.broadcast_to(pixels[..., None], (*pixels.shape, 3))
    return pixels


def _without_alpha(path: Path, pixels: NDArray[Any], request: ReadRequest) -> NDArray[Any]:
    """Pixels without alpha, unless it is requested; raises FileError for an image that is not opaque."""
    channels = pixels.shape[-1] if pixels.ndim == 3 else 1
    if channels not in (2, 4) or (channels == request.channels and not request.mask):
        return pixels
    opaque = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    if request.mask or bool((pixels[..., -1] == opaque).all()):
        return pixels[..., 0] if channels == 2 else pixels[..., :-1]
    if request.channels is None:
        return pixels
    raise transparent(path, channels, request)


def transparent(path: Path, channels: int, request: ReadRequest) -> FileError:
    """The error for a picture that is not opaque, and whose alpha is not requested."""
    message = f"{path} is partly transparent: it has {channels} channels, the last is alpha"
    cure = f"To ignore alpha: channels={{count: {channels}, take: {list(range(channels - 1))}}}. Or save it without."
    if request.trained:
        cure = "Save it without alpha."
    return FileError(Fault("channels", message, cure=cure, file=str(path)))
