"""A drawing as SVG text: plain shapes with classes, without scripts, markers or external resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from math import dist, hypot

from unetkit.draw.shapes import Area, Arrow, Drawing, Point, Shape, Text
from unetkit.draw.text import FAMILY

TIP = 6.5
_BEND = 7.0  # the radius of a corner

_SHAPES = """
.unetkit polygon { stroke-width: 1; stroke-linejoin: round }
.unetkit path { fill: none; stroke-width: 1.8; stroke-linejoin: round }
.unetkit .kept { fill: none; stroke-dasharray: 3 2.4 }
.unetkit .tip { stroke: none }
.unetkit .rule { stroke: none }
.unetkit path.stripe { stroke-width: 7 }
"""
_FILLS = {  # class: colour on a light page, on a dark one
    "page": ("#ffffff", "#12181f"),
    "text": ("#1f2a35", "#e6ebf0"),
    "muted": ("#5a6773", "#a3afba"),
    "rule": ("#d9dfe5", "#34404c"),
    "own": ("#c9ddf2", "#2b4a6e"),
    "borrowed": ("#ffffff", "#12181f"),
    "upper": ("#e4eefa", "#3a5d86"),
    "side": ("#a9c6e6", "#203a58"),
}
_OUTLINE = ("#3f6ea5", "#7fabdc")
_MARK = ("#ffd166", "#8a6a12")
_ARROWS = {
    "block": ("#2f5f9e", "#7fb0ea"),
    "encoder": ("#6a4c9c", "#b39ddb"),
    "down": ("#c2452d", "#f08a70"),
    "up": ("#2f8547", "#74c98b"),
    "skip": ("#87919c", "#8d98a3"),
    "input": ("#87919c", "#8d98a3"),
    "head": ("#0e7f86", "#5ec8cf"),
}


def style() -> str:
    """The style sheet; its rules only apply within the SVG."""
    light, dark = ("\n".join(colours(theme)) for theme in (0, 1))
    return f"{_SHAPES}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def colours(theme: int) -> Iterator[str]:
    """Yields the rules of the light (0) or the dark (1) theme."""
    yield f".unetkit polygon {{ stroke: {_OUTLINE[theme]} }}"
    for name, colour in _FILLS.items():
        yield f".unetkit .{name} {{ fill: {colour[theme]} }}"
    yield f".unetkit .marked {{ fill: {_MARK[theme]} }}"
    yield f".unetkit path.stripe {{ stroke: {_MARK[theme]} }}"
    for name, colour in _ARROWS.items():
        yield f".unetkit path.{name} {{ stroke: {colour[theme]} }}"
        yield f".unetkit .tip.{name} {{ fill: {colour[theme]} }}"


def markup(drawing: Drawing) -> str:
    """The drawing as an SVG document; equal drawings have equal text."""
    extent = (drawing.width, drawing.height)
    return document(extent, drawing.title, drawing.description, elements(drawing.shapes))


def document(extent: Point, title: str, description: str, lines: Iterable[str]) -> str:
    """An SVG document of a width and a height with elements in it."""
    width, height = map(number, extent)
    size = f'width="{width}" height="{height}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" class="unetkit" role="img">',
        f"<title>{_clean(title)}</title>",
        f"<desc>{_clean(description)}</desc>",
        f"<style>{style()}</style>",
        f'<rect class="page" {size}/>',
        f'<g font-family="{FAMILY}">',
    ]
    return "\n".join((*head, *lines, "</g>", "</svg>")) + "\n"


def elements(shapes: Sequence[Shape]) -> Iterator[str]:
    """Yields shapes as SVG elements, the stripes of marked arrows first, so that none covers a line."""
    for shape in shapes:
        if isinstance(shape, Arrow) and shape.marked:
            yield f'<path class="stripe" d="{_way(_line(shape))}"/>'
    yield from map(element, shapes)


def element(shape: Shape) -> str:
    """One shape as an SVG element."""
    if isinstance(shape, Text):
        look = f'class="{shape.kind}" font-size="{number(shape.size)}"'
        look += ' font-weight="bold"' if shape.bold else ""
        look += f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
        return f'<text x="{number(shape.x)}" y="{number(shape.y)}" {look}>{_clean(shape.text)}</text>'
    if isinstance(shape, Area):
        return f'<polygon class="{shape.kind}" points="{points(shape.points)}"/>'
    return _arrow(shape)


def _arrow(shape: Arrow) -> str:
    """An arrow as a line with corners and its tip."""
    line, (x1, y1) = _line(shape), shape.end
    back = line[-1]
    dx, dy = (x1 - back[0]) / TIP, (y1 - back[1]) / TIP
    wing = TIP * 0.6
    corners = ((x1, y1), (back[0] - wing * dy, back[1] + wing * dx), (back[0] + wing * dy, back[1] - wing * dx))
    return (
        f'<path class="{shape.kind}" d="{_way(line)}"/><polygon class="tip {shape.kind}" points="{points(corners)}"/>'
    )


def _line(shape: Arrow) -> tuple[Point, ...]:
    """The corners of an arrow up to the back of its tip."""
    (x0, y0), (x1, y1) = (shape.start, *shape.via)[-1], shape.end
    length = hypot(x1 - x0, y1 - y0)
    return (shape.start, *shape.via, (x1 - TIP * (x1 - x0) / length, y1 - TIP * (y1 - y0) / length))


def _way(corners: tuple[Point, ...]) -> str:
    """A line with round corners, which show where it turns off from others; lines that cross have none."""
    way = f"M{points(corners[:1])}"
    room = [dist(one, other) / 2 for one, other in pairwise(corners)]
    room[0], room[-1] = 2 * room[0], 2 * room[-1] - 1  # which have one corner; straight where the tip begins
    for before, corner, after, *straight in zip(corners, corners[1:], corners[2:], room, room[1:], strict=False):
        bend = max(0.0, min(_BEND, *straight))
        ends = (_toward(corner, before, bend), corner, _toward(corner, after, bend))
        way += f"L{points(ends[:1])}Q{points(ends[1:])}"
    return f"{way}L{points(corners[-1:])}"


def _toward(start: Point, end: Point, way: float) -> Point:
    """The point at a distance from one point towards another."""
    share = way / (dist(start, end) or 1.0)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def points(each: tuple[Point, ...]) -> str:
    """Coordinates as SVG text."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in each)


def number(value: float) -> str:
    """A number with at most one decimal.

    >>> number(12.04), number(12.5), number(-0.01)
    ('12', '12.5', '0')
    """
    text = f"{value:.1f}"
    return text if text[-1] != "0" else text[:-2] if text != "-0.0" else "0"


def _clean(text: str) -> str:
    """Text for XML: escaped, without control characters and lone surrogates."""
    printable = text if text.isprintable() else "".join(letter for letter in text if letter.isprintable())
    return escape(printable, quote=False)
