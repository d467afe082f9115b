"""The grey levels of the images that a network was trained on, and whether those of another image are like them.

What is measured on a sample of pixels: ends of the range, and its shape, so that copies of another bit depth, between 0
and 1, or with dark and bright exchanged are noticed. A shift within the range is not, nor an exchange where images are
as often bright on dark as dark on bright.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
Samples = NDArray[np.float32]
"""Some of the pixels of an image, (channels, pixels)."""

MOST_PIXELS = 1 << 14
"""Pixels of an image that are looked at."""
ENDS = (0.005, 0.995)
"""Shares of the pixels below the low and the high end of a range."""
SHARES = tuple(np.linspace(*ENDS, 17).tolist())
"""Shares of the pixels at which the shape of a range is known."""
FEW = 32
"""Different grey levels of an image that may be nearly empty, and so says nothing."""
NARROW = 10
"""An image's range is another one where it is by so much narrower than the narrowest of an image in training; or…"""
NARROW_FRACTIONS = 20
"""…where it has fractions in place of whole numbers, and is by so much narrower than that of all images together."""


class IntensityRange(BaseModel):
    """The grey levels of one channel: the ends, the share ENDS of the pixels between `low` and `high`;
    `narrowest` is the least that these are apart in one image.

    `whole`: no fractions. `shape` has the grey levels at SHARES, of images brought to mean 0 and deviation 1, as the
    mean over the images; `spread` is how far from it the farthest image was, as the mean over SHARES.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    least: Finite
    low: Finite
    high: Finite
    most: Finite
    narrowest: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    whole: bool = True
    shape: Annotated[tuple[Finite, ...], Field(max_length=len(SHARES))] = ()
    spread: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    def __str__(self) -> str:
        return f"{self.low:.6g} … {self.high:.6g}"


def sampled(image: NDArray[np.generic], most: int = MOST_PIXELS) -> Samples:
    """Returns some of the pixels of an image (channels, *spatial), or all where they are few; always the same ones."""
    flat = image.reshape(len(image), -1)
    if flat.shape[1] > most:
        flat = flat[:, np.random.default_rng(0).integers(flat.shape[1], size=most)]
    return flat.astype(np.float32)


def range_of(images: Iterable[NDArray[np.float32]]) -> IntensityRange:
    """Returns the range of one channel, from the pixels of each of several images."""
    found = list(images)
    every = np.concatenate(found)
    low, high = np.quantile(every, ENDS).tolist()
    shapes = [shape for one in found if (shape := shape_of(one)) is not None]
    mean = np.mean(shapes, 0) if shapes else np.zeros(0)
    spread = max((distance(one, mean) for one in shapes), default=0.0)
    return IntensityRange(
        least=float(every.min()),
        low=low,
        high=high,
        most=float(every.max()),
        narrowest=min((float(np.diff(np.quantile(one, ENDS))[0]) for one in found if many(one)), default=0.0),
        whole=bool((every == np.rint(every)).all()),
        shape=tuple(round(value, 4) for value in mean.tolist()),
        spread=round(spread, 4),
    )


def shape_of(pixels: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Returns the grey levels at SHARES, brought to mean 0 and deviation 1; None for an image of few levels."""
    if not many(pixels):
        return None
    found: NDArray[np.float64] = np.quantile((pixels - pixels.mean()) / pixels.std(), SHARES)
    return found


def many(pixels: NDArray[np.float32]) -> bool:
    """Whether an image has grey levels enough to say something of the range that it was stored in."""
    return len(np.unique(pixels)) > FEW


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Returns how far two shapes are apart."""
    return float(np.abs(one - other).mean())


def compared(known: tuple[IntensityRange, ...], samples: Samples, *, rescaled: bool) -> str:
    """Returns what is odd about an image beside those that a network was trained on; "" for nothing.

    `rescaled`: the network's images are brought to one range each, so that only the shape counts.
    """
    own = [range_of([row]) for row in samples]
    pairs = list(zip(known, own, samples, strict=True))
    ranges = f"grey levels {', '.join(map(str, own))}, trained on {', '.join(map(str, known))}"
    if not rescaled and any(far(one, mine, row) for one, mine, row in pairs):
        return f"{ranges}: far outside of what the network was trained on"
    if all(mirrored(one, mine) for one, mine, _ in pairs):
        return f"{ranges}: dark and bright seem to be exchanged"
    return ""


def far(known: IntensityRange, own: IntensityRange, pixels: NDArray[np.float32]) -> bool:
    """Whether a range lies far beyond another, or is far narrower though it has many levels."""
    span, width = known.most - known.least, own.high - own.low
    if own.high > known.most + span or own.low < known.least - span or own.low > known.most or own.high < known.least:
        return True
    least = (known.high - known.low) / NARROW_FRACTIONS
    if known.whole and not own.whole and width < min(least, known.narrowest):
        return True
    return width < known.narrowest / NARROW and many(pixels)


def mirrored(known: IntensityRange, own: IntensityRange) -> bool:
    """Whether the shape of a range is like another's turned round, and unlike that itself."""
    if len(known.shape) != len(SHARES) or not own.shape:
        return False
    shape, mine = np.array(known.shape), np.array(own.shape)
    same, turned = distance(mine, shape), distance(-mine[::-1], shape)
    return same > 2 * known.spread and turned <= 1.5 * max(known.spread, 0.05) and turned < same / 2
