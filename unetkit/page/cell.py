"""What a notebook shows below a cell: a title, facts, tables, drawings; it takes its colours from the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from unetkit.page.document import shared
from unetkit.page.element import Markup, element, join
from unetkit.page.table import Column, side


def notebook_cell(title: str, facts: Iterable[tuple[str, str]], *parts: str) -> Markup:
    """A title, a line of facts (their names and values), and what follows them."""
    told = [element("span", element("span", name), value) for name, value in facts if value]
    return element(
        "div",
        element("style", shared("cell.css")),
        element("div", title, class_="name"),
        element("div", *told, class_="facts") if told else Markup(""),
        join(parts),
        class_="unetkit-cell",
    )


def plain_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Markup:
    """A table that is not sortable: it needs no script, and notebooks keep none."""
    heads = [
        element("th", column.title, scope="col", class_=side(column), title=column.about or None) for column in columns
    ]
    body = [
        element("tr", *(element("td", text, class_=side(column)) for column, text in zip(columns, row, strict=True)))
        for row in rows
    ]
    made = element("table", element("thead", element("tr", *heads)), element("tbody", *body))
    return element("div", made, class_="frame", tabindex="0")
