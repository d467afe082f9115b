"""The arrows between groups: straight ones, and lines above a row or beside a group that several arrows share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unetkit.draw.figure import Connection
from unetkit.draw.glyph import Glyph
from unetkit.draw.layout import Layout
from unetkit.draw.lines import APART, LEAVE, TURN, is_beside, needs_lane
from unetkit.draw.shapes import Arrow, Point

CLEAR = 4.0  # from an arrow to a box


def routes(layout: Layout, marked: frozenset[str] = frozenset()) -> Iterator[Arrow]:
    """Yields the arrows between groups."""
    for each in layout.lines.figure.connections:
        ways = _direct if each in layout.lines.direct else _around
        start, *via, end = ways(layout, each)
        yield Arrow(start, end, each.slot, each.step in marked, tuple(via), (each.step,))


def level(left: Glyph, right: Glyph, kind: str, steps: Sequence[str], marked: bool) -> Arrow:
    """The arrow from one box to another on its right."""
    start, end = (left.right + left.depth + CLEAR, left.y), (right.left - CLEAR, right.y)
    return Arrow(start, end, kind, marked, steps=tuple(steps))


def _direct(layout: Layout, connection: Connection) -> tuple[Point, ...]:
    """The points of an arrow to the next row: straight, with a step, or down and to the right."""
    start, end = layout.groups[connection.source].glyphs[-1], layout.groups[connection.target].glyphs[0]
    down = end.y > start.y
    begin = start.x, start.floor if down else start.roof
    if connection in layout.bent:
        return begin, (start.x, end.y), (end.left - CLEAR, end.y)
    tip, y = (end.x, end.roof if down else end.floor), layout.steps.get(connection)
    return (begin, tip) if y is None or start.x == end.x else (begin, (start.x, y), (end.x, y), tip)


def _around(layout: Layout, connection: Connection) -> tuple[Point, ...]:
    """The points of another arrow, which may lead over or beside boxes; each kind of arrow turns beside the others."""
    start, end = layout.groups[connection.source].glyphs[-1], layout.groups[connection.target].glyphs[0]
    lines = layout.lines
    leaving = lines.leaving[connection.source][connection.slot]
    arriving = lines.arriving[connection.target][connection.slot]
    over = needs_lane(lines.figure, connection)
    y = start.y + _shift(start, leaving) * (1 if end.y > start.y and not over else -1)
    to_y = end.y + _shift(end, arriving) * (1 if start.y > end.y else -1)
    turn = end.x + min(begin for begin, _ in end.lanes) - TURN - APART * lines.kinds[connection.slot]
    begin, tip = (start.right + start.depth + CLEAR, y), (end.left - CLEAR, to_y)
    if over:
        out = start.x + max(right for _, right in start.lanes) + LEAVE + APART * leaving
        lane = layout.lanes[connection.source, connection.slot]
        return begin, (out, y), (out, lane), (turn, lane), (turn, to_y), tip
    if is_beside(lines.figure, connection):
        return begin, (tip[0], y)
    if y == to_y:
        return begin, tip
    if turn < start.left:  # the target begins farther left: a line from the right side would cross the box
        begin = start.left - CLEAR, y
    return begin, (turn, y), (turn, to_y), tip


def _shift(glyph: Glyph, rank: int) -> float:
    """How far from the middle of a box a line of a rank meets it."""
    return min(APART * rank, glyph.height / 2 - 1)
