"""The distance between the samples of images, in one unit for all of them."""

from __future__ import annotations

from unetkit.data import Pair
from unetkit.errors import Fault
from unetkit.scoring.metrics import ScoreError
from unetkit.spatial.units import factor

SAMPLES = "samples"
"""What distances count in where no file says the distance between its samples."""


class Spacings:
    """Gives the spacing of one image after the other in the unit of the first, or the one asked for in its place.

    Where no image says its spacing, distances count in samples.
    """

    def __init__(self, asked: tuple[float, ...] | None = None) -> None:
        self.asked = asked
        self.first: Pair | None = None

    @property
    def unit(self) -> str:
        """What distances count in, of the images so far: mm, µm … or samples, or that the files do not name it."""
        if self.asked is not None or self.first is None:
            return "the unit of the spacing that was given"
        return SAMPLES if self.first.spacing is None else self.first.unit or "a unit that the files do not name"

    def of(self, pair: Pair) -> tuple[float, ...]:
        """Returns the distance between the samples of an image, per axis.

        Raises ScoreError where one image says it and another does not, or their units do not convert.
        """
        if self.asked is not None:
            return self.asked
        self.first = self.first or pair
        known = (self.first.spacing is None) == (pair.spacing is None)
        scale = factor(pair.unit, self.first.unit) if known else None
        if scale is None:
            one, other = (said(image) for image in (self.first, pair))
            message = f"distances cannot be compared: {self.first.name} counts in {one}, {pair.name} in {other}"
            raise ScoreError(Fault("spacing", message, cure="Give --spacing, or measure overlap alone: --metric dice."))
        return tuple(step * scale for step in pair.spacing or (1.0,) * len(pair.size))


def said(pair: Pair) -> str:
    """Returns what the distances in an image count in, in words."""
    return SAMPLES if pair.spacing is None else pair.unit or "an unknown unit"
