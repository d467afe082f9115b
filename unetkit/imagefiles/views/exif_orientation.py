"""Display orientation of stored pictures: the EXIF and TIFF tag Orientation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.views.arrays import ArrayView

TAG = 274
"""The tag Orientation, in EXIF and in TIFF."""
TRANSPOSED = (5, 6, 7, 8)
"""Orientations that exchange rows and columns."""


def displayed(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Stored pixels (rows, columns, …) as they are displayed; orientations beyond 1 … 8 change nothing.

    >>> displayed(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation in TRANSPOSED:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.asarray(pixels)


def _stored_part(part: tuple[slice, ...], size: tuple[int, ...], orientation: int) -> tuple[slice, ...]:
    """The place, in the stored picture, of a part (rows, columns) of the displayed picture of some size.

    >>> _stored_part((slice(0, 1), slice(0, 2)), (2, 3), 6)
    (slice(1, 3, None), slice(0, 1, None))
    """
    rows, columns = (slice(*extent.indices(n)[:2]) for extent, n in zip(part, size, strict=True))
    if orientation in (3, 4, 7, 8):
        rows = slice(size[0] - rows.stop, size[0] - rows.start)
    if orientation in (2, 3, 6, 7):
        columns = slice(size[1] - columns.stop, size[1] - columns.start)
    return (columns, rows) if orientation in TRANSPOSED else (rows, columns)


@dataclass(frozen=True)
class DisplayedArray(ArrayView):
    """An array with the rows and columns, axes `row_axis` and the next, as they are displayed."""

    orientation: int
    row_axis: int

    @property
    def shape(self) -> tuple[int, ...]:
        shape = list(self.array.shape)
        if self.orientation in TRANSPOSED:
            shape[self.row_axis], shape[self.row_axis + 1] = shape[self.row_axis + 1], shape[self.row_axis]
        return tuple(shape)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        start, end = self.row_axis, self.row_axis + 2
        source = _stored_part(part[start:end], self.shape[start:end], self.orientation)
        block = np.asarray(self.array[(*part[:start], *source, *part[end:])])
        return np.moveaxis(
            displayed(np.moveaxis(block, (start, start + 1), (0, 1)), self.orientation), (0, 1), (start, start + 1)
        )
