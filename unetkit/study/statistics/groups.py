"""Groups of test images that belong together, such as the slices of a patient: intervals resample whole groups."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SLICE = re.compile(r"\[\d+\]$")
"""The number of a slice within its file, at the end of its name."""


def grouped(images: Sequence[str], pattern: str = "") -> NDArray[np.int64]:
    """The number of the group of each image.

    `pattern` is that of a split by groups, such as `{group}_*`. Without one, the images of one file are a group, and so
    is an image that the pattern does not match.

    >>> grouped(["p1_a", "p1_b", "p2_a", "alone"], "{group}_*").tolist()
    [0, 0, 1, 2]
    >>> grouped(["scan.nii[0]", "scan.nii[1]", "other.nii[0]"]).tolist()
    [0, 0, 1]
    """
    names: list[str | tuple[str]] = [(_SLICE.sub("", image),) for image in images]
    if pattern:
        from unetkit.data.splits.split import GroupSplit

        found = GroupSplit(by=pattern).groups(images)
        names = [(image,) if group is None else group for image, group in zip(images, found, strict=True)]
    places: dict[str | tuple[str], int] = {}
    return np.array([places.setdefault(name, len(places)) for name in names], np.int64)
