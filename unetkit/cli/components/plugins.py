"""unetkit plugins."""

from __future__ import annotations

from typing import Annotated

import typer

from unetkit.cli.arguments import AsJson
from unetkit.cli.output import say


def plugins(
    imports: Annotated[
        bool, typer.Option("--import/--no-import", help="Import each block to check that it works.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """List the installed distributions with blocks, and their errors."""
    from unetkit.cli.output import print_json, print_rich, table
    from unetkit.language.catalog import list_plugins

    rows = list_plugins(imports=imports)
    if as_json:
        print_json(rows)
    elif not rows:
        say("No installed distribution offers blocks.")
    else:
        listed = table("distribution", "version", "block", "state", "", wrap=[""])
        for row in rows:
            listed.add_row(row["distribution"], row["version"], row["block"] or "-", row["state"], row["reason"])
        print_rich(listed)
