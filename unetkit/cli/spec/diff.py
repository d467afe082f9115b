"""unetkit diff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import (
    AsJson,
    Overrides,
    Overwrite,
    SizeText,
    SpecName,
    complete_spec,
    parse_size,
    plan_of,
    source_files,
)

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.comparison import Comparison

_Other = Annotated[
    str | None,
    typer.Argument(
        metavar="[OTHER]",
        help="The spec to compare with. [default: SPEC itself, changed by --set]",
        show_default=False,
        autocompletion=complete_spec,
    ),
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Also draw both networks, .svg or .png, or write the whole comparison as a page, .html.",
        show_default=False,
    ),
]


def diff(  # noqa: PLR0913 - one argument per option
    spec: SpecName,
    other: _Other = None,
    output: _Output = None,
    size: SizeText = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show the differences between two networks: their settings, their costs, and each level.

    --set changes the second network.
    """
    from unetkit.cli.output import print_json, print_rich, say
    from unetkit.comparison import compare, write_comparison
    from unetkit.overwriting import check_outputs

    if other is None and not overrides:
        raise typer.BadParameter("name another spec, or change this one with --set.")
    old, new = plan_of(spec), plan_of(other or spec, overrides)
    if output is not None:
        check_outputs([output], inputs=source_files(old.spec, new.spec), overwrite=overwrite)
    found = compare(old, new, None if size is None else parse_size(size, old.dims))
    if output is not None:
        write_comparison(found, output)
    if as_json:
        print_json(found.json())
        return
    if found.same:
        print_rich("The same network" + (", described differently:" if found.settings else "."))
    if found.settings:
        print_rich(_settings_and_costs(found))
    if not found.same:
        print_rich("", _levels(found))
    if output is not None:
        say(output)


def _settings_and_costs(found: Comparison) -> Table:
    from unetkit.cli.output import table
    from unetkit.comparison.rows import cost_rows, setting_rows

    rows = table("", *found.names, "change")
    for row in setting_rows(found):
        rows.add_row(row.name, row.old, row.new, row.change)
    rows.rows[-1].end_section = True
    for row in cost_rows(found):
        rows.add_row(row.name, row.old, row.new, row.change)
    return rows


def _levels(found: Comparison) -> Table:
    """The levels; a cell has both values where they differ."""
    from unetkit.cli.output import table
    from unetkit.comparison.rows import LEVEL_COLUMNS, level_rows

    rows = table("level", *LEVEL_COLUMNS)
    for level, cells in level_rows(found):
        rows.add_row(str(level), *(f"{cell.old} → {cell.new}" if cell.differs else cell.old for cell in cells))
    return rows
