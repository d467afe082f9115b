"""The distances between samples, in the same unit for all images."""

from __future__ import annotations

from unetkit.data import Pair
from unetkit.errors import Fault
from unetkit.scoring.metrics import ScoreError
from unetkit.spatial.units import factor

_SAMPLES = "samples"
"""The unit of distances where no file states its spacing."""


class Spacings:
    """The spacing of one image after another in the unit of the first, or a given spacing for all.

    Without a spacing in any image, distances are in samples.
    """

    def __init__(self, given: tuple[float, ...] | None = None) -> None:
        self.given = given
        self.first: Pair | None = None

    @property
    def unit(self) -> str:
        """The unit of distances in the images so far, in words."""
        if self.given is not None or self.first is None:
            return "the unit of the given spacing"
        return _SAMPLES if self.first.spacing is None else self.first.unit or "a unit that the files do not name"

    def of(self, pair: Pair) -> tuple[float, ...]:
        """The distance between the samples of an image along each axis.

        Raises ScoreError where only some images state their spacing, or their units cannot be converted.
        """
        if self.given is not None:
            return self.given
        self.first = self.first or pair
        comparable = (self.first.spacing is None) == (pair.spacing is None)
        scale = factor(pair.unit, self.first.unit) if comparable else None
        if scale is None:
            one, other = (
                _SAMPLES if image.spacing is None else image.unit or "an unknown unit" for image in (self.first, pair)
            )
            message = f"distances are not comparable: those of {self.first.name} are in {one}, {pair.name} in {other}"
            cure = "Give --spacing, or measure only overlap: --metric dice."
            raise ScoreError(Fault("spacing", message, cure=cure))
        return tuple(step * scale for step in pair.spacing or (1.0,) * len(pair.size))
