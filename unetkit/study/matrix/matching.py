"""Width matching: the width at which an arm has as many parameters, or MACs, as the base."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from unetkit.errors import Fault, SpecError, UnetkitError

Cost = Callable[[tuple[int, ...]], int]
"""The cost of a network with these channels; raises UnetkitError where it cannot be built."""

_MAX_WIDTH = 1 << 14
_REACH = 64
"""Number of widths tried on either side, where only some can be built (group norm needs multiples)."""


class WidthMatch(NamedTuple):
    """The chosen channels, and the relative deviation of their cost from the target."""

    channels: tuple[int, ...]
    residual: float


def matched(channels: tuple[int, ...], wanted: int, cost: Cost) -> WidthMatch:
    """Scales `channels` so that the cost is nearest to the wanted one. Raises SpecError where no width can be built.

    All levels are scaled together and rounded. The cost grows about as the square of the width, so the search doubles
    the width until the cost is reached, and then bisects.

    >>> matched((8, 16), 4000, lambda channels: 10 * sum(n * n for n in channels))
    WidthMatch(channels=(9, 18), residual=0.0125)
    """
    known: dict[int, int | None] = {}

    def at(width: int) -> int | None:
        if width not in known:
            try:
                known[width] = cost(scaled(channels, width))
            except UnetkitError:
                known[width] = None
        return known[width]

    low, high = _bracket(max(channels), wanted, at)
    while high - low > 1:
        middle = (low + high) // 2
        found = _nearest_known(middle, low, high, at)
        if found is None:
            break
        width, value = found
        low, high = (width, high) if value < wanted else (low, width)
    best = nearest(range(max(1, low - 1), high + 2), wanted, at)
    if best is None:
        raise SpecError(Fault("no-match", f"no width has a cost near {wanted:,}", cure="Leave match out."))
    return WidthMatch(scaled(channels, best), ((known[best] or 0) - wanted) / wanted)


def scaled(channels: tuple[int, ...], width: int) -> tuple[int, ...]:
    """The channels scaled so that the widest level has `width`.

    >>> scaled((16, 32, 64), 50)
    (13, 25, 50)
    """
    most = max(channels)
    return tuple(max(1, (2 * count * width + most) // (2 * most)) for count in channels)


def _bracket(start: int, wanted: int, at: Callable[[int], int | None]) -> tuple[int, int]:
    """Two widths that enclose the wanted cost; the lower one is at least 1."""
    low, high = 1, start
    while high < _MAX_WIDTH:
        found = _nearest_known(high, low, _MAX_WIDTH, at)
        if found is None or found[1] >= wanted:
            return low, found[0] if found else high
        low, high = found[0], found[0] * 2
    return low, high


def _nearest_known(width: int, low: int, high: int, at: Callable[[int], int | None]) -> tuple[int, int] | None:
    """The buildable width in (low, high] that is nearest to `width`, and its cost; None where there is none."""
    for step in range(_REACH):
        for near in dict.fromkeys((width + step, width - step)):
            if low < near <= high and (step == 0 or near < high):
                value = at(near)
                if value is not None:
                    return near, value
    return None


def nearest(widths: range, wanted: int, at: Callable[[int], int | None]) -> int | None:
    """The width whose cost is nearest to the wanted one."""
    costs = {width: value for width in widths if (value := at(width)) is not None}
    return min(costs, key=lambda width: abs(costs[width] - wanted), default=None)
