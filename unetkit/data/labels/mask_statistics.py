"""What stands in the masks of a data set, counted over all of them: from it their kind is recognised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 1 << 16
"""Different numbers or colours that are counted."""
FEW = 8
"""Different numbers in a mask up to which it is remembered which stand together."""
EXAMINED = 16
"""Masks whose numbers are looked at for whether each is one object."""


@dataclass
class MaskStatistics:
    """The numbers and colours of masks with their pixels; masks are added by several threads.

    `nonzero` has for each mask how many numbers above 0 it holds, and whether they are 1, 2, … without a gap.
    """

    numbers: Counter[int] = field(default_factory=Counter)
    colours: Counter[int] = field(default_factory=Counter)
    nonzero: list[tuple[int, bool]] = field(default_factory=list)
    together: set[frozenset[int]] = field(default_factory=set)
    """The numbers that stand in one mask, of masks with few."""
    connected: bool = True
    """Whether each number above 0 is one connected object in every mask that was looked at."""
    jpeg: bool = False
    """Whether a mask is a JPEG file, which changes numbers near the borders of objects."""
    closed: bool = False
    lock: Any = field(default_factory=Lock, repr=False, compare=False)

    def add(self, mask: NDArray[Any], found: NDArray[Any], counts: NDArray[Any], where: str) -> None:
        """Adds a mask that holds these numbers, each in so many pixels."""
        if self.closed:
            return
        above = [int(value) for value in found if value != 0]
        examined = self.connected and len(above) > 1 and len(self.nonzero) < EXAMINED
        connected = not examined or is_connected(mask, above)
        with self.lock:
            self.count(self.numbers, found, counts, where)
            if len(found) <= FEW and len(self.together) < MOST:
                self.together.add(frozenset(found.tolist()))
            self.nonzero.append((len(above), above == list(range(1, len(above) + 1))))
            self.connected &= connected

    def add_colours(self, found: NDArray[Any], counts: NDArray[Any], where: str) -> None:
        """Adds a mask that holds these colours, each as one number."""
        if not self.closed:
            with self.lock:
                self.count(self.colours, found, counts, where)

    def count(self, into: Counter[int], found: NDArray[Any], counts: NDArray[Any], where: str) -> None:
        """Counts what a mask holds."""
        self.jpeg |= where.lower().endswith((".jpg", ".jpeg"))
        if len(into) < MOST:
            into.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))


def is_connected(mask: NDArray[Any], values: list[int]) -> bool:
    """Whether each of some numbers above 0 is one connected object in a mask; negative ones are none.

    >>> is_connected(np.array([[1, 0, 2], [1, 0, 2]]), [1, 2]), is_connected(np.array([[1, 0, 1]]), [1])
    (True, False)
    """
    try:
        from scipy.ndimage import generate_binary_structure, label
    except ImportError:  # it comes with what trains; without it objects are not recognised
        return False
    if values[0] < 0:
        return False
    touching = generate_binary_structure(mask.ndim, mask.ndim)
    order = np.argsort(mask, axis=None, kind="stable")
    ends = np.searchsorted(mask.ravel()[order], values, side="right")
    starts = np.searchsorted(mask.ravel()[order], values, side="left")
    for start, end in zip(starts, ends, strict=True):
        places = np.stack(np.unravel_index(order[start:end], mask.shape))
        low, high = places.min(1), places.max(1) + 1
        box = np.zeros(high - low, bool)
        box[tuple(places - low[:, None])] = True
        if label(box, touching)[1] > 1:
            return False
    return True
