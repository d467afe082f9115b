"""The window of an image that a tile reads, extended beyond the image's border."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Read = Callable[[tuple[slice, ...]], NDArray[Any]]
"""The part (channels, *spatial) of an image that slices, one per spatial axis, cut out."""


class Outside(NamedTuple):
    """How the image is extended: mirrored (reflect), by its last sample (replicate), or by `background` (zeros), which
    is one value for all channels or one for each."""

    mode: str
    background: float | tuple[float, ...] = 0.0


def window(
    read: Read, size: tuple[int, ...], starts: tuple[int, ...], lengths: tuple[int, ...], beyond: Outside
) -> Any:
    """The window (channels, *lengths) of an image of `size` from `starts` on; only the part inside is read."""
    mode, nothing = beyond.mode, np.asarray(beyond.background, np.float32)
    positions = [np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    sources = [source(position, n, mode) for position, n in zip(positions, size, strict=True)]
    firsts = [int(index.min()) for index in sources]
    part = read(tuple(slice(first, int(index.max()) + 1) for first, index in zip(firsts, sources, strict=True)))
    for axis, (first, index, position) in enumerate(zip(firsts, sources, positions, strict=True), start=1):
        part = take(part, index - first, axis)
        outside = (position < 0) | (position >= size[axis - 1])
        if mode == "zeros" and outside.any():
            filling = nothing.reshape(-1, *(1,) * (part.ndim - 1)).astype(part.dtype)
            part = np.where(np.expand_dims(~outside, tuple(range(1, part.ndim - axis))), part, filling)
    return part


def take(part: NDArray[Any], index: NDArray[np.intp], axis: int) -> NDArray[Any]:
    """The samples at `index` along an axis. Its longest consecutive run is copied in one piece."""
    if np.array_equal(index, np.arange(part.shape[axis])):
        return part
    turns = np.flatnonzero(np.diff(index) != 1) + 1
    low, high = max(pairwise([0, *turns, len(index)]), key=lambda run: run[1] - run[0])
    heart = part[(*(slice(None),) * axis, slice(index[low], index[high - 1] + 1))]
    return np.concatenate([part.take(index[:low], axis), heart, part.take(index[high:], axis)], axis)


def source(position: NDArray[np.intp], size: int, mode: str) -> NDArray[np.intp]:
    """The index of the sample at each position of an axis of `size` samples; positions may lie beyond the border.

    >>> source(np.arange(-2, 6), 4, "reflect").tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    if mode == "reflect" and size > 1:
        period = 2 * (size - 1)
        folded = position % period
        return np.minimum(folded, period - folded)
    return np.clip(position, 0, size - 1)
