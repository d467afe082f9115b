"""How a stored picture is turned to be displayed: the EXIF and TIFF tag Orientation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TAG = 274
"""Orientation, in EXIF and in TIFF."""


def displayed(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Returns stored pixels (rows, columns, …) as they are displayed; an orientation beyond 1 … 8 is none.

    >>> displayed(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.asarray(pixels)


def stored_part(part: tuple[slice, ...], size: tuple[int, ...], orientation: int) -> tuple[slice, ...]:
    """Returns where a part (rows, columns) of the displayed picture of a size lies in the stored one.

    >>> stored_part((slice(0, 1), slice(0, 2)), (2, 3), 6)
    (slice(1, 3, None), slice(0, 1, None))
    """
    rows, columns = (slice(*one.indices(n)[:2]) for one, n in zip(part, size, strict=True))
    if orientation in (3, 4, 7, 8):
        rows = slice(size[0] - rows.stop, size[0] - rows.start)
    if orientation in (2, 3, 6, 7):
        columns = slice(size[1] - columns.stop, size[1] - columns.start)
    return (columns, rows) if orientation >= 5 else (rows, columns)
