"""A range of numbers along one side of a chart, with round numbers to mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from unetkit.wording import magnitude

LARGEST, SMALLEST = 1e150, 1e-150
"""Beyond them products and quotients of numbers are none: a scale ends there, and what differs by less is equal."""


@dataclass(frozen=True)
class ChartScale:
    """Where numbers stand, in percent of a side; `ticks` are the round numbers among them."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Returns where a number stands: 0 at the low end, 100 at the high one."""
        if self.logarithmic:
            return 100 * (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return 100 * ((min(max(value, -LARGEST), LARGEST) - self.low) / (self.high - self.low))

    def labels(self) -> list[str]:
        """Returns the ticks as text, all with as many decimals as they need.

        >>> scale([0.0, 0.04]).labels()
        ['0.00', '0.01', '0.02', '0.03', '0.04']
        """
        if self.logarithmic or max(map(abs, self.ticks), default=0) >= 1000:
            return [tick_label(tick) for tick in self.ticks]
        step = max((abs(b - a) for a, b in pairwise(self.ticks)), default=1.0)
        if step < 1e-6:
            return [tick_label(tick) for tick in self.ticks]
        decimals = next(d for d in range(16) if all(abs(round(t, d) - t) <= 1e-6 * step for t in self.ticks))
        return [f"{tick + 0.0:.{decimals}f}".replace("-", "−") for tick in self.ticks]


def scale(values: Iterable[float], *, ticks: int = 5, logarithmic: bool = False, room: float = 0.06) -> ChartScale:
    """Returns a scale that holds all finite values with some room at both ends, and about so many ticks.

    It ends at LARGEST: values beyond stand outside of it.
    """
    known = [
        min(max(value, SMALLEST if logarithmic else -LARGEST), LARGEST)
        for value in values
        if isfinite(value) and (value > 0 or not logarithmic)
    ]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if logarithmic:
        return logarithmic_scale(low or 1.0, high or 1.0, room)
    if high - low <= max(SMALLEST, 1e-14 * max(abs(low), abs(high))):
        half = max(abs(low), abs(high)) / 10
        half = half if half > SMALLEST else 0.1
        low, high = low - half, high + half
    step = round_step((high - low) / ticks)
    low, high = low - room * (high - low), high + room * (high - low)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return ChartScale(low, high, tuple(index * step for index in range(first, last + 1)))


def round_step(least: float) -> float:
    """Returns the next 1, 2 or 5 times a power of ten.

    >>> round_step(0.013), round_step(30), round_step(0.2)
    (0.02, 50.0, 0.2)
    """
    power = 10.0 ** floor(log10(least) + 1e-12)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def logarithmic_scale(low: float, high: float, room: float) -> ChartScale:
    """Returns a scale over powers of ten, marked at 1, 2 and 5 times each, or at fewer where that is too dense."""
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


def tick_label(value: float) -> str:
    """Returns a number in few digits with an SI prefix.

    >>> tick_label(1_500_000), tick_label(20), tick_label(0.5), tick_label(4e9)
    ('1.5M', '20', '0.5', '4G')
    """
    return magnitude(value, ".3g").replace(" ", "")
