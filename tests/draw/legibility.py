"""Checks of drawings as values, without a browser: that nothing meets what it should not, and that lines are whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from unetkit.draw.markup import TIP
from unetkit.draw.shapes import Area, Arrow, Bounds, Drawing, Shape, Text

SMALLEST_FONT = 9
BESIDE, ABOVE = 12.0, 40.0  # from the end of a line to its box at most, with the labels above and below one


def overlap(a: Bounds, b: Bounds) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def parts(shape: Shape) -> list[Shape]:
    """A shape, or the straight lines of an arrow."""
    if not isinstance(shape, Arrow):
        return [shape]
    return [Arrow(start, end, shape.kind) for start, end in shape.segments]


def extent(shape: Shape) -> Bounds:
    """The room that a shape takes; an arrow is as thick as its tip."""
    if isinstance(shape, Text):
        return shape.bounds
    if isinstance(shape, Area):
        across, down = zip(*shape.points, strict=True)
        return min(across), min(down), max(across), max(down)
    (x0, y0), (x1, y1), thick = shape.start, shape.end, TIP * 0.6
    level = abs(x1 - x0) > abs(y1 - y0)
    dx, dy = (0.0, thick) if level else (thick, 0.0)
    return min(x0, x1) - dx, min(y0, y1) - dy, max(x0, x1) + dx, max(y0, y1) + dy


def check_legible(drawing: Drawing) -> None:
    """Checks that no label meets another, a box or an arrow, and that all are on the page and large enough."""
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text)]
    assert all(text.size >= SMALLEST_FONT for text in texts)
    for first, second in combinations(texts, 2):
        assert not overlap(first.bounds, second.bounds), (first, second)
    for shape in (part for whole in drawing.shapes for part in parts(whole)):
        left, top, right, bottom = bounds = extent(shape)
        assert left >= 0 and top >= 0 and right <= drawing.width and bottom <= drawing.height
        if not isinstance(shape, Text):
            assert not [text for text in texts if overlap(text.bounds, bounds)], shape


def arrows(drawing: Drawing, kind: str = "") -> list[Arrow]:
    return [shape for shape in drawing.shapes if isinstance(shape, Arrow) and shape.kind.startswith(kind)]


def check_lines(drawing: Drawing) -> None:
    """Checks that lines lead from box to box without crossing one, and that those of two kinds do not run together."""
    boxes = [
        shape for shape in drawing.shapes if isinstance(shape, Area) and shape.kind.startswith(("own", "borrowed"))
    ]
    shown = [extent(box) for box in boxes if box.map is not None]
    for arrow in (arrow for arrow in arrows(drawing) if arrow.steps):
        for start, end in arrow.segments:
            assert start[0] == pytest.approx(end[0]) or start[1] == pytest.approx(end[1])
            assert not [box for box in shown if overlap(line(start, end), box)], arrow
        for x, y in (arrow.start, arrow.end):
            near = (x - BESIDE, y - ABOVE, x + BESIDE, y + ABOVE)
            assert [box for box in shown if overlap(near, box)], arrow
        (x, y), tip = arrow.segments[-1]
        assert abs(tip[0] - x) + abs(tip[1] - y) > TIP, f"only a tip: {arrow}"
    explained = {arrow.kind for arrow in arrows(drawing) if not arrow.steps}
    assert explained >= {arrow.kind for arrow in arrows(drawing)}, "kinds of lines are not in the legend"
    for (kind, one), (other_kind, other) in combinations(set(segments(drawing)), 2):
        assert kind == other_kind or not run_together(one, other), (kind, one, other_kind, other)


def line(start: tuple[float, float], end: tuple[float, float]) -> Bounds:
    return min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1])


def segments(drawing: Drawing) -> Iterator[tuple[str, Bounds]]:
    """Yields the kinds and the straight lines of all arrows."""
    for arrow in arrows(drawing):
        yield from ((arrow.kind, line(*ends)) for ends in arrow.segments)


def run_together(one: Bounds, other: Bounds) -> bool:
    """Whether two lines lie on one another, or so near that they look like one."""
    left, top, right, bottom = (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )
    return max(right - left, bottom - top) > 1 and min(right - left, bottom - top) > -1


def check_whole_texts(drawing: Drawing) -> None:
    """Checks that no text is cut."""
    assert not [shape.text for shape in drawing.shapes if isinstance(shape, Text) and "…" in shape.text]
