"""unetkit blocks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson
from unetkit.wording import value_text

if TYPE_CHECKING:
    from unetkit.language.catalog import ComponentName


def complete_block(incomplete: str) -> list[str]:
    """Completes a slot or a name."""
    from unetkit import registry

    names = {name for slot in registry.SLOTS for name in registry.names(slot)}
    return [name for name in (*registry.SLOTS, *sorted(names)) if name.startswith(incomplete)]


Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[SLOT | NAME | SLOT/NAME]",
        help="A slot, to list its blocks; or a block, to describe it.",
        show_default=False,
        autocompletion=complete_block,
    ),
]
Drawing = Annotated[
    Path | None,
    typer.Option(
        "--draw", metavar="FILE", help="Draw a small network with the block: .svg or .png.", show_default=False
    ),
]


def blocks(name: Name = None, drawing: Drawing = None, as_json: AsJson = False) -> None:
    """List the blocks that a spec can use, or describe one of them."""
    from unetkit import registry
    from unetkit.cli.output import print_json
    from unetkit.language.catalog import describe_component, find_component, list_components, summarize_component

    if name is None or name in registry.SLOTS:
        if drawing is not None:
            raise typer.BadParameter("--draw draws one block: name it.")
        rows = [summarize_component(*component) for component in list_components(*([name] if name else []))]
        print_json(rows) if as_json else _print_list(rows)
    else:
        component = find_component(name)
        values = describe_component(*component)
        if drawing is not None:
            _draw(component, drawing)
            values["drawing"] = str(drawing)
        print_json(values) if as_json else _print_description(values)


def _draw(component: ComponentName, file: Path) -> None:
    """Draws a small network with the block, at the smallest valid size from 32 upwards."""
    import yaml

    from unetkit.draw import draw
    from unetkit.language import load
    from unetkit.language.catalog import example
    from unetkit.planning import plan

    base = {"unetkit": 1, "name": component.name, "in_channels": 1, "out_channels": 2, "channels": [16, 32]}
    planned = plan(load(base | yaml.safe_load(example(*component))))
    draw(planned.at(tuple(sizes.above(32) or sizes.minimum or 32 for sizes in planned.preferred_sizes)), file)


def _print_list(rows: list[dict[str, Any]]) -> None:
    from unetkit.cli.output import print_rich, table

    listed = table("slot", "block", "", wrap=[""])
    slot = ""
    for row in rows:
        text = row["errors"][0]["message"] if "errors" in row else row["description"]
        if slot and slot != row["slot"]:
            listed.rows[-1].end_section = True
        listed.add_row(row["slot"] if row["slot"] != slot else "", row["name"], text)
        slot = row["slot"]
    print_rich(listed)
    if sys.stdout.isatty():
        print_rich("", "`unetkit blocks NAME` describes a block.")


def _print_description(values: dict[str, Any]) -> None:
    from unetkit.cli.output import facts, print_rich, table

    print_rich(f"{values['slot']}: {values['name']}", "", values["description"], "")
    if values["parameters"]:
        parameters = table("parameter", "values", "default", "description", wrap=["values", "description"])
        for one in values["parameters"]:
            parameters.add_row(one["name"], one["takes"], _default_text(one), one["description"])
        print_rich(parameters, "")
    origin = [(key, values[key]) for key in ("source", "owner") if values[key] not in ("", "unetkit")]
    print_rich(facts([*origin, ("defined in", values["defined"])]), "", values["example"].rstrip())


def _default_text(parameter: dict[str, Any]) -> str:
    if parameter["required"]:
        return "required"
    if "inherited" in parameter:
        return f"the spec's {parameter['inherited']}"
    return "-" if parameter["default"] is None else value_text(parameter["default"])
