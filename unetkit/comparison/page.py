"""A comparison as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unetkit.comparison.comparison import Comparison
from unetkit.comparison.rows import LEVEL_COLUMNS, ComparisonRow, cost_rows, level_rows, setting_rows
from unetkit.page import Cell, Column, Markup, document, element, join, section, table
from unetkit.wording import plural


def page(found: Comparison, drawing: str) -> str:
    """The page; `drawing` is both networks as SVG."""
    title = " and ".join(found.names)
    return document(
        title,
        element("h1", title),
        element("p", _lead(found), class_="lead"),
        *_sections(found, drawing),
    )


def _lead(found: Comparison) -> str:
    """What differs, in a sentence."""
    if found.same:
        return "The same network." if not found.settings else "The same network, described differently."
    number = len(setting_rows(found))
    parts = [f"{plural(number, 'setting')} differ{'s' * (number == 1)}"]
    parts += [f"{row.name} {row.old} and {row.new}" for row in cost_rows(found) if row.differs and row.change]
    return f"{', '.join(parts)}."


def _sections(found: Comparison, drawing: str) -> Iterator[Markup]:
    frame = element(
        "div", Markup(drawing), class_="drawing", tabindex="0", role="region", aria_label="drawing of both networks"
    )
    yield section("Both networks", frame, anchor="drawing", lead="What differs is highlighted.")
    names = [Column(name) for name in found.names]
    if found.settings:
        rows = [_cells(row) for row in setting_rows(found)]
        settings = table([Column("setting"), *names], rows, caption="Settings that differ; * is any level")
        yield section("Settings", settings, anchor="settings")
    costs = [[*_cells(row), Cell(row.change)] for row in cost_rows(found)]
    columns = [Column(""), *names, Column("change")]
    yield section("Costs", table(columns, costs, caption="One image, fp32", sortable=False), anchor="costs")
    yield section("Levels", _levels(found), anchor="levels", lead="Level 0 has the full resolution.")


def _levels(found: Comparison) -> Markup:
    columns = [Column("level"), *(Column(name) for name in LEVEL_COLUMNS)]
    rows = [[Cell(str(level)), *(Cell(_both(cell), look="") for cell in cells)] for level, cells in level_rows(found)]
    return table(columns, rows, caption="Both values where they differ, and the change", sortable=False)


def _both(row: ComparisonRow) -> str:
    """Both values of a cell where they differ."""
    if not row.differs:
        return row.old
    change = [element("span", row.change, class_="small")] if row.change else []
    return join([f"{row.old} → {row.new}", *change])


def _cells(row: ComparisonRow) -> Sequence[Cell]:
    """A row whose second value is marked where it differs."""
    second = element("span", row.new, class_="mark") if row.differs else row.new
    return [Cell(row.name), Cell(row.old, look="long"), Cell(second, look="long")]
