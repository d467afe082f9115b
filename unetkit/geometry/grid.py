"""Where the samples of a feature map sit, in input pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from unetkit.geometry.affine import Number, fixed


class Grid(NamedTuple):
    """Sample i sits at start + i·step, in input pixels; the input itself is Grid(0, 1)."""

    start: Fraction
    step: Fraction

    def window(self, kernel: int, stride: int, padding: int, dilation: int = 1) -> Grid:
        """The grid after a window slides over this one: its centre, moved by `stride` samples.

        >>> Grid(Fraction(0), Fraction(1)).window(2, 2, 0)
        Grid(start=Fraction(1, 2), step=Fraction(2, 1))
        """
        centre = Fraction(dilation * (kernel - 1), 2) - padding
        return Grid(self.start + centre * self.step, self.step * stride)

    def spread(self, kernel: int, stride: int, padding: int, dilation: int = 1) -> Grid:
        """The grid after a transposed window, the inverse of `window`."""
        centre = Fraction(dilation * (kernel - 1), 2) - padding
        step = self.step / stride
        return Grid(self.start - centre * step, step)

    def shifted(self, samples: Number) -> Grid:
        """The grid that begins `samples` later (earlier where negative)."""
        return Grid(self.start + fixed(samples) * self.step, self.step)


PIXELS = Grid(Fraction(0), Fraction(1))
"""The grid of the input image."""
