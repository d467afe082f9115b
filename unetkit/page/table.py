"""Tables that are sorted by selecting a heading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from unetkit.page.element import Markup, element


class Column(NamedTuple):
    """A column: its heading, whether it has numbers, and a tooltip."""

    title: str
    number: bool = False
    about: str = ""


class Cell(NamedTuple):
    """A cell: its content, the value by which it is sorted (None: the content), CSS class and style."""

    content: str
    value: float | str | None = None
    look: str = ""
    style: str = ""


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, caption: str, sortable: bool = True) -> Markup:
    """A table in a scrollable frame; the first column names the rows."""
    heads = [element("th", _heading(column, sortable), scope="col", class_=side(column)) for column in columns]
    body = [
        element("tr", *(cell(c, each, k) for k, (c, each) in enumerate(zip(columns, row, strict=True)))) for row in rows
    ]
    made = element(
        "table",
        element("caption", caption, class_="aside"),
        element("thead", element("tr", *heads)),
        element("tbody", *body),
        class_="sortable" if sortable else None,
    )
    return element("div", made, class_="wide", tabindex="0", role="region", aria_label=caption)


def _heading(column: Column, sortable: bool) -> Markup:
    """The content of a heading: a button if the table is sortable."""
    return element(
        "button" if sortable else "span", column.title, title=column.about or None, type="button" if sortable else None
    )


def cell(column: Column, each: Cell, index: int) -> Markup:
    """One cell; the first of a row is a heading."""
    look = " ".join(word for word in (side(column), each.look) if word)
    return element(
        "td" if index else "th",
        each.content,
        scope=None if index else "row",
        class_=look or None,
        style=each.style or None,
        data_value=each.value,
    )


def side(column: Column) -> str | None:
    """The CSS class of a column of numbers."""
    return "number" if column.number else None
