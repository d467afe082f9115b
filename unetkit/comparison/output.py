"""Writes a comparison as a drawing or as a page."""

from __future__ import annotations

from pathlib import Path

from unetkit.comparison.comparison import Comparison
from unetkit.comparison.rows import cost_rows, setting_rows
from unetkit.draw import DrawnPlan, pair_svg, write_drawing
from unetkit.page import Column, Markup, element, notebook_cell, plain_table
from unetkit.writing import write_whole


def write_comparison(found: Comparison, path: Path) -> None:
    """Writes both networks as one drawing, .svg or .png, or the whole comparison as a page, .html.

    Raises FileError for another suffix and for a file that cannot be written.
    """
    if Path(path).suffix.lower() == ".html":
        from unetkit.comparison.page import page

        write_whole(path, page(found, comparison_svg(found)).encode())
    else:
        write_drawing(comparison_svg(found), path, further=(".html",))


def comparison_svg(found: Comparison, *, with_settings: bool = True) -> str:
    """Both networks in one drawing, what differs marked, and below them the settings that differ."""
    drawn = [
        DrawnPlan(sized, name, marked)
        for sized, name, marked in zip(found.sized, found.names, found.changed, strict=True)
    ]
    rows = setting_rows(found) if with_settings else ()
    return pair_svg(drawn[0], drawn[1], [(row.name, row.old, row.new) for row in rows])


def comparison_html(found: Comparison) -> str:
    """A comparison as notebooks show it: both drawings, the settings that differ, and the costs."""
    old, new = found.names
    columns = [Column("setting or cost"), Column(old, True), Column(new, True), Column("change", True)]
    rows = [*setting_rows(found), *cost_rows(found)]
    drawing = element(
        "div", Markup(comparison_svg(found, with_settings=False)), class_="frame", tabindex="0"
    )  # its texts are escaped
    return notebook_cell(f"{old} and {new}", [], drawing, plain_table(columns, rows))
