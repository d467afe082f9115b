"""unetkit diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, SpecName, complete_spec

if TYPE_CHECKING:
    from unetkit.planning import Plan

Other = Annotated[
    str | None,
    typer.Argument(
        metavar="[OTHER]",
        help="The spec to compare with. [default: SPEC itself, as --set changes it]",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def diff(spec: SpecName, other: Other = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show in what two networks differ.

    What --set changes is changed in the second.
    """
    from unetkit.cli.output import print_json, print_rich, table
    from unetkit.language import differences, load
    from unetkit.planning import plan

    if other is None and not overrides:
        raise typer.BadParameter("name another spec, or change this one with --set.")
    old, new = plan(load(spec)), plan(load(other or spec, overrides or ()))
    found = differences(old.spec, new.spec)
    if as_json:
        changed = [{"path": one.path, "old": one.old, "new": one.new} for one in found]
        same = old.digest == new.digest
        print_json({"old": facts_of(old), "new": facts_of(new), "same": same, "differences": changed})
        return
    if old.digest == new.digest:
        print_rich("The same network" + (", asked for in other words:" if found else "."))
    if found:
        made = table("", old.spec.name, new.spec.name if new.spec.name != old.spec.name else "changed")
        for one in found:
            made.add_row(one.path, text_of(one.old), text_of(one.new))
        made.rows[-1].end_section = True
        made.add_row("parameters", f"{old.parameters:,}", f"{new.parameters:,}")
        print_rich(made)


def facts_of(plan: Plan) -> dict[str, Any]:
    """Returns what tells a network from another."""
    return {"name": plan.spec.name, "digest": plan.digest, "parameters": plan.parameters}


def text_of(value: object) -> str:
    """Returns a setting as YAML writes it; a dash where it is not there.

    >>> text_of([64, 128]), text_of(True), text_of("same"), text_of(None)
    ('[64, 128]', 'true', 'same', '-')
    """
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
