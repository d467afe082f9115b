"""From grey levels to the numbers that a network takes; a model file carries how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

if TYPE_CHECKING:
    from unetkit.data.pairs import Pair

Kind = Literal["none", "dataset", "image", "percentile"]
Parts = Callable[[], Iterable[NDArray[Any]]]
"""Gives the parts (channels, *spatial) of one image, as often as it is called; together they are the whole image."""

PIECE = 1 << 20
"""Pixels that are taken together."""
BINS = 1 << 16
"""Of the histogram that percentiles are read from: they are known to a 65,536th of the range of the image."""


class IntensityScale(NamedTuple):
    """What becomes of the grey levels of one image: `(level − shift) / scale` per channel, cut to 0 … 1 if `cut`."""

    shift: NDArray[np.float32]
    scale: NDArray[np.float32]
    cut: bool = False

    def apply(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Returns an image (channels, *spatial), or a part of it, normalised."""
        shape = (-1,) + (1,) * (image.ndim - 1)
        numbers: NDArray[np.float32] = np.subtract(image, self.shift.reshape(shape), dtype=np.float32)
        numbers /= self.scale.reshape(shape)
        return np.clip(numbers, 0, 1, out=numbers) if self.cut else numbers


@dataclass(frozen=True)
class Normalization:
    """How the grey levels of an image are brought to mean 0 and deviation 1, or to 0 … 1, channel by channel.

    `none` leaves them. `dataset` takes `mean` and `std`, one per channel, for all images. `image` takes those of the
    image itself. `percentile` brings the percentiles `low` and `high` of the image to 0 and 1, and cuts what is beyond.

    >>> Normalization("dataset", (100.0,), (50.0,)).apply(np.full((1, 2, 2), 150, np.float32))[0, 0]
    array([1., 1.], dtype=float32)
    >>> Normalization("image").apply(np.array([[1, 3]]))
    array([[-1.,  1.]], dtype=float32)
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    type: Kind
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    low: float = 0.5
    high: float = 99.5

    def __post_init__(self) -> None:
        if self.type not in get_args(Kind) or (self.type == "dataset") != bool(self.mean):
            raise ValueError(f"no normalization: {self!r}")
        if len(self.mean) != len(self.std) or not all(map(isfinite, self.mean)):
            raise ValueError(f"a mean and a deviation for each channel: {self!r}")
        if not all(value > 0 and isfinite(value) for value in self.std):
            raise ValueError(f"deviations are above 0: {self!r}")
        if not 0 <= self.low < self.high <= 100:
            raise ValueError(f"percentiles are 0 … 100, the lower first: {self!r}")

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Self:
        """Returns the normalization by mean and deviation of all pixels of all pairs; a constant channel keeps its."""
        shift, scale = moments(pair.image for pair in pairs)
        return cls("dataset", tuple(shift.tolist()), tuple(scale.tolist()))

    @property
    def per_image(self) -> bool:
        """Whether an image must be looked at before a part of it can be normalised."""
        return self.type in ("image", "percentile")

    def levels(self, parts: Parts) -> IntensityScale:
        """Returns what becomes of the grey levels of one image; only where that is `per_image` are its parts read."""
        if self.type == "none":
            return IntensityScale(np.zeros(1, np.float32), np.ones(1, np.float32))
        if self.type == "dataset":
            return IntensityScale(np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32))
        if self.type == "image":
            shift, scale = moments(parts())
            return IntensityScale(shift.astype(np.float32), scale.astype(np.float32))
        low, high = percentiles(parts, (self.low, self.high))
        return IntensityScale(low.astype(np.float32), np.where(high > low, high - low, 1).astype(np.float32), cut=True)

    def of_image(self, image: NDArray[Any]) -> IntensityScale:
        """Returns what becomes of the grey levels of a whole image (channels, *spatial)."""
        return self.levels(lambda: (image[(slice(None), *part)] for part in slabs(image.shape[1:])))

    def apply(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Returns a whole image (channels, *spatial) normalised."""
        return self.of_image(image).apply(image)


SLAB = 1 << 22
"""Pixels of an image that are looked at together."""


def slabs(size: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Yields parts of an image of a size, one after the other along its first axis, that together are all of it.

    All who measure an image take the same parts, so that sums of floats are the same.

    >>> [part[0] for part in slabs((5, 2_000_000))]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    rows = max(1, SLAB // prod(size[1:]))
    for first in range(0, size[0], rows):
        yield slice(first, min(first + rows, size[0])), *(slice(0, n) for n in size[1:])


def moments(parts: Iterable[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns mean and standard deviation per channel over all parts; 1 for the deviation of a constant channel."""
    count, total, squares = 0, np.float64(0), np.float64(0)
    for pixels in flat(parts):
        count += pixels.shape[1]
        total = total + pixels.sum(1)
        squares = squares + (pixels**2).sum(1)
    mean = np.atleast_1d(total / count)
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean, np.where(std > 1e-6 * np.maximum(abs(mean), 1e-30), std, 1)  # less is what rounding leaves


def percentiles(parts: Parts, shares: tuple[float, ...]) -> list[NDArray[np.float64]]:
    """Returns percentiles per channel over all parts, from a histogram: the order of the parts makes no difference."""
    lows, highs = zip(*((pixels.min(1), pixels.max(1)) for pixels in flat(parts())), strict=True)
    low, high = np.min(lows, 0), np.max(highs, 0)
    width = np.where(high > low, (high - low) / BINS, 1)
    counts = np.zeros((len(low), BINS), np.int64)
    for pixels in flat(parts()):
        bins = np.minimum((pixels - low[:, None]) / width[:, None], BINS - 1).astype(np.int64)
        for channel, row in enumerate(bins):
            counts[channel] += np.bincount(row, minlength=BINS)
    below = counts.cumsum(1)
    found = [[np.searchsorted(row, share / 100 * row[-1]) for row in below] for share in shares]
    return [low + np.minimum(np.array(bins), BINS - 1) * width for bins in found]


def flat(parts: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.float64]]:
    """Yields parts as (channels, pixels), piece by piece, in numbers that add up without loss."""
    for part in parts:
        pixels = part.reshape(len(part), -1)
        for start in range(0, pixels.shape[1], PIECE):
            yield pixels[:, start : start + PIECE].astype(np.float64)
