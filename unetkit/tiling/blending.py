"""Overlapping tiles with smooth weights, for networks whose tiles cannot be exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unetkit.planning import Plan, Size
from unetkit.tiling.choice import tile_bytes, too_little
from unetkit.tiling.cuts import Cut, Cuts, steps
from unetkit.tiling.padding import AxisPadding, frames, grid_start, output_size


def overlapping(plan: Plan, frames: tuple[AxisPadding, ...], limit: int | None, memory: int) -> tuple[Cuts, ...]:
    """Tiles that overlap by half, per axis: of at most about `limit` samples, or the largest that fit into memory.

    Raises SizeError if not even the smallest fit.
    """
    least, most = 1, max(frame.input for frame in frames)
    if limit is None:
        limit = 0
        while least <= most:
            middle = (least + most) // 2
            sizes = tuple(_tile_size(plan, axis, frame, middle) for axis, frame in enumerate(frames))
            if tile_bytes(plan, sizes) <= memory:
                limit, least = middle, middle + 1
            else:
                most = middle - 1
        if not limit:
            smallest = tuple(_tile_size(plan, axis, frame, 1) for axis, frame in enumerate(frames))
            raise too_little(plan, smallest, memory, 4)
    return tuple(_overlap(plan, axis, frame, limit) for axis, frame in enumerate(frames))


def exceeds(plan: Plan, size: Size) -> bool:
    """Whether an image is larger than the output of the largest one that the network accepts."""
    return any(_in_windows(plan, axis, n) for axis, n in enumerate(size))


def _in_windows(plan: Plan, axis: int, image: int) -> bool:
    most = plan.preferred_sizes[axis].maximum
    return most is not None and output_size(plan, axis, most) < image


def largest(plan: Plan, size: Size) -> tuple[tuple[AxisPadding, ...], tuple[Cuts, ...]]:
    """The padding of an image that exceeds what the network accepts, and overlapping tiles of the largest size."""
    windows = tuple(plan.preferred_sizes[axis].maximum or n for axis, n in enumerate(size))
    fitting = tuple(min(n, output_size(plan, axis, m)) for axis, (n, m) in enumerate(zip(size, windows, strict=True)))
    laid = list(frames(plan, fitting))
    cuts = [Cuts(one.input, (Cut(0, one.first, one.first + one.image),)) for one in laid]
    for axis, image in enumerate(size):
        if _in_windows(plan, axis, image):
            window = windows[axis]
            given = output_size(plan, axis, window)
            start = grid_start(plan, axis, window, given)
            laid[axis] = AxisPadding(image, image + window - given, image, start, 0)
            starts = (*range(0, image - given, max(1, given // 2)), image - given)
            cuts[axis] = Cuts(window, tuple([Cut(one, one, one + given) for one in starts]))
    return tuple(laid), tuple(cuts)


def _tile_size(plan: Plan, axis: int, frame: AxisPadding, limit: int) -> int:
    """The size of overlapping tiles along one axis: about `limit` samples or the next accepted size."""
    period, sizes = steps(plan, axis, frame), plan.preferred_sizes[axis]
    size = frame.input - max(0, (frame.input - limit) // period) * period
    while size < frame.input and (
        size < sizes.start or size not in sizes or output_size(plan, axis, size) < 2 * period
    ):
        size += period
    return size


def _overlap(plan: Plan, axis: int, frame: AxisPadding, limit: int) -> Cuts:
    """Overlapping tiles along one axis, of about `limit` samples or the next accepted size."""
    size, period = _tile_size(plan, axis, frame, limit), steps(plan, axis, frame)
    lost = frame.input - frame.output  # by a valid network, at any size
    given = size - lost
    stride = period * max(1, given // 2 // period)
    end = frame.first + frame.image
    cuts = []
    for start in range(0, frame.input - size + stride, stride):
        start = min(start, frame.input - size)
        if start + given > frame.first and start < end:
            cuts.append(Cut(start, max(start, frame.first), min(start + given, end)))
    return Cuts(size, tuple(cuts))


def weights(cuts: Sequence[Cut]) -> list[NDArray[np.float32]]:
    """The weights of the outputs of each tile along an axis: Hann windows, normalized to a sum of 1 everywhere.

    >>> [(100 * weight).round().tolist() for weight in weights((Cut(0, 0, 4), Cut(2, 2, 6)))]
    [[100.0, 100.0, 85.0, 15.0], [15.0, 85.0, 100.0, 100.0]]
    """
    origin, end = cuts[0].low, max(one.high for one in cuts)
    total = np.zeros(end - origin)
    windows = [np.sin(np.pi * (np.arange(one.high - one.low) + 0.5) / (one.high - one.low)) ** 2 for one in cuts]
    for one, window in zip(cuts, windows, strict=True):
        total[one.low - origin : one.high - origin] += window
    return [
        (window / total[one.low - origin : one.high - origin]).astype(np.float32)
        for one, window in zip(cuts, windows, strict=True)
    ]
