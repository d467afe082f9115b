"""NIfTI volumes: the affine of the image is that of the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.axes import asked_letters, check_channels, layout_of, size_text
from unetkit.imagefiles.guard import needed
from unetkit.imagefiles.images import Images, Stored
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.request import Request
from unetkit.imagefiles.result import Filled, ResultAxes
from unetkit.imagefiles.target import Target
from unetkit.spatial import Geometry
from unetkit.spatial.units import unit_named
from unetkit.writing import placed

AXES = "XYZCS"
"""The fourth axis has channels unless the key `axes` says that it counts images; of vectors the fifth has them."""


@contextmanager
def opened(path: Path, request: Request) -> Iterator[Images]:
    """Gives the volume, or its slices along the last axis for a 2D network, in the order X, Y, Z of the file."""
    nibabel = needed("nibabel", path)
    image = nibabel.load(path)
    shape = tuple(image.shape)
    if not 0 < len(shape) <= len(AXES):
        message = f"{path} ({size_text(shape)}) has {len(shape)} axes"
        raise FileError(Fault("image-dims", message, cure="Give volumes of 3 to 5 axes.", file=str(path)))
    said = AXES[: min(3, len(shape))] + "?" * (len(shape) - 3)
    letters = (None if request.axes is None else asked_letters(path, shape, request, said)) or AXES[: len(shape)]
    layout = layout_of(path, shape, letters, request.dims, order="XYZ")
    check_channels(path, shape, letters, layout, request.channels)
    check_type(path, np.dtype(image.get_data_dtype()))
    compressed = path.suffix.lower() == ".gz"
    array: Stored = np.asarray(image.dataobj) if compressed else image.dataobj
    located = (*layout.spatial, *(axis for axis in layout.stack if axis < 3))
    geometry = geometry_of(path, image).of_axes(located)
    yield Images(path, array, layout, letters, geometry, located, {"header": image.header, "affine": image.affine})


def geometry_of(path: Path, image: Any) -> Geometry:
    """Returns where the voxels lie, per axis of the file, as far as it says; raises FileError for a broken affine."""
    unit = unit_named(image.header.get_xyzt_units()[0])
    count = min(3, len(image.shape))
    try:
        if not (image.header["qform_code"] or image.header["sform_code"]):  # its affine would be made up
            return Geometry(tuple(map(float, image.header.get_zooms()[:count])), unit)
        return Geometry.from_affine(image.affine, count, unit=unit)
    except ValueError as error:
        cure = "Mend the header: its affine must give each axis a direction."
        raise FileError(Fault("geometry", f"{path}: {error}", cure=cure, file=str(path))) from error


@contextmanager
def made(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[Target]:
    """Gives a target that becomes a volume when it is filled, with the affine and the units of the image."""
    nibabel = needed("nibabel", path)
    result = ResultAxes.of(images, channels, channel_before="")
    with placed(path) as growing:
        filled = np.zeros(result.shape, dtype)
        yield Filled(filled, result)
        header = images.kept["header"].copy()
        header.set_data_dtype(dtype)
        header.set_slope_inter(1, 0)
        nibabel.save(nibabel.Nifti1Image(filled, images.kept["affine"], header), growing)
