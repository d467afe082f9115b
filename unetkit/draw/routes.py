"""The arrows between groups: straight ones, and lines above a row or beside a group that several arrows share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from unetkit.draw.figure import Connection
from unetkit.draw.glyph import Glyph
from unetkit.draw.layout import TURN, Layout, is_beside, needs_lane
from unetkit.draw.shapes import Arrow, Point

CLEAR = 4.0  # from an arrow to a box
_APART = 5.0  # between two lines of one box


def routes(layout: Layout, marked: frozenset[str] = frozenset()) -> Iterator[Arrow]:
    """Yields the arrows between groups."""
    kinds = _kinds(layout)
    for each in layout.figure.connections:
        yield _arrow(layout, each, kinds.index(each.slot), each.step in marked)


def level(left: Glyph, right: Glyph, kind: str, steps: Sequence[str], marked: bool) -> Arrow:
    """The arrow from one box to another on its right."""
    start, end = (left.right + left.depth + CLEAR, left.y), (right.left - CLEAR, right.y)
    return Arrow(start, end, kind, marked, steps=tuple(steps))


def _arrow(layout: Layout, connection: Connection, kind: int, marked: bool) -> Arrow:
    """The arrow of a connection; lines of each kind turn beside those of others."""
    start, end = layout.groups[connection.source].glyphs[-1], layout.groups[connection.target].glyphs[0]
    steps = (connection.step,)
    if connection in layout.upright:
        down = end.y > start.y
        ends = ((start.x, start.floor), (end.x, end.roof)) if down else ((start.x, start.roof), (end.x, end.floor))
        return Arrow(*ends, connection.slot, marked, steps=steps)
    if connection in layout.bent:
        tip = (end.left - CLEAR, end.y)
        return Arrow((start.x, start.floor), tip, connection.slot, marked, ((start.x, end.y),), steps)
    leaving, arriving = _rank(layout, connection, "source"), _rank(layout, connection, "target")
    over = needs_lane(layout.figure, connection)
    y = start.y + _shift(start, leaving) * (1 if end.y > start.y and not over else -1)
    to_y = end.y + _shift(end, arriving) * (1 if start.y > end.y else -1)
    turn = end.x + min(begin for begin, _ in end.lanes) - TURN - _APART * kind
    begin, tip = (start.right + start.depth + CLEAR, y), (end.left - CLEAR, to_y)
    via: list[Point] = []
    if over:
        out = start.x + max(right for _, right in start.lanes) + TURN / 2 + _APART * leaving
        lane = layout.lanes[connection.source, connection.slot]
        via = [(out, y), (out, lane), (turn, lane), (turn, to_y)]
    elif y != to_y and not is_beside(layout.figure, connection):
        via = [(turn, y), (turn, to_y)]
        if turn < start.left:  # the target begins farther left: a line from the right side would cross the box
            begin = start.left - CLEAR, y
    elif y != to_y:
        tip = tip[0], y
    return Arrow(begin, tip, connection.slot, marked, tuple(via), steps)


def _rank(layout: Layout, connection: Connection, end: Literal["source", "target"]) -> int:
    """The place of a connection among the lines at its source or target: one for each slot, a straight one first."""
    place = getattr(connection, end)
    direct = layout.upright | layout.bent
    lines = [each for each in layout.figure.connections if getattr(each, end) == place and each not in direct]
    lines.sort(key=lambda each: not is_beside(layout.figure, each))
    return list(dict.fromkeys(each.slot for each in lines)).index(connection.slot)


def _kinds(layout: Layout) -> list[str]:
    """The slots of all lines, those of lines that lead around boxes first."""
    direct = layout.upright | layout.bent
    around = [each for each in layout.figure.connections if each not in direct and not is_beside(layout.figure, each)]
    return list(dict.fromkeys(each.slot for each in (*around, *layout.figure.connections)))


def _shift(glyph: Glyph, rank: int) -> float:
    """How far from the middle of a box a line of a rank meets it."""
    return min(_APART * rank, glyph.height / 2 - 1)
