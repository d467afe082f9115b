"""Two networks in one drawing, one below the other, and a table of the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from unetkit.draw.drawing import MARGIN, Panel, description, facts
from unetkit.draw.shapes import Drawing, Shape, Text, rectangle
from unetkit.draw.text import fit

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan

MOST_ROWS = 16
"""Rows of the table; further ones are counted."""
_FONT, _LINE, _GAP = 11.0, 18.0, 16.0
_BETWEEN = 26.0  # between the two networks
_COLUMNS = (0.34, 0.33, 0.33)
_RULE = 0.5  # half the thickness of a line


class DrawnPlan(NamedTuple):
    """A network at a size, what it is called, and the names of the components to highlight."""

    plan: SizedPlan
    title: str
    marked: frozenset[str] = frozenset()


def draw_pair(first: DrawnPlan, second: DrawnPlan, differences: Sequence[tuple[str, str, str]]) -> Drawing:
    """Both figures with the facts that differ in bold; `differences` are rows of path, first and second value."""
    told = [set(facts(each.plan)) for each in (first, second)]
    panels = [
        Panel(each.plan, each.title, each.marked, own - other)
        for each, own, other in zip((first, second), told, reversed(told), strict=True)
    ]
    full = max(panel.width for panel in panels)
    upper, middle = panels[0].shapes(0, full)
    lower, bottom = panels[1].shapes(middle + _BETWEEN, full)
    line = rectangle(MARGIN, middle + _BETWEEN - _RULE, MARGIN + full, middle + _BETWEEN + _RULE, "rule")
    table, bottom = _table(differences, (panels[0].title, panels[1].title), bottom + _BETWEEN, full)
    title = f"{panels[0].title} and {panels[1].title}"
    words = [f"{panel.title}: {description(panel.plan, panel.shown)}" for panel in panels]
    words += [f"{path}: {old} and {new}." for path, old, new in differences[:MOST_ROWS]]
    return Drawing(full + 2 * MARGIN, bottom + MARGIN, title, " ".join(words), (*upper, line, *lower, *table))


def _table(
    rows: Sequence[tuple[str, str, str]], titles: tuple[str, str], top: float, full: float
) -> tuple[list[Shape], float]:
    """The shapes of the table, and the y below the last; nothing where there are no rows."""
    if not rows:
        return [], top
    shapes: list[Shape] = [rectangle(MARGIN, top - _RULE, MARGIN + full, top + _RULE, "rule")]
    y = top + 1.6 * _LINE
    shapes += _row(("what differs", *titles), y, full, bold=True)
    for row in rows[:MOST_ROWS]:
        y += _LINE
        shapes += _row(row, y, full)
    if len(rows) > MOST_ROWS:
        y += _LINE
        shapes += _row((f"and {len(rows) - MOST_ROWS:,} more settings", "", ""), y, full)
    return shapes, y


def _row(cells: tuple[str, ...], y: float, full: float, *, bold: bool = False) -> list[Shape]:
    """The cells of a row, each shortened to its column."""
    shapes: list[Shape] = []
    x = MARGIN
    for number, (cell, share) in enumerate(zip(cells, _COLUMNS, strict=True)):
        text = fit(cell, share * full - _GAP, _FONT, bold=bold)
        if text:
            shapes.append(Text(x, y, text, _FONT, "text" if bold or number else "muted", bold=bold))
        x += share * full
    return shapes
