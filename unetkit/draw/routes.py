"""The arrows between groups: straight ones, and lines above a row or beside a group that several arrows share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin

from unetkit.draw.figure import Connection
from unetkit.draw.glyph import Glyph
from unetkit.draw.layout import TURN, Layout, needs_lane
from unetkit.draw.shapes import Area, Arrow, Point

CLEAR = 4.0  # from an arrow to a box
_APART = 5.0  # between two lines of one box
_DOT = 2.8


def routes(layout: Layout, marked: frozenset[str] = frozenset()) -> Iterator[Arrow | Area]:
    """Yields the arrows between groups, and dots where lines that belong together meet."""
    arrows = [_arrow(layout, each, each.step in marked) for each in layout.figure.connections]
    yield from arrows
    yield from _dots(arrows)


def level(left: Glyph, right: Glyph, kind: str, steps: Sequence[str], marked: bool) -> Arrow:
    """The arrow from one box to another on its right."""
    start, end = (left.right + left.depth + CLEAR, left.y), (right.left - CLEAR, right.y)
    return Arrow(start, end, kind, marked, steps=tuple(steps))


def _arrow(layout: Layout, connection: Connection, marked: bool) -> Arrow:
    """The arrow of a connection."""
    start, end = layout.groups[connection.source].glyphs[-1], layout.groups[connection.target].glyphs[0]
    steps = (connection.step,)
    if connection in layout.upright:
        down = end.y > start.y
        ends = ((start.x, start.floor), (end.x, end.roof)) if down else ((start.x, start.roof), (end.x, end.floor))
        return Arrow(*ends, connection.slot, marked, steps=steps)
    if connection in layout.bent:
        tip = (end.left - CLEAR, end.y)
        return Arrow((start.x, start.floor), tip, connection.slot, marked, ((start.x, end.y),), steps)
    straight = level(start, end, connection.slot, steps, marked)
    turn = end.x + min(begin for begin, _ in end.lanes) - TURN
    via: list[Point] = []
    if needs_lane(layout.figure, connection):
        slots = [slot for source, slot in layout.lanes if source == connection.source]
        beside = TURN / 2 + _APART * slots.index(connection.slot)
        out, lane = (
            start.x + max(over for _, over in start.lanes) + beside,
            layout.lanes[connection.source, connection.slot],
        )
        via = [(out, start.y), (out, lane), (turn, lane), (turn, end.y)]
    elif start.y != end.y:
        via = [(turn, start.y), (turn, end.y)]
        if turn < start.left:  # the target begins farther left: a line from the right side would cross the box
            return Arrow((start.left - CLEAR, start.y), straight.end, connection.slot, marked, tuple(via), steps)
    return Arrow(straight.start, straight.end, connection.slot, marked, tuple(via), steps)


def _dots(arrows: list[Arrow]) -> Iterator[Area]:
    """Yields a dot where lines branch or join, so that it is no mere crossing."""
    corners = {point: arrow.kind for arrow in arrows for point in arrow.via}
    lines = [line for arrow in arrows for line in arrow.segments]
    for point, kind in corners.items():
        ways = {way for line in lines for way in _ways(point, line)}
        if len(ways) > 2:
            x, y = point
            around = [(x + _DOT * cos(k * pi / 4), y + _DOT * sin(k * pi / 4)) for k in range(8)]
            yield Area(tuple(around), f"tip {kind}")


def _ways(point: Point, line: tuple[Point, Point]) -> Iterator[tuple[int, int]]:
    """Yields the directions in which a level or upright line leads away from a point on it."""
    (x, y), (start, end) = point, line
    for a, b in ((start, end), (end, start)):
        if a[0] == b[0] == x and min(a[1], b[1]) <= y <= max(a[1], b[1]) and b[1] != y:
            yield 0, 1 if b[1] > y else -1
        if a[1] == b[1] == y and min(a[0], b[0]) <= x <= max(a[0], b[0]) and b[0] != x:
            yield 1 if b[0] > x else -1, 0
