"""Two-level fractional factorial designs (Box and Hunter, 1961): a part of all combinations from which effects follow.

A design of n runs has log2(n) basic factors; every other factor's level is the parity of some of theirs. Columns are
bit masks over the basic factors. Which factors are confounded follows from the words: sets of factors whose columns
add up to zero. The resolution is the length of the shortest word. With resolution IV, no main effect is aliased with a
main effect or a two-way interaction; with V, neither is a two-way interaction with another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, islice, product

MOST_FACTORS = 15
RESOLUTIONS = {"screening": 4, "interactions": 5}
"""The least resolution of each design."""
_MOST_VARIANTS = 256

Levels = tuple[int, ...]
"""For each factor 0 or 1."""


@dataclass(frozen=True)
class TwoLevelFraction:
    """One fraction: the column of each factor, and by which factors' levels are swapped."""

    num_basic: int
    columns: tuple[int, ...]
    swapped: Levels
    folded: tuple[int, ...] = ()
    """Factors on which the design is folded over: the same runs again, with the levels of this factor swapped."""

    @property
    def points(self) -> Iterator[Levels]:
        """Yields the levels of all runs, each once."""
        seen = set()
        for fold in (None, *self.folded):
            for run in range(1 << self.num_basic):
                levels = tuple(
                    ((run & column).bit_count() & 1) ^ swap ^ (factor == fold)
                    for factor, (column, swap) in enumerate(zip(self.columns, self.swapped, strict=True))
                )
                if levels not in seen:
                    seen.add(levels)
                    yield levels

    def aliases(self) -> list[tuple[tuple[int, int], ...]]:
        """The sets of two-way interactions that cannot be told apart, each with more than one."""
        points = list(self.points)
        groups: dict[Levels, list[tuple[int, int]]] = {}
        for one, other in combinations(range(len(self.columns)), 2):
            signs = tuple(levels[one] ^ levels[other] for levels in points)
            groups.setdefault(min(signs, tuple(1 - sign for sign in signs)), []).append((one, other))
        return [tuple(group) for group in groups.values() if len(group) > 1]

    @property
    def resolution(self) -> int | None:
        """The length of the shortest word; None for all combinations."""
        factors = range(len(self.columns))
        for length in range(1, len(self.columns) + 1):
            for word in combinations(factors, length):
                total = 0
                for factor in word:
                    total ^= self.columns[factor]
                if total == 0:
                    return length
        return None


@cache
def columns_of(factors: int, resolution: int) -> tuple[int, tuple[int, ...]]:
    """The number of basic factors and the columns of the smallest design of a resolution (4 or 5).

    It is found by an exact search: a column may be added if no word gets shorter than the resolution.

    >>> columns_of(4, 4)
    (3, (1, 2, 4, 7))
    """
    for num_basic in range(1, factors):
        columns = [1 << basic for basic in range(num_basic)]
        further = sorted(range(1, 1 << num_basic), key=lambda column: (-column.bit_count(), column))
        found = _extended(columns, factors, resolution, further)
        if found is not None:
            return num_basic, tuple(found)
    return factors, tuple(1 << basic for basic in range(factors))


def _extended(columns: list[int], factors: int, resolution: int, further: list[int]) -> list[int] | None:
    """The columns with as many more as there are factors; None where that is impossible."""
    if len(columns) == factors:
        return columns
    barred = set(columns)
    for size in range(2, resolution - 1):
        for some in combinations(columns, size):
            total = 0
            for column in some:
                total ^= column
            barred.add(total)
    allowed = [column for column in further if column not in barred]
    for place, column in enumerate(allowed):
        if len(allowed) - place < factors - len(columns):
            return None
        found = _extended([*columns, column], factors, resolution, allowed[place + 1 :])
        if found is not None:
            return found
    return None


def variants(factors: int, resolution: int) -> Iterator[TwoLevelFraction]:
    """Yields fractions of the same size and resolution, in a fixed order: other signs, then other factors as basic."""
    num_basic, columns = columns_of(factors, resolution)

    def every() -> Iterator[TwoLevelFraction]:
        for turn in range(factors):
            turned = columns[turn:] + columns[:turn]
            generated = [column.bit_count() > 1 for column in turned]
            for swapped in product(*((0, 1) if one else (0,) for one in generated)):
                yield TwoLevelFraction(num_basic, turned, swapped)

    return islice(every(), _MOST_VARIANTS)
