"""All output of the commands: lines, tables, documents, JSON and faults."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from unetkit import wording
from unetkit.cli.system import write
from unetkit.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from unetkit.errors import Fault

_PIPE_WIDTH = 100
"""Columns of output that does not go to a terminal."""

_TEXT_WIDTH = 36
"""Least columns of a long text in such output."""


def say(*lines: object, to_errors: bool = False) -> None:
    """Prints lines. Control characters, including line breaks, are escaped."""
    write("".join(f"{visible(str(line))}\n" for line in lines), to_errors=to_errors)


def print_document(text: str) -> None:
    """Prints a whole document, such as YAML or code, unchanged."""
    write(text)


def print_json(values: Any, *, to_errors: bool = False) -> None:
    """Prints plain values as JSON. Control characters are escaped."""
    stream = sys.stderr if to_errors else sys.stdout
    unicode = "utf" in (getattr(stream, "encoding", None) or "").lower()
    text = json.dumps(values, indent=2, ensure_ascii=not unicode)
    text = re.sub(r"[^ -~\n]", lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)
    write(f"{text}\n", to_errors=to_errors)


def print_faults(faults: Iterable[Fault], *, as_json: bool) -> None:
    """Prints faults on standard error in the form of a compiler, without wrapping."""
    if as_json:
        print_json({"errors": [fault.json() for fault in faults]}, to_errors=True)
    else:
        write("".join(f"{fault}\n" for fault in faults), to_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text to a file and prints its name. The path `-` is standard output, which gets the text only."""
    if str(path) == "-":
        write(text)
        return
    from unetkit.writing import is_own_output, write_whole

    write_whole(path, text.encode())
    if not is_own_output(path):
        say(path)


def console(*, to_errors: bool = False) -> Console:
    """A console for progress and live tables. It does not interpret markup."""
    from rich.console import Console

    return Console(stderr=to_errors, markup=False, emoji=False, highlight=False)


def table(*columns: str, right: Sequence[str] = (), wrap: Sequence[str] = ()) -> Table:
    """An empty table. Columns in `right` are aligned to the right; only those in `wrap` are wrapped.

    Cells are single lines of any text; `lines` makes a cell of several lines.
    """
    from rich import box
    from rich.table import Table

    class Visible(Table):
        def add_row(self, *cells: Any, **settings: Any) -> None:
            super().add_row(*(visible(cell) if isinstance(cell, str) else cell for cell in cells), **settings)

    empty = Visible(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in map(visible, columns):
        empty.add_column(
            column, justify="right" if column in right else "left", no_wrap=column not in wrap, overflow="fold"
        )
    return empty


def lines(*texts: str) -> Text:
    """A cell of several lines of any text."""
    from rich.text import Text

    return Text("\n".join(map(visible, texts)))


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    for row in rows:
        grid.add_row(*map(visible, row))
    return grid


def print_rich(*parts: Table | str) -> None:
    """Prints tables and texts, as wide as the terminal; without a terminal, in _PIPE_WIDTH columns and no colours.

    Only long texts are wrapped. A table whose numbers need more space is wider; no cell is cut.
    """
    shown = console()
    least = shown.width if shown.is_terminal else _PIPE_WIDTH
    for part in parts:
        if isinstance(part, str):
            say(*part.split("\n"))
            continue
        shown.width = 10_000
        for column in part.columns:
            if column.no_wrap:
                column.min_width = max(shown.measure(cell).maximum for cell in (column.header, *column.cells))
            elif not shown.is_terminal:
                column.min_width = _TEXT_WIDTH
        padding = 2 * len(part.columns)  # which rich does not count for columns with a minimum width
        measured = shown.measure(part)
        wraps = any(not column.no_wrap for column in part.columns)
        shown.width = max(least, (measured.minimum if wraps else measured.maximum) + padding)
        with shown.capture() as printed:
            shown.print(part)
        write("".join(f"{line.rstrip()}\n" for line in printed.get().split("\n")[:-1]))


def count(number: int | None) -> str:
    """A count with thousands separators, or a dash for zero and None.

    >>> count(31_030_658), count(0), count(None)
    ('31,030,658', '-', '-')
    """
    return f"{number:,}" if number else "-"


def magnitude(number: int) -> str:
    """A large count with one decimal and an SI prefix, or a dash for zero.

    >>> magnitude(150_428_424_448), magnitude(999_960), magnitude(640), magnitude(0)
    ('150.4 G', '1.0 M', '640', '-')
    """
    return wording.magnitude(number, ".1f") if number else "-"


def size_text(size: Iterable[int | None]) -> str:
    """A size, such as 572×572. None stands for the whole image.

    >>> size_text((132, 132, 116)), size_text((None, None)), size_text((9, None))
    ('132×132×116', 'whole image', '9×whole')
    """
    numbers = list(size)
    if set(numbers) == {None}:
        return "whole image"
    return wording.size_text("whole" if number is None else number for number in numbers)
