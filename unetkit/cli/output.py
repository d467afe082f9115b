"""How commands print: plain text, tables, JSON and faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.errors import Fault

PIPE_WIDTH = 100
"""Columns of what goes to a file or another program."""

TEXT_WIDTH = 36
"""Columns that a long text has there at least."""


def print_json(values: Any, *, to_errors: bool = False) -> None:
    """Prints plain values as JSON."""
    stream = sys.stderr if to_errors else sys.stdout
    unicode = "utf" in (stream.encoding or "").lower()
    print(json.dumps(values, indent=2, ensure_ascii=not unicode), file=stream)


def print_faults(faults: Iterable[Fault], *, as_json: bool) -> None:
    """Prints faults on standard error, each as a compiler does, never wrapped."""
    if as_json:
        print_json({"errors": [fault.json() for fault in faults]}, to_errors=True)
    else:
        print("\n".join(map(str, faults)), file=sys.stderr)


def table(*columns: str, right: Sequence[str] = (), wrap: Sequence[str] = ()) -> Table:
    """Returns an empty table; numbers stand in the columns named in `right`, long texts in those in `wrap`."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(
            column, justify="right" if column in right else "left", no_wrap=column not in wrap, overflow="fold"
        )
    return made


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Returns names and values below one another."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    return grid


def print_rich(*parts: Table | str) -> None:
    """Prints tables and texts, as wide as the terminal; PIPE_WIDTH and without colours where there is none.

    Only long texts are wrapped: a table whose numbers need more is wider than that, and never cut.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    least = console.width if console.is_terminal else PIPE_WIDTH
    for part in parts:
        if isinstance(part, str):
            print(part)
            continue
        console.width = 10_000
        for column in part.columns:
            if column.no_wrap:
                column.min_width = max(console.measure(cell).maximum for cell in (column.header, *column.cells))
            elif not console.is_terminal:
                column.min_width = TEXT_WIDTH
        padding = 2 * len(part.columns)  # rich leaves it out of what it measures for columns with a least width
        measured = console.measure(part)
        wraps = any(not column.no_wrap for column in part.columns)
        console.width = max(least, (measured.minimum if wraps else measured.maximum) + padding)
        with console.capture() as printed:
            console.print(part)
        print("\n".join(line.rstrip() for line in printed.get().splitlines()))


def count(number: int | None) -> str:
    """Returns a count with thousands separators; a dash for none.

    >>> count(31_030_658), count(0), count(None)
    ('31,030,658', '-', '-')
    """
    return f"{number:,}" if number else "-"


def magnitude(number: int) -> str:
    """Returns a large count with one decimal and a prefix.

    >>> magnitude(150_428_424_448), magnitude(999_960), magnitude(640), magnitude(0)
    ('150.4 G', '1.0 M', '640', '-')
    """
    if number < 1000:
        return count(number)
    value, prefixes = number / 1000, iter("kMGTPE")
    prefix = next(prefixes)
    while value >= 999.95:
        value, prefix = value / 1000, next(prefixes, prefix)
    return f"{value:.1f} {prefix}"


def size_text(size: Iterable[int | None]) -> str:
    """Returns a size with a sign between its axes; None is the whole image.

    >>> size_text((132, 132, 116)), size_text((None, None)), size_text((9, None))
    ('132×132×116', 'whole image', '9×whole')
    """
    numbers = list(size)
    if set(numbers) == {None}:
        return "whole image"
    return "×".join("whole" if number is None else str(number) for number in numbers)
