"""How often each number stands in an array: without sorting it where its numbers are small."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 12
PIECE = 1 << 18
"""Numbers that are counted together: what they need besides stays in the processor's cache."""


def counted(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Returns the different numbers of an array, in order and in its type, and how often each stands there.

    >>> counted(np.array([[0, 7], [7, -100]], np.int16))
    (array([-100,    0,    7], dtype=int16), array([1, 1, 2]))
    """
    if array.dtype.kind not in "iu" or array.dtype.itemsize > 2 or not array.size:
        return np.unique(array, return_counts=True)
    flat, low, high = array.ravel(order="K"), int(array.min()), int(array.max())
    if high - low < FEW:  # quicker than to widen each number for its place in a table
        counts = np.array([np.count_nonzero(flat == value) for value in range(low, high + 1)], np.int64)
    else:
        counts = np.zeros(high - low + 1, np.int64)
        for start in range(0, flat.size, PIECE):
            part = np.bincount(flat[start : start + PIECE].astype(np.int64) - low)
            counts[: len(part)] += part
    found = np.flatnonzero(counts)
    return (found + low).astype(array.dtype), counts[found]
