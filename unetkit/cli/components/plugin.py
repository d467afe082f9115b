"""Make a plugin, and check one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overwrite
from unetkit.cli.output import say

if TYPE_CHECKING:
    from unetkit.block import Component


def new(
    name: Annotated[
        str, typer.Argument(help="Its name, such as acme: the distribution is unetkit-acme.", show_default=False)
    ],
    folder: Annotated[Path, typer.Option("--folder", "-o", help="Where to: a new folder unetkit-NAME in it.")] = Path(),
    overwrite: Overwrite = False,
) -> None:
    """Write a package with two blocks, tests and a CI file, to begin with."""
    from unetkit.plugins.template import write_package

    say(write_package(name, folder, overwrite=overwrite))


def check(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[DIST|FILE]",
            help="A distribution or a file; all that is installed unless given.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="Make this check alone. Can be repeated.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the battery that the built-in blocks pass on the blocks of a plugin."""
    from unetkit.cli.output import print_json
    from unetkit.errors import BlockError, Fault
    from unetkit.testing import check_block

    reports = [check_block(block, only=only) for block in chosen(what)]
    if as_json:
        print_json([report.json() for report in reports])
    else:
        say(*(line for report in reports for line in str(report).split("\n")))
    failed = [report.block for report in reports if not report.passed]
    if failed:
        raise BlockError(Fault("plugin-check", f"{', '.join(failed)}: not all checks passed", cure="See above."))


def chosen(what: str | None) -> list[type[Component]]:
    """Returns the blocks to check; raises BlockError where one is broken, or there is none."""
    from unetkit import registry
    from unetkit.block import BASES
    from unetkit.errors import BlockError, Fault
    from unetkit.plugins import project
    from unetkit.plugins.distributions import namespace

    if what is not None and what.endswith(".py"):
        registry.load_plugin(what)
        return [block for _, block in project.own_blocks(project.load(what)) if block.slot in BASES]
    entries = [
        entry
        for slot in BASES
        for entry in registry.offers(slot)
        if what is None or namespace(entry.distribution) == namespace(what)
    ]
    if not entries:
        message = f"no installed distribution {what or ''} offers blocks"
        raise BlockError(Fault("plugin-unknown", message, cure="See: unetkit plugins. Or give a .py file."))
    return [registry.find(entry.slot, entry.full_name) for entry in entries]


COMMANDS: dict[str, Any] = {"new": new, "check": check}
