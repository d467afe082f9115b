"""NIfTI volumes: the affine of the image is that of the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.kinds import Origin, needed, unreadable
from unetkit.imagefiles.layout import Images, Layout, Stored
from unetkit.imagefiles.target import Target
from unetkit.writing import placed


@contextmanager
def opened(path: Path, dims: int, channels: int) -> Iterator[Images]:
    """Gives the volume, or its slices along the last axis for a 2D network; the fourth axis has the channels.

    Raises FileError where it cannot be read.
    """
    nibabel = needed("nibabel", path)
    try:
        image = nibabel.load(path)
        compressed = path.suffix.lower() == ".gz"
        array: Stored = np.asarray(image.dataobj) if compressed else image.dataobj
    except (OSError, EOFError, ValueError, nibabel.filebasedimages.ImageFileError) as error:
        raise unreadable(path, error) from error
    shape = tuple(array.shape)
    spatial = 3 if len(shape) >= 3 else len(shape)
    found = shape[3] if len(shape) == 4 else 1
    if found != channels or len(shape) > 4 or spatial < dims or spatial > dims + 1:
        shown = "×".join(map(str, shape))
        raise FileError(Fault("channels", f"{path} ({shown}) does not hold {dims}D images of {channels} channels"))
    stack = dims if spatial > dims else None
    yield Images(array, Layout(stack, 3 if len(shape) == 4 else None, tuple(range(dims))))


@contextmanager
def made(path: Path, origin: Origin, shape: tuple[int, ...], dtype: Any) -> Iterator[Target]:
    """Gives an array that becomes a volume when it is filled, with the affine and the units of the image."""
    nibabel = needed("nibabel", path)
    original = nibabel.load(origin.path)
    with placed(path) as growing:
        filled = np.zeros(shape, dtype)
        yield filled
        header = original.header.copy()
        header.set_data_dtype(dtype)
        header.set_slope_inter(1, 0)
        volume = in_order(filled, min(3, len(original.shape)), origin.stacked)
        nibabel.save(nibabel.Nifti1Image(volume, original.affine, header), growing)


def in_order(filled: NDArray[Any], spatial: int, stacked: bool) -> NDArray[Any]:
    """Returns an array (*stack, *channels, *spatial) with its axes as in a NIfTI file: image, slices, channels."""
    first = filled.ndim - spatial + stacked  # axis of an image
    channel = [stacked * 1] if first > stacked else []
    return filled.transpose(*range(first, filled.ndim), *([0] if stacked else []), *channel)
