"""Which samples an interpolation reads: torch's own index formulas, in exact arithmetic.

Read off PyTorch's `aten/src/ATen/native/UpSample.h`. Positions outside the output follow the same formulas, so that an
interval that reaches beyond the border of a map reaches beyond the border of what the map was made from.
"""

from __future__ import annotations

from functools import cache
from math import floor
from struct import pack, unpack
from typing import Any, NamedTuple

from unetkit.geometry import Interval

_TAPS = {"linear": (0, 1), "cubic": (-1, 2)}
"""The samples around floor(position) that a method reads where a position lies between two samples."""


class Resize(NamedTuple):
    """An interpolation along one axis: `before` samples become `after`, by one of the methods.

    `factor`: the multiple that torch was given instead of the sizes, 0 where it was given sizes. With `align_corners`
    output o lies at o·(before − 1) / (after − 1), without at (o + ½)·before / after − ½.
    """

    method: str
    before: int
    after: int
    factor: int = 0
    align_corners: bool = False

    def needs(self, wanted: Interval) -> Interval:
        """The smallest interval of the input that the outputs `wanted` depend on.

        >>> Resize("nearest", 5, 8).needs(Interval(4, 7)), Resize("linear", 5, 8).needs(Interval(4, 4))
        (Interval(low=2, high=4), Interval(low=2, high=3))
        """
        if self.before == self.after or not wanted.bounded:
            return wanted
        low, high = self.reads(wanted.low)[0], self.reads(wanted.high)[1]
        if self.method == "cubic" and wanted.low < wanted.high:
            # A position that falls on a sample reads that one alone: its neighbour within may reach further.
            low, high = min(low, self.reads(wanted.low + 1)[0]), max(high, self.reads(wanted.high - 1)[1])
        return Interval(low, high)

    def reads(self, output: Any) -> tuple[Any, Any]:
        """The first and the last sample that one output reads, or each of a family of outputs."""
        if self.method == "nearest":
            index = self.nearest(output)
            return index, index
        numerator, denominator = self.position(output)
        lowest, rest = divmod(numerator, denominator)
        first, last = _TAPS[self.method] if rest > 0 else (0, 0)
        return lowest + first, lowest + last

    def position(self, output: Any) -> tuple[Any, int]:
        """The position of an output among the samples of the input, as numerator and denominator."""
        if self.align_corners:
            return output * (self.before - 1), max(1, self.after - 1)
        if self.factor:
            return 2 * output + 1 - self.factor, 2 * self.factor
        return (2 * output + 1) * self.before - self.after, 2 * self.after

    def nearest(self, output: Any) -> Any:
        """The sample that `nearest` takes: floor(output · scale), computed as in torch with 32 bits."""
        factor = self.factor or 2 * (self.after == 2 * self.before)
        if factor and not misrounds(factor):
            return output // factor
        scale = _single(1 / factor) if factor else _single(_single(self.before) / _single(self.after))
        index = floor(_single(_single(output) * scale))
        return min(index, self.before - 1) if output < self.after else index


def _single(number: float) -> float:
    """The nearest 32-bit float."""
    value: float
    (value,) = unpack("f", pack("f", number))
    return value


@cache
def misrounds(factor: int) -> bool:
    """Whether `nearest` by a factor does not repeat every sample as often, since torch multiplies by 1 / factor.

    >>> [factor for factor in range(2, 56) if misrounds(factor)]
    [41, 47, 55]
    """
    return _single(factor * _single(1 / factor)) < 1
