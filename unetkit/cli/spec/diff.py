"""unetkit diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, SpecName, complete_spec, plan_of
from unetkit.wording import value_text

if TYPE_CHECKING:
    from unetkit.planning import Plan

_Other = Annotated[
    str | None,
    typer.Argument(
        metavar="[OTHER]",
        help="The spec to compare with. [default: SPEC itself, changed by --set]",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def diff(spec: SpecName, other: _Other = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show the differences between two networks.

    --set changes the second network.
    """
    from unetkit.cli.output import print_json, print_rich, table
    from unetkit.language import differences

    if other is None and not overrides:
        raise typer.BadParameter("name another spec, or change this one with --set.")
    old, new = plan_of(spec), plan_of(other or spec, overrides)
    found = differences(old.spec, new.spec)
    same = old.digest == new.digest
    if as_json:
        listed = [one._asdict() for one in found]
        print_json({"old": _identity(old), "new": _identity(new), "same": same, "differences": listed})
        return
    if same:
        print_rich("The same network" + (", described differently:" if found else "."))
    if found:
        rows = table("", old.spec.name, new.spec.name if new.spec.name != old.spec.name else "changed")
        for one in found:
            rows.add_row(one.path, *("-" if value is None else value_text(value) for value in (one.old, one.new)))
        rows.rows[-1].end_section = True
        rows.add_row("parameters", f"{old.parameters:,}", f"{new.parameters:,}")
        print_rich(rows)


def _identity(plan: Plan) -> dict[str, Any]:
    return {"name": plan.spec.name, "digest": plan.digest, "parameters": plan.parameters}
