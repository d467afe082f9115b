"""Closed intervals of sample positions, which may reach outside the image."""

from __future__ import annotations

from typing import Any, NamedTuple

_FAR = 1 << 60


class Interval(NamedTuple):
    """The positions low … high, both included: numbers, or for a family of positions numbers of a family."""

    low: Any
    high: Any

    @property
    def length(self) -> Any:
        """The number of positions."""
        return self.high - self.low + 1

    @property
    def bounded(self) -> bool:
        """Whether the interval is not the whole axis, which is one value."""
        return self is not EVERYWHERE

    def union(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        if self is EVERYWHERE or other is EVERYWHERE:
            return EVERYWHERE
        return Interval(min(self.low, other.low), max(self.high, other.high))


EVERYWHERE = Interval(-_FAR, _FAR)
"""The whole axis, whatever its size: what an operation needs that looks at the whole image."""
