"""The rows of a map from which rows beyond its ends are made."""

from __future__ import annotations

import pytest

from unetkit.fast.streaming.graph import inside
from unetkit.geometry import Interval


def sources(rows: Interval, size: int, fill: str) -> list[int]:
    """The rows within the map, one by one."""
    places = range(rows.low, rows.high + 1)
    if fill == "reflect":
        period = max(1, 2 * (size - 1))
        return [min(place % period, period - place % period) for place in places]
    if fill == "replicate":
        return [min(max(place, 0), size - 1) for place in places]
    return [place for place in places if 0 <= place < size]


@pytest.mark.parametrize("fill", ["zeros", "reflect", "replicate"])
def test_rows_inside_are_those_that_are_read(fill: str) -> None:
    for size in range(1, 9):
        for low in range(1 - size, 2 * size - 1):
            for high in range(low, 2 * size - 1):
                rows = Interval(low, high)
                read = sources(rows, size, fill)
                first, last = inside(rows, size, fill)
                assert (first, last) == (min(read), max(read) + 1) if read else first == last
