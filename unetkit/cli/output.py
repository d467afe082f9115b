"""How commands print: lines, tables, whole texts, JSON and faults. Nothing else in the command line prints."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from unetkit import wording
from unetkit.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from unetkit.errors import Fault

PIPE_WIDTH = 100
"""Columns of what goes to a file or another program."""

TEXT_WIDTH = 36
"""Columns that a long text has there at least."""


def say(*lines: object, to_errors: bool = False) -> None:
    """Prints lines, at once; what a terminal would obey is written as an escape, a line break too."""
    write("".join(f"{visible(str(line))}\n" for line in lines), to_errors=to_errors)


def print_document(text: str) -> None:
    """Prints a text that is a file of its own, such as YAML or code, as it stands."""
    write(text)


def print_json(values: Any, *, to_errors: bool = False) -> None:
    """Prints plain values as JSON, in which what a terminal would obey is written as an escape."""
    stream = sys.stderr if to_errors else sys.stdout
    unicode = "utf" in (getattr(stream, "encoding", None) or "").lower()
    text = json.dumps(values, indent=2, ensure_ascii=not unicode)
    text = re.sub(r"[^ -~\n]", lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)
    write(f"{text}\n", to_errors=to_errors)


def print_faults(faults: Iterable[Fault], *, as_json: bool) -> None:
    """Prints faults on standard error, each as a compiler does, never wrapped."""
    if as_json:
        print_json({"errors": [fault.json() for fault in faults]}, to_errors=True)
    else:
        write("".join(f"{fault}\n" for fault in faults), to_errors=True)


def write(text: str, *, to_errors: bool = False) -> None:
    """Writes a text to a standard stream, at once; raises FileError where standard output does not take it."""
    from unetkit.cli.system import deliver

    deliver(text, to_errors=to_errors)


def write_text(path: Path, text: str, told: str = "") -> None:
    """Writes a text to a file, and says so with the file's name or what is `told`; `-` is standard output, as is a path
    that leads there, and has the text alone."""
    if str(path) == "-":
        write(text)
        return
    from unetkit.writing import is_own_output, write_whole

    write_whole(path, text.encode())
    if not is_own_output(path):
        say(told or path)


def console(*, to_errors: bool = False) -> Console:
    """Returns what shows tables that change and progress; it takes no text for markup."""
    from rich.console import Console

    return Console(stderr=to_errors, markup=False, emoji=False, highlight=False)


def table(*columns: str, right: Sequence[str] = (), wrap: Sequence[str] = ()) -> Table:
    """Returns an empty table; numbers stand in the columns named in `right`, long texts in those in `wrap`.

    Its cells take any text; `lines` makes one of several lines.
    """
    from rich import box
    from rich.table import Table

    class Visible(Table):
        def add_row(self, *cells: Any, **settings: Any) -> None:
            super().add_row(*(visible(cell) if isinstance(cell, str) else cell for cell in cells), **settings)

    made = Visible(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in map(visible, columns):
        made.add_column(
            column, justify="right" if column in right else "left", no_wrap=column not in wrap, overflow="fold"
        )
    return made


def lines(*texts: str) -> Text:
    """Returns a cell of several lines, whose texts may be any."""
    from rich.text import Text

    return Text("\n".join(map(visible, texts)))


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Returns names and values below one another."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    for row in rows:
        grid.add_row(*map(visible, row))
    return grid


def print_rich(*parts: Table | str) -> None:
    """Prints tables and texts, as wide as the terminal; PIPE_WIDTH and without colours where there is none.

    Only long texts are wrapped: a table whose numbers need more is wider than that, and never cut.
    """
    shown = console()
    least = shown.width if shown.is_terminal else PIPE_WIDTH
    for part in parts:
        if isinstance(part, str):
            say(*part.split("\n"))
            continue
        shown.width = 10_000
        for column in part.columns:
            if column.no_wrap:
                column.min_width = max(shown.measure(cell).maximum for cell in (column.header, *column.cells))
            elif not shown.is_terminal:
                column.min_width = TEXT_WIDTH
        padding = 2 * len(part.columns)  # rich leaves it out of what it measures for columns with a least width
        measured = shown.measure(part)
        wraps = any(not column.no_wrap for column in part.columns)
        shown.width = max(least, (measured.minimum if wraps else measured.maximum) + padding)
        with shown.capture() as printed:
            shown.print(part)
        write("".join(f"{line.rstrip()}\n" for line in printed.get().split("\n")[:-1]))


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
    return wording.magnitude(number, ".1f") if number else "-"


def size_text(size: Iterable[int | None]) -> str:
    """Returns a size with a sign between its axes; None is the whole image.

    >>> size_text((132, 132, 116)), size_text((None, None)), size_text((9, None))
    ('132×132×116', 'whole image', '9×whole')
    """
    numbers = list(size)
    if set(numbers) == {None}:
        return "whole image"
    return wording.size_text("whole" if number is None else number for number in numbers)
