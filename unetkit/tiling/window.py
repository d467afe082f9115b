"""What a tile reads: a window of the image, continued beyond the image's border."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Read = Callable[[tuple[slice, ...]], NDArray[Any]]
"""Returns the part (channels, *spatial) of an image that slices, one per spatial axis, cut out."""


class Outside(NamedTuple):
    """What is beyond the border: the image mirrored (reflect) as often as it takes, its last sample (replicate), or
    nothing (zeros), which is `background`, for all channels or one for each."""

    mode: str
    background: float | tuple[float, ...] = 0.0


def window(
    read: Read, size: tuple[int, ...], starts: tuple[int, ...], lengths: tuple[int, ...], beyond: Outside
) -> Any:
    """Returns (channels, *lengths) of an image of `size` from `starts` on; only what lies within is read."""
    mode, nothing = beyond.mode, np.asarray(beyond.background, np.float32)
    positions = [np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    sources = [source(position, n, mode) for position, n in zip(positions, size, strict=True)]
    firsts = [int(index.min()) for index in sources]
    part = read(tuple(slice(first, int(index.max()) + 1) for first, index in zip(firsts, sources, strict=True)))
    for axis, (first, index, position) in enumerate(zip(firsts, sources, positions, strict=True), start=1):
        part = taken(part, index - first, axis)
        outside = (position < 0) | (position >= size[axis - 1])
        if mode == "zeros" and outside.any():
            filling = nothing.reshape(-1, *(1,) * (part.ndim - 1)).astype(part.dtype)
            part = np.where(np.expand_dims(~outside, tuple(range(1, part.ndim - axis))), part, filling)
    return part


def taken(part: NDArray[Any], index: NDArray[np.intp], axis: int) -> NDArray[Any]:
    """Returns the samples at an index along an axis. What is in order at its heart is copied in one piece."""
    if np.array_equal(index, np.arange(part.shape[axis])):
        return part
    turns = np.flatnonzero(np.diff(index) != 1) + 1
    low, high = max(pairwise([0, *turns, len(index)]), key=lambda run: run[1] - run[0])
    heart = part[(*(slice(None),) * axis, slice(index[low], index[high - 1] + 1))]
    return np.concatenate([part.take(index[:low], axis), heart, part.take(index[high:], axis)], axis)


def source(position: NDArray[np.intp], size: int, mode: str) -> NDArray[np.intp]:
    """Returns the sample, of so many, that stands at each position, which may lie beyond the border.

    >>> source(np.arange(-2, 6), 4, "reflect").tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    if mode == "reflect" and size > 1:
        period = 2 * (size - 1)
        folded = position % period
        return np.minimum(folded, period - folded)
    return np.clip(position, 0, size - 1)
