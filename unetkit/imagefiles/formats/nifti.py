"""NIfTI volumes: the result has the affine of the image."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import check_channels, layout_of, letters_of_key
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, ReadRequest, StoredArray
from unetkit.imagefiles.numbers import check_length, check_memory, check_ratio, check_type
from unetkit.imagefiles.result import ArrayWriter, ResultAxes, ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.spatial import Geometry
from unetkit.spatial.units import unit_named
from unetkit.wording import size_text
from unetkit.writing import placed

AXES = "XYZCS"
"""The fourth axis has channels unless the key `axes` says otherwise; of vectors the fifth has them."""
_CHUNK = 1 << 22
"""Bytes that are decoded at a time."""
DECODED_BYTES = 256_000_000
"""Compressed volumes up to this size are decoded once into memory, larger ones into an unnamed temporary file."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Opens a volume, or its slices along the last axis for a 2D network, in the order X, Y, Z of the file."""
    nibabel = require_package("nibabel", path)
    nibabel.imageglobals.logger.disabled = True  # it would print what it corrects in a header beside our messages
    image = nibabel.load(path)
    check_type(path, np.dtype(image.get_data_dtype()))
    letters = _letters(path, tuple(image.shape), request)
    layout = layout_of(path, image.shape, letters, request.dims, order="XYZ")
    check_channels(path, image.shape, letters, layout, request)
    located = (*layout.spatial, *(axis for axis in layout.stack if axis < 3))
    volume_geometry = _geometry(path, image)
    geometry = None if volume_geometry is None else volume_geometry.of_axes(located)
    metadata = {"class": type(image), "header": image.header, "affine": image.affine}
    with ExitStack() as stack:
        array = _array(path, image, stack)
        yield Images(path, array, layout, letters, geometry, located if geometry else (), metadata)


def _letters(path: Path, shape: tuple[int, ...], request: ReadRequest) -> str:
    """The letters of a volume's axes; raises FileError where the key contradicts them, or there are too many."""
    if not 0 < len(shape) <= len(AXES):
        message = f"{path} ({size_text(shape)}) has {len(shape)} axes"
        raise FileError(Fault("image-dims", message, cure="Give volumes with 3 to 5 axes.", file=str(path)))
    file_letters = AXES[: min(3, len(shape))] + "?" * (len(shape) - 3)
    letters = None if request.axes is None else letters_of_key(path, shape, request, file_letters)
    return letters or ("XYZTC" if len(shape) == 5 else AXES[: len(shape)])


def _geometry(path: Path, image: Any) -> Geometry | None:
    """The geometry per axis of the file, as far as the header gives it; raises FileError for a broken affine.

    A header without qform and sform gives distances only; distances of 1 without a unit were never set.
    """
    unit = unit_named(image.header.get_xyzt_units()[0])
    count = min(3, len(image.shape))
    try:
        if not (image.header["qform_code"] or image.header["sform_code"]):  # nibabel makes up an affine
            zooms = tuple(map(float, image.header.get_zooms()[:count]))
            unset = not all(zoom > 0 for zoom in zooms) or (not unit and set(zooms) == {1.0})
            return None if unset else Geometry(zooms, unit)
        return Geometry.from_affine(image.affine, count, unit=unit)
    except ValueError as error:
        cure = "Correct the header: the affine must give each axis a direction."
        raise FileError(Fault("geometry", f"{path}: {error}", cure=cure, file=str(path))) from error


@dataclass(frozen=True)
class NiftiArray:
    """The numbers of an uncompressed volume, scaled as its header says, read part by part."""

    proxy: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.proxy.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return _type_of(self.proxy)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.asarray(self.proxy[part])


def _type_of(proxy: Any) -> np.dtype[Any]:
    """The type of the numbers as nibabel returns them: that of the file unless they are scaled."""
    stored = np.dtype(proxy.dtype)
    return stored if (proxy.slope, proxy.inter) == (1, 0) else np.result_type(stored, np.float64)


def _array(path: Path, image: Any, stack: ExitStack) -> StoredArray:
    """The numbers of a volume; a compressed one is decoded once, at first use."""
    proxy, shape = image.dataobj, tuple(image.shape)
    if path.suffix.lower() != ".gz":
        check_length(path, int(proxy.offset), shape, np.dtype(proxy.dtype))
        return NiftiArray(proxy)
    dtype = _type_of(proxy)
    check_ratio(path, shape, dtype)
    if prod(shape) * dtype.itemsize <= DECODED_BYTES:
        check_memory(path, shape, dtype)
        return LazyArray(shape, dtype, lambda: _decode(path, proxy))

    def decompress() -> StoredArray:
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        left = int(proxy.offset) + prod(shape) * np.dtype(proxy.dtype).itemsize  # what follows is no part of the volume
        with gzip.open(path) as compressed:
            while left > 0 and (block := compressed.read(min(left, _CHUNK))):
                left -= copy.write(block)
        copy.seek(0)
        return NiftiArray(type(image).from_stream(copy).dataobj)

    return LazyArray(shape, dtype, decompress)


def _decode(path: Path, proxy: Any) -> NDArray[Any]:
    """The numbers of a compressed volume; unscaled ones are decoded in place, without a copy."""
    if (proxy.slope, proxy.inter) != (1, 0):
        return np.asarray(proxy)
    numbers: NDArray[Any] = np.empty(tuple(proxy.shape)[::-1], proxy.dtype)
    content, done = numbers.reshape(-1).view(np.uint8), 0
    with gzip.open(path) as compressed:
        compressed.seek(proxy.offset)
        while done < len(content):
            count = compressed.readinto(content[done : done + _CHUNK].data)
            if not count:
                raise ValueError(f"it ends after {done:,} of {len(content):,} bytes")
            done += count
    return numbers.T


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Creates a volume with the affine and the units of the image."""
    nibabel = require_package("nibabel", path)
    result = ResultAxes.of(images, channels, channel_before="")
    with placed(path) as growing:
        array = np.zeros(result.shape, dtype)
        yield ArrayWriter(array, result)
        header = images.metadata["header"].copy()
        header.set_data_dtype(dtype)
        header.set_slope_inter(1, 0)
        header.set_intent("none")
        header["cal_min"] = header["cal_max"] = 0  # the range that viewers display
        header.extensions.clear()
        nibabel.save(images.metadata["class"](array, images.metadata["affine"], header), growing)
