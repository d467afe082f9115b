"""A feature map with its measures: the size of its box, its labels, and the distance to neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2, prod, sqrt
from typing import NamedTuple

from unetkit.draw.figure import FigureMap, Size
from unetkit.draw.text import size_label, width

CHANNELS_FONT, SIZE_FONT = 11.0, 10.0
TALLEST, LOWEST = 128.0, 9.0
LINE = 13.0  # the height of one line of label
_DEPTH = 7.0  # how far the faces of a volume slant
HEAD = 7.0  # half the room that a vertical arrow takes
_APART = 6.0  # the least room between two labels


class Spacing(NamedTuple):
    """The least arrow within a group and between two groups of a row, and how much of its width a box has."""

    arrow: float = 22.0
    skip: float = 46.0
    thickness: float = 1.0


LOOSE, DENSE = Spacing(), Spacing(18.0, 32.0, 0.6)


@dataclass(frozen=True)
class Glyph:
    """A box around the anchor (x, y): the middle of its own, not borrowed, part, where vertical arrows end."""

    map: FigureMap
    borrowed: float
    own: float
    height: float
    depth: float
    size_shown: bool
    kept: float = 0.0
    x: float = 0.0
    y: float = 0.0

    @property
    def left(self) -> float:
        return self.x - self.own / 2 - self.borrowed

    @property
    def right(self) -> float:
        return self.x + self.own / 2

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    @property
    def roof(self) -> float:
        """The upper end, with labels."""
        return self.top - self.depth - 3 - LINE * (2 if self.map.caption else 1)

    @property
    def floor(self) -> float:
        """The lower end, with labels."""
        return self.bottom + (LINE + 2 if self.size_shown else 3)

    @cached_property
    def size_label(self) -> str:
        return size_label(self.map.size) if self.size_shown else ""

    def at(self, x: float, y: float) -> Glyph:
        """The box around another anchor."""
        return Glyph(self.map, self.borrowed, self.own, self.height, self.depth, self.size_shown, self.kept, x, y)

    @cached_property
    def lanes(self) -> tuple[tuple[float, float], ...]:
        """The extents to the left and right of x: of the labels above, of the box, and of the label below."""
        middle = self.middle - self.x
        above = max(width(str(self.map.channels), CHANNELS_FONT, bold=True), width(self.map.caption, SIZE_FONT))
        below = width(self.size_label, SIZE_FONT)
        return (
            (middle - above / 2, middle + above / 2),
            (self.left - self.x, self.right - self.x + self.depth),
            (min(middle - below / 2, -HEAD), max(middle + below / 2, HEAD)),
        )


def distance(left: Glyph, right: Glyph, arrow: float) -> float:
    """The least distance of two anchors that keeps labels apart and leaves room for an arrow."""
    (above, body, below), (next_above, next_body, next_below) = left.lanes, right.lanes
    least = max(above[1] - next_above[0] + _APART, body[1] - next_body[0] + arrow, below[1] - next_below[0] + _APART)
    if right.height - left.height > _APART:  # the labels of the lower box stand beside the higher one
        least = max(least, max(above[1], below[1]) - next_body[0] + _APART)
    if left.height - right.height > _APART:
        least = max(least, body[1] - min(next_above[0], next_below[0]) + _APART)
    return least


def glyphs(maps: Sequence[FigureMap], scale: Callable[[Size], float], thickness: float) -> list[Glyph]:
    """One side of a row, not placed yet. A size is shown if it differs from the one before."""
    dims = len(maps[0].size)
    before: list[Size | None] = [None, *(each.size for each in maps[:-1])]
    return [
        Glyph(
            map=each,
            borrowed=_thickness(each.borrowed, dims, thickness) if each.borrowed else 0.0,
            own=_thickness(each.channels - each.borrowed, dims, thickness),
            height=scale(each.size),
            depth=_DEPTH if dims == 3 else 0.0,
            size_shown=each.size != previous or bool(each.caption),
            kept=scale(each.kept) if each.kept else 0.0,
        )
        for each, previous in zip(maps, before, strict=True)
    ]


def _thickness(channels: int, dims: int, share: float) -> float:
    """The width of a box: it grows with the logarithm of the channels, less in 1D."""
    return 3.0 + 1.3 * share * log2(channels) if dims == 1 else 4.0 + 3.0 * share * log2(channels)


def heights(sizes: Sequence[Size]) -> Callable[[Size], float]:
    """The height of a box by size: it grows with the square root, so that 8 is still visible beside 512."""
    largest = max(map(side, sizes))
    return lambda size: max(LOWEST, TALLEST * sqrt(side(size) / largest))


def side(size: Size) -> float:
    """The geometric mean of the axes."""
    return float(prod(size) ** (1 / len(size)))
