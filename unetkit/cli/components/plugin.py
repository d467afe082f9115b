"""Create plugins, and check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overwrite
from unetkit.cli.output import say

_PluginName = Annotated[
    str, typer.Argument(help="The name, such as acme for the distribution unetkit-acme.", show_default=False)
]
_PluginReference = Annotated[
    str | None,
    typer.Argument(
        metavar="[DIST|FILE]",
        help="A distribution or a Python file. [default: all installed distributions]",
        show_default=False,
    ),
]
_Checks = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="CHECK", help="Run this check only. Can be repeated.", show_default=False),
]


def new(
    name: _PluginName,
    folder: Annotated[Path, typer.Option("--folder", "-o", help="Where to create the folder unetkit-NAME.")] = Path(),
    overwrite: Overwrite = False,
) -> None:
    """Create a package with two example blocks, tests and a CI file."""
    from unetkit.plugins.template import write_package

    say(write_package(name, folder, overwrite=overwrite))


def check(plugin: _PluginReference = None, only: _Checks = None, as_json: AsJson = False) -> None:
    """Check the blocks of a plugin with the tests that the built-in blocks pass."""
    from unetkit.cli.output import print_json
    from unetkit.errors import BlockError, Fault
    from unetkit.testing import check_block, plugin_blocks

    reports = [check_block(block, only=only) for block in plugin_blocks(plugin)]
    if as_json:
        print_json([report.json() for report in reports])
    else:
        say(*(line for report in reports for line in str(report).split("\n")))
    failed = [report.block for report in reports if not report.passed]
    if failed:
        raise BlockError(Fault("plugin-check", f"{', '.join(failed)}: not all checks passed", cure="See above."))


COMMANDS: dict[str, Any] = {"new": new, "check": check}
