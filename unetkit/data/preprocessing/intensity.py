"""The intensities of training images, and whether those of another image are similar.

Measured on a sample of pixels are the ends of the range and its shape, so that copies with another bit depth, between 0
and 1, or with dark and bright exchanged are detected. A shift within the range is not, nor an exchange if images are as
often bright on dark as dark on bright.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

_Finite = Annotated[float, Field(allow_inf_nan=False)]
Samples = NDArray[np.float32]
"""Some of the pixels of an image, (channels, pixels)."""

MAX_PIXELS = 1 << 14
"""Pixels in the sample of an image."""
_ENDS = (0.005, 0.995)
"""The quantiles at the low and the high end of a range."""
_QUANTILES = tuple(np.linspace(*_ENDS, 17).tolist())
"""The quantiles that describe the shape of a range."""
_FEW = 32
"""An image with at most so many different intensities may be nearly empty, and is not compared."""
_NARROW = 10
"""An image differs if its range is narrower by this factor than the narrowest of a training image; or…"""
_NARROW_FRACTIONS = 20
"""…if it has fractions instead of whole numbers, and is narrower by this factor than all training images together."""


class IntensityRange(BaseModel):
    """The intensities of one channel: the extremes `least` and `most`, and the quantiles ENDS `low` and `high`.

    `narrowest` is the least distance of these in one image. `whole`: no fractions. `shape` is the mean over the images
    of their QUANTILES, normalised to mean 0 and standard deviation 1; `spread` is the largest distance of an image from
    it, as the mean over QUANTILES.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    least: _Finite
    low: _Finite
    high: _Finite
    most: _Finite
    narrowest: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    whole: bool = True
    shape: Annotated[tuple[_Finite, ...], Field(max_length=len(_QUANTILES))] = ()
    spread: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    def __str__(self) -> str:
        return f"{self.low:.6g} … {self.high:.6g}"


def sample_pixels(image: NDArray[np.generic], count: int = MAX_PIXELS) -> Samples:
    """A sample of the pixels of an image (channels, *spatial), or all if they are few; always the same ones."""
    flat = image.reshape(len(image), -1)
    if flat.shape[1] > count:
        flat = flat[:, np.random.default_rng(0).integers(flat.shape[1], size=count)]
    return flat.astype(np.float32)


def range_of(images: Iterable[NDArray[np.float32]]) -> IntensityRange:
    """The range of one channel, from the pixels of each of several images."""
    samples = list(images)
    pixels = np.concatenate(samples)
    low, high = np.quantile(pixels, _ENDS).tolist()
    shapes = [shape for each in samples if (shape := _shape_of(each)) is not None]
    mean = np.mean(shapes, 0) if shapes else np.zeros(0)
    spread = max((_distance(shape, mean) for shape in shapes), default=0.0)
    return IntensityRange(
        least=float(pixels.min()),
        low=low,
        high=high,
        most=float(pixels.max()),
        narrowest=min(
            (float(np.diff(np.quantile(each, _ENDS))[0]) for each in samples if _has_many(each)), default=0.0
        ),
        whole=bool((pixels == np.rint(pixels)).all()),
        shape=tuple(round(value, 4) for value in mean.tolist()),
        spread=round(spread, 4),
    )


def _shape_of(pixels: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """The QUANTILES of an image with mean 0 and standard deviation 1; None with few different intensities."""
    if not _has_many(pixels):
        return None
    shape: NDArray[np.float64] = np.quantile((pixels - pixels.mean()) / pixels.std(), _QUANTILES)
    return shape


def _has_many(pixels: NDArray[np.float32]) -> bool:
    """Whether an image has enough different intensities to identify its range."""
    return len(np.unique(pixels)) > _FEW


def _distance(shape: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.abs(shape - other).mean())


def compare_ranges(known: tuple[IntensityRange, ...], samples: Samples, *, rescaled: bool) -> str:
    """The difference of an image from the training images in words; "" for none.

    `rescaled`: each image is normalised to the same range, so only the shape is compared.
    """
    own = [range_of([row]) for row in samples]
    pairs = list(zip(known, own, samples, strict=True))
    ranges = f"grey levels {', '.join(map(str, own))}, trained on {', '.join(map(str, known))}"
    if not rescaled and any(_is_outside(*each) for each in pairs):
        return f"{ranges}: far outside the range of the training images"
    if all(_is_inverted(expected, actual) for expected, actual, _ in pairs):
        return f"{ranges}: dark and bright seem to be exchanged"
    return ""


def _is_outside(known: IntensityRange, own: IntensityRange, pixels: NDArray[np.float32]) -> bool:
    """Whether a range lies far outside another, or is far narrower despite many different intensities."""
    span, width = known.most - known.least, own.high - own.low
    if own.high > known.most + span or own.low < known.least - span or own.low > known.most or own.high < known.least:
        return True
    least = (known.high - known.low) / _NARROW_FRACTIONS
    if known.whole and not own.whole and width < min(least, known.narrowest):
        return True
    return width < known.narrowest / _NARROW and _has_many(pixels)


def _is_inverted(known: IntensityRange, own: IntensityRange) -> bool:
    """Whether the shape of a range is similar to the inverse of another, and not to that itself."""
    if len(known.shape) != len(_QUANTILES) or not own.shape:
        return False
    shape, own_shape = np.array(known.shape), np.array(own.shape)
    same, inverted = _distance(own_shape, shape), _distance(-own_shape[::-1], shape)
    return same > 2 * known.spread and inverted <= 1.5 * max(known.spread, 0.05) and inverted < same / 2
