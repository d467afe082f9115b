"""The numbers and colours in the masks of a data set, counted over all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_VALUES = 1 << 16
"""Different numbers or colours that are counted."""
_MAX_COMBINATION = 8
"""Masks with more different numbers are not recorded in `combinations`."""
_MAX_EXAMINED = 16
"""Masks that are examined for connected objects."""
_FEW = 12
_PIECE = 1 << 18
"""Numbers that are counted at a time; the working memory fits in the processor's cache."""


def count_values(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The different numbers in an array, sorted, and their counts; small integers are not sorted for it.

    >>> count_values(np.array([[0, 7], [7, -100]], np.int16))
    (array([-100,    0,    7], dtype=int16), array([1, 1, 2]))
    """
    if array.dtype.kind not in "iu" or array.dtype.itemsize > 2 or not array.size:
        return np.unique(array, return_counts=True)
    flat, low, high = array.ravel(order="K"), int(array.min()), int(array.max())
    if high - low < _FEW:  # faster than widening each number to an index
        counts = np.array([np.count_nonzero(flat == value) for value in range(low, high + 1)], np.int64)
    else:
        counts = np.zeros(high - low + 1, np.int64)
        for start in range(0, flat.size, _PIECE):
            part = np.bincount(flat[start : start + _PIECE].astype(np.int64) - low)
            counts[: len(part)] += part
    values = np.flatnonzero(counts)
    return (values + low).astype(array.dtype), counts[values]


@dataclass
class MaskStatistics:
    """The numbers and colours of masks with their pixel counts; several threads add masks.

    `nonzero` has for each mask how many numbers above 0 it holds, and whether they are 1, 2, … without a gap.
    """

    numbers: Counter[int] = field(default_factory=Counter)
    colours: Counter[int] = field(default_factory=Counter)
    nonzero: list[tuple[int, bool]] = field(default_factory=list)
    combinations: set[frozenset[int]] = field(default_factory=set)
    """The numbers that occur in the same mask, for masks with few numbers."""
    connected: bool = True
    """Whether each number above 0 is one connected object in every examined mask."""
    jpeg: bool = False
    """Whether a mask is a JPEG file, which changes numbers near the borders of objects."""
    closed: bool = False
    lock: Any = field(default_factory=Lock, repr=False, compare=False)

    def add(self, mask: NDArray[Any], values: NDArray[Any], counts: NDArray[Any], file: str) -> None:
        """Adds a mask with the numbers in it and their counts."""
        if self.closed:
            return
        nonzero = [int(value) for value in values if value != 0]
        examined = self.connected and len(nonzero) > 1 and len(self.nonzero) < _MAX_EXAMINED
        connected = not examined or _is_connected(mask, nonzero)
        with self.lock:
            self._count(self.numbers, values, counts, file)
            if len(values) <= _MAX_COMBINATION and len(self.combinations) < _MAX_VALUES:
                self.combinations.add(frozenset(values.tolist()))
            self.nonzero.append((len(nonzero), nonzero == list(range(1, len(nonzero) + 1))))
            self.connected &= connected

    def add_colours(self, values: NDArray[Any], counts: NDArray[Any], file: str) -> None:
        """Adds a mask with the colours in it, each as one number, and their counts."""
        if not self.closed:
            with self.lock:
                self._count(self.colours, values, counts, file)

    def _count(self, total: Counter[int], values: NDArray[Any], counts: NDArray[Any], file: str) -> None:
        self.jpeg |= file.lower().endswith((".jpg", ".jpeg"))
        if len(total) < _MAX_VALUES:
            total.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))


def _is_connected(mask: NDArray[Any], values: list[int]) -> bool:
    """Whether each of some numbers above 0 is one connected object in a mask; negative numbers are no objects.

    >>> _is_connected(np.array([[1, 0, 2], [1, 0, 2]]), [1, 2]), _is_connected(np.array([[1, 0, 1]]), [1])
    (True, False)
    """
    try:
        from scipy.ndimage import generate_binary_structure, label
    except ImportError:  # installed for training; without it objects are not recognised
        return False
    if values[0] < 0:
        return False
    neighbours = generate_binary_structure(mask.ndim, mask.ndim)
    order = np.argsort(mask, axis=None, kind="stable")
    ends = np.searchsorted(mask.ravel()[order], values, side="right")
    starts = np.searchsorted(mask.ravel()[order], values, side="left")
    for start, end in zip(starts, ends, strict=True):
        places = np.stack(np.unravel_index(order[start:end], mask.shape))
        low, high = places.min(1), places.max(1) + 1
        box = np.zeros(high - low, bool)
        box[tuple(places - low[:, None])] = True
        if label(box, neighbours)[1] > 1:
            return False
    return True
