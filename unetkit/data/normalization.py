"""Normalization of intensities, as model files store it."""

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
_Parts = Callable[[], Iterable[NDArray[Any]]]
"""The parts (channels, *spatial) of one image on each call; together they are the whole image."""

_PIECE = 1 << 20
"""Pixels that are processed at a time."""
_BINS = 1 << 16
"""Bins of the histogram for percentiles, whose resolution is a 65,536th of the range of the image."""


class IntensityScale(NamedTuple):
    """The scaling of one image: `(level − shift) / scale` per channel, clipped to 0 … 1 if `clip`."""

    shift: NDArray[np.float32]
    scale: NDArray[np.float32]
    clip: bool = False

    def apply(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """An image (channels, *spatial), or a part of it, normalised."""
        shape = (-1,) + (1,) * (image.ndim - 1)
        numbers: NDArray[np.float32] = np.subtract(image, self.shift.reshape(shape), dtype=np.float32)
        numbers /= self.scale.reshape(shape)
        return np.clip(numbers, 0, 1, out=numbers) if self.clip else numbers


@dataclass(frozen=True)
class Normalization:
    """Normalization to mean 0 and standard deviation 1, or to 0 … 1, channel by channel.

    `none` changes nothing. `dataset` uses `mean` and `std`, one per channel, for all images. `image` uses those of the
    image itself. `percentile` maps the percentiles `low` and `high` of the image to 0 and 1, and clips the rest.

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
            raise ValueError(f"invalid normalization: {self!r}")
        if len(self.mean) != len(self.std) or not all(map(isfinite, self.mean)):
            raise ValueError(f"a mean and a deviation for each channel: {self!r}")
        if not all(value > 0 and isfinite(value) for value in self.std):
            raise ValueError(f"deviations are above 0: {self!r}")
        if not 0 <= self.low < self.high <= 100:
            raise ValueError(f"percentiles are 0 … 100, the lower first: {self!r}")

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Self:
        """The normalization by mean and standard deviation of all pairs; a constant channel has scale 1."""
        shift, scale = moments(pair.image for pair in pairs)
        return cls("dataset", tuple(shift.tolist()), tuple(scale.tolist()))

    @property
    def per_image(self) -> bool:
        """Whether parts of an image can only be normalised with statistics of the whole image."""
        return self.type in ("image", "percentile")

    def scaling(self, parts: _Parts) -> IntensityScale:
        """The scaling of one image; its parts are read only for a `per_image` normalization."""
        if self.type == "none":
            return IntensityScale(np.zeros(1, np.float32), np.ones(1, np.float32))
        if self.type == "dataset":
            return IntensityScale(np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32))
        if self.type == "image":
            shift, scale = moments(parts())
            return IntensityScale(shift.astype(np.float32), scale.astype(np.float32))
        low, high = percentiles(parts, (self.low, self.high))
        return IntensityScale(low.astype(np.float32), np.where(high > low, high - low, 1).astype(np.float32), clip=True)

    def scaling_of(self, image: NDArray[Any]) -> IntensityScale:
        """The scaling of a whole image (channels, *spatial)."""
        return self.scaling(lambda: (image[(slice(None), *part)] for part in slabs(image.shape[1:])))

    def apply(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """A whole image (channels, *spatial), normalised."""
        return self.scaling_of(image).apply(image)


_SLAB = 1 << 22
"""Pixels of a slab."""


def slabs(size: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Parts of an image of some size, one after the other along its first axis, that together are the whole image.

    Statistics always use the same parts, so that sums of floats are equal.

    >>> [part[0] for part in slabs((5, 2_000_000))]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    rows = max(1, _SLAB // prod(size[1:]))
    for first in range(0, size[0], rows):
        yield slice(first, min(first + rows, size[0])), *(slice(0, n) for n in size[1:])


def moments(parts: Iterable[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation per channel over all parts; the latter is 1 for a constant channel."""
    count, total, squares = 0, np.float64(0), np.float64(0)
    for pixels in _flat(parts):
        count += pixels.shape[1]
        total = total + pixels.sum(1)
        squares = squares + (pixels**2).sum(1)
    mean = np.atleast_1d(total / count)
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean, np.where(std > 1e-6 * np.maximum(abs(mean), 1e-30), std, 1)  # smaller ones are rounding errors


def percentiles(parts: _Parts, shares: tuple[float, ...]) -> list[NDArray[np.float64]]:
    """Percentiles per channel over all parts, from a histogram, so that the order of the parts does not matter."""
    lows, highs = zip(*((pixels.min(1), pixels.max(1)) for pixels in _flat(parts())), strict=True)
    low, high = np.min(lows, 0), np.max(highs, 0)
    width = np.where(high > low, (high - low) / _BINS, 1)
    counts = np.zeros((len(low), _BINS), np.int64)
    for pixels in _flat(parts()):
        bins = np.minimum((pixels - low[:, None]) / width[:, None], _BINS - 1).astype(np.int64)
        for channel, row in enumerate(bins):
            counts[channel] += np.bincount(row, minlength=_BINS)
    below = counts.cumsum(1)
    places = [[np.searchsorted(row, share / 100 * row[-1]) for row in below] for share in shares]
    return [low + np.minimum(np.array(bins), _BINS - 1) * width for bins in places]


def _flat(parts: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.float64]]:
    """Parts as (channels, pixels), piece by piece, in float64."""
    for part in parts:
        pixels = part.reshape(len(part), -1)
        for start in range(0, pixels.shape[1], _PIECE):
            yield pixels[:, start : start + _PIECE].astype(np.float64)
