"""NIfTI volumes: the affine of the image is that of the result."""

from __future__ import annotations

import gzip
import shutil
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
from unetkit.imagefiles.axes import asked_letters, check_channels, layout_of
from unetkit.imagefiles.guard import require_package
from unetkit.imagefiles.images import Images, StoredArray
from unetkit.imagefiles.numbers import check_memory, check_ratio, check_type
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.result import ArrayWriter, ResultAxes
from unetkit.imagefiles.target import ResultWriter
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.spatial import Geometry
from unetkit.spatial.units import unit_named
from unetkit.wording import size_text
from unetkit.writing import placed

AXES = "XYZCS"
"""The fourth axis has channels unless the key `axes` says that it counts images; of vectors the fifth has them."""
CHUNK = 1 << 22
"""Bytes that are decoded at a time."""
DECODED_BYTES = 256_000_000
"""Compressed volumes up to this size are decoded once into memory; larger ones into a file that has no name."""


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Gives the volume, or its slices along the last axis for a 2D network, in the order X, Y, Z of the file."""
    nibabel = require_package("nibabel", path)
    nibabel.imageglobals.logger.disabled = True  # it would print what it mends in a head beside our own messages
    image = nibabel.load(path)
    check_type(path, np.dtype(image.get_data_dtype()))
    letters = letters_of(path, tuple(image.shape), request)
    layout = layout_of(path, image.shape, letters, request.dims, order="XYZ")
    check_channels(path, image.shape, letters, layout, request)
    located = (*layout.spatial, *(axis for axis in layout.stack if axis < 3))
    whole = geometry_of(path, image)
    geometry = None if whole is None else whole.of_axes(located)
    kept = {"class": type(image), "header": image.header, "affine": image.affine}
    with ExitStack() as stack:
        yield Images(path, numbers_of(path, image, stack), layout, letters, geometry, located if geometry else (), kept)


def letters_of(path: Path, shape: tuple[int, ...], request: ReadRequest) -> str:
    """Returns the letters of a volume's axes; raises FileError where the key says others, or there are too many."""
    if not 0 < len(shape) <= len(AXES):
        message = f"{path} ({size_text(shape)}) has {len(shape)} axes"
        raise FileError(Fault("image-dims", message, cure="Give volumes of 3 to 5 axes.", file=str(path)))
    said = AXES[: min(3, len(shape))] + "?" * (len(shape) - 3)
    asked = None if request.axes is None else asked_letters(path, shape, request, said)
    if asked is not None:
        return asked
    return "XYZTC" if len(shape) == 5 else AXES[: len(shape)]


def geometry_of(path: Path, image: Any) -> Geometry | None:
    """Returns where the voxels lie, per axis of the file, as far as it says; raises FileError for a broken affine.

    A header with neither form has distances alone: and nothing, where these are 1 in no unit, as nobody set them.
    """
    unit = unit_named(image.header.get_xyzt_units()[0])
    count = min(3, len(image.shape))
    try:
        if not (image.header["qform_code"] or image.header["sform_code"]):  # its affine would be made up
            zooms = tuple(map(float, image.header.get_zooms()[:count]))
            unset = not all(zoom > 0 for zoom in zooms) or (not unit and set(zooms) == {1.0})
            return None if unset else Geometry(zooms, unit)
        return Geometry.from_affine(image.affine, count, unit=unit)
    except ValueError as error:
        cure = "Mend the header: its affine must give each axis a direction."
        raise FileError(Fault("geometry", f"{path}: {error}", cure=cure, file=str(path))) from error


@dataclass(frozen=True)
class NiftiArray:
    """The numbers of a volume in a file that is not compressed, scaled as its header says, read part by part."""

    proxy: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the volume."""
        return tuple(self.proxy.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers: that of the file where they are not scaled."""
        return type_of(self.proxy)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.asarray(self.proxy[part])


def type_of(proxy: Any) -> np.dtype[Any]:
    """Returns the type of the numbers of a volume as nibabel gives them."""
    stored = np.dtype(proxy.dtype)
    return stored if (proxy.slope, proxy.inter) == (1, 0) else np.result_type(stored, np.float64)


def numbers_of(path: Path, image: Any, stack: ExitStack) -> StoredArray:
    """Returns the numbers of a volume; of a compressed one, decoded once, when they are first read."""
    if path.suffix.lower() != ".gz":
        return NiftiArray(image.dataobj)
    dtype = type_of(image.dataobj)
    check_ratio(path, image.shape, dtype)
    if prod(image.shape) * dtype.itemsize <= DECODED_BYTES:
        check_memory(path, image.shape, dtype)
        return LazyArray(tuple(image.shape), dtype, lambda: decoded(path, image.dataobj))

    def unpacked() -> StoredArray:
        """Returns the numbers in a copy of the file that is not compressed and goes with the last who reads it."""
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        with gzip.open(path) as packed:
            shutil.copyfileobj(packed, copy, CHUNK)
        copy.seek(0)
        return NiftiArray(type(image).from_stream(copy).dataobj)

    return LazyArray(tuple(image.shape), dtype, unpacked)


def decoded(path: Path, proxy: Any) -> NDArray[Any]:
    """Returns the numbers of a compressed volume; those that are not scaled are decoded in place, without a copy."""
    if (proxy.slope, proxy.inter) != (1, 0):
        return np.asarray(proxy)
    numbers: NDArray[Any] = np.empty(tuple(proxy.shape)[::-1], proxy.dtype)
    raw, done = numbers.reshape(-1).view(np.uint8), 0
    with gzip.open(path) as packed:
        packed.seek(proxy.offset)
        while done < len(raw):
            count = packed.readinto(raw[done : done + CHUNK].data)
            if not count:
                raise ValueError(f"it ends after {done:,} of {len(raw):,} bytes")
            done += count
    return numbers.T


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Gives a target that becomes a volume when it is filled, with the affine and the units of the image."""
    nibabel = require_package("nibabel", path)
    result = ResultAxes.of(images, channels, channel_before="")
    with placed(path) as growing:
        filled = np.zeros(result.shape, dtype)
        yield ArrayWriter(filled, result)
        header = images.kept["header"].copy()
        header.set_data_dtype(dtype)
        header.set_slope_inter(1, 0)
        header.set_intent("none")
        header["cal_min"] = header["cal_max"] = 0  # the range that viewers show
        header.extensions.clear()
        nibabel.save(images.kept["class"](filled, images.kept["affine"], header), growing)
