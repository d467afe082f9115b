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
