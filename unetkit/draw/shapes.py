"""The values that make up a drawing. Pixels; x to the right, y down; `kind` is the style of a shape."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from unetkit.draw.text import width

if TYPE_CHECKING:
    from unetkit.draw.figure import FigureMap

Point = tuple[float, float]
Bounds = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Text:
    """A line of text; (x, y) is on its baseline, at its start, middle or end."""

    x: float
    y: float
    text: str
    size: float = 10
    kind: str = "text"
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False

    @property
    def bounds(self) -> Bounds:
        """The extent: DejaVu's ascent is 0.76 em for capitals and digits with accents, its descent 0.24 em."""
        full = width(self.text, self.size, bold=self.bold)
        left = self.x - full * {"start": 0, "middle": 0.5, "end": 1}[self.anchor]
        return left, self.y - 0.76 * self.size, left + full, self.y + 0.24 * self.size


@dataclass(frozen=True)
class Area:
    """A filled polygon, or a dashed outline; `map` is the feature map whose front it is."""

    points: tuple[Point, ...]
    kind: str
    map: FigureMap | None = None


@dataclass(frozen=True)
class Arrow:
    """An arrow from `start` by the corners `via` to the tip `end`; a marked one has a broad stripe under it.

    `steps` are the names of the steps that it stands for.
    """

    start: Point
    end: Point
    kind: str
    marked: bool = False
    via: tuple[Point, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def segments(self) -> tuple[tuple[Point, Point], ...]:
        """Its straight lines."""
        return tuple(pairwise((self.start, *self.via, self.end)))


Shape = Text | Area | Arrow


@dataclass(frozen=True)
class Drawing:
    """A finished figure: its extent in pixels, title, description in words, and shapes."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]


def rectangle(
    left: float, top: float, right: float, bottom: float, kind: str, *, shown: FigureMap | None = None
) -> Area:
    """A rectangle as an area."""
    return Area(((left, top), (right, top), (right, bottom), (left, bottom)), kind, shown)
