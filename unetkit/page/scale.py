"""Scales of charts, with ticks at round numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from unetkit.wording import magnitude

LARGEST, SMALLEST = 1e150, 1e-150
"""Limits of a scale, beyond which products and quotients overflow. Values that differ by less are equal."""


@dataclass(frozen=True)
class ChartScale:
    """Maps numbers to percent of an axis; `ticks` are round numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The position of a number: 0 at the low end, 100 at the high end."""
        if self.logarithmic:
            return 100 * (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return 100 * ((min(max(value, -LARGEST), LARGEST) - self.low) / (self.high - self.low))

    def labels(self) -> list[str]:
        """The ticks as text, all with the number of decimals that they need.

        >>> scale([0.0, 0.04]).labels()
        ['0.00', '0.01', '0.02', '0.03', '0.04']
        """
        if self.logarithmic or max(map(abs, self.ticks), default=0) >= 1000:
            return [_tick_label(tick) for tick in self.ticks]
        step = max((abs(b - a) for a, b in pairwise(self.ticks)), default=1.0)
        if step < 1e-6:
            return [_tick_label(tick) for tick in self.ticks]
        decimals = next(d for d in range(16) if all(abs(round(t, d) - t) <= 1e-6 * step for t in self.ticks))
        return [f"{tick + 0.0:.{decimals}f}".replace("-", "−") for tick in self.ticks]


def scale(values: Iterable[float], *, ticks: int = 5, logarithmic: bool = False, room: float = 0.06) -> ChartScale:
    """A scale of all finite values with a margin `room` at both ends, and about `ticks` ticks.

    It ends at LARGEST; values beyond are outside.
    """
    known = [
        min(max(value, SMALLEST if logarithmic else -LARGEST), LARGEST)
        for value in values
        if isfinite(value) and (value > 0 or not logarithmic)
    ]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if logarithmic:
        return _logarithmic_scale(low or 1.0, high or 1.0, room)
    if high - low <= max(SMALLEST, 1e-14 * max(abs(low), abs(high))):
        half = max(abs(low), abs(high)) / 10
        half = half if half > SMALLEST else 0.1
        low, high = low - half, high + half
    step = _round_step((high - low) / ticks)
    low, high = low - room * (high - low), high + room * (high - low)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return ChartScale(low, high, tuple(index * step for index in range(first, last + 1)))


def _round_step(least: float) -> float:
    """The next larger 1, 2 or 5 times a power of ten.

    >>> _round_step(0.013), _round_step(30), _round_step(0.2)
    (0.02, 50.0, 0.2)
    """
    power = 10.0 ** floor(log10(least) + 1e-12)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _logarithmic_scale(low: float, high: float, room: float) -> ChartScale:
    """A logarithmic scale with ticks at 1, 2 and 5 times powers of ten, or fewer if that is too dense."""
    width = max(log10(high) - log10(low), 0.3)
    middle = (log10(low) + log10(high)) / 2
    half = width * (0.5 + room)
    low, high = 10 ** (middle - half), 10 ** (middle + half)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    sets: tuple[Sequence[int], ...] = ((1, 2, 3, 4, 6, 8), (1, 2, 5), (1, 3), (1,))
    found: list[tuple[float, ...]] = [
        tuple(tick for power in powers for factor in factors if low <= (tick := factor * 10.0**power) <= high)
        for factors in sets
    ]
    chosen = next((marked for marked in found if 2 <= len(marked) <= 5), found[-1] or found[0])
    return ChartScale(low, high, chosen, logarithmic=True)


def _tick_label(value: float) -> str:
    """A number in few digits with an SI prefix.

    >>> _tick_label(1_500_000), _tick_label(20), _tick_label(0.5), _tick_label(4e9)
    ('1.5M', '20', '0.5', '4G')
    """
    return magnitude(value, ".3g").replace(" ", "")
