"""Designs, the ways in which axes combine: one at a time, full factorial, or paired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from unetkit.study.matrix.axis import Axis, Setting, Value
from unetkit.study.matrix.fraction import MOST_FACTORS, RESOLUTIONS, columns_of

BASE = "base"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An arm before it is planned: its name, its values on the axes that it changes, and its own settings."""

    name: str
    choices: tuple[tuple[Axis, Value], ...] = ()
    own: tuple[Setting, ...] = ()

    @property
    def settings(self) -> Iterator[Setting]:
        """All its settings, in order."""
        for _, value in self.choices:
            yield from value.settings
        yield from self.own


Choices = tuple[tuple[Axis, Value], ...]


def one_at_a_time(axes: tuple[Axis, ...]) -> Iterator[Choices]:
    """Yields each value alone."""
    return (((axis, value),) for axis in axes for value in axis.values)


def full(axes: tuple[Axis, ...]) -> Iterator[Choices]:
    """Yields every combination; the last axis varies fastest."""
    if axes:
        yield from product(*([(axis, value) for value in axis.values] for axis in axes))


def paired(axes: tuple[Axis, ...]) -> Iterator[Choices]:
    """Yields the first values together, the second together, and so on; all axes have the same number of values."""
    if axes:
        yield from zip(*([(axis, value) for value in axis.values] for axis in axes), strict=True)  # checked before


MAX_ARMS = 10_000
"""Largest number of arms of a study."""


def count(design: str, axes: tuple[Axis, ...]) -> int:
    """The number of arms in a design, computed without expanding it.

    >>> count("full", ())
    0
    """
    numbers = [len(axis.values) for axis in axes]
    if not numbers:
        return 0
    if design in RESOLUTIONS:
        return 0 if len(axes) > MOST_FACTORS else 1 << columns_of(len(axes), RESOLUTIONS[design])[0]
    return sum(numbers) if design == "one_at_a_time" else prod(numbers) if design == "full" else min(numbers)


DESIGNS = {"one_at_a_time": one_at_a_time, "full": full, "paired": paired}


def name_of(choices: Iterable[tuple[Axis, Value]]) -> str:
    """The name of an arm: `skip.align=pad,up=nearest`."""
    return ",".join(f"{axis.name}={value.label}" for axis, value in choices) or BASE
