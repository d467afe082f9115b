"""Closed intervals of sample positions, which may reach outside the image."""

from __future__ import annotations

from typing import NamedTuple

FAR = 1 << 60


class Interval(NamedTuple):
    """The positions low … high, both included."""

    low: int
    high: int

    @property
    def length(self) -> int:
        """The number of positions."""
        return self.high - self.low + 1

    @property
    def bounded(self) -> bool:
        """Whether the interval is not the whole axis."""
        return self.low > -FAR and self.high < FAR

    def union(self, other: Interval) -> Interval:
        """Returns the smallest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))


EVERYWHERE = Interval(-FAR, FAR)
"""The whole axis, whatever its size: what an operation needs that looks at the whole image."""
