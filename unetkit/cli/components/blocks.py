"""unetkit blocks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from unetkit.cli.arguments import AsJson

if TYPE_CHECKING:
    from unetkit.block import Component


def complete_block(incomplete: str) -> list[str]:
    """Returns the slots and blocks whose name begins so."""
    from unetkit import registry

    names = {name for slot in registry.SLOTS for name in registry.names(slot)}
    return [name for name in (*registry.SLOTS, *sorted(names)) if name.startswith(incomplete)]


What = Annotated[
    str | None,
    typer.Argument(
        metavar="[SLOT | NAME | SLOT/NAME]",
        help="A slot, to list its blocks; or a block, to describe it.",
        show_default=False,
        autocompletion=complete_block,
    ),
]


class Known(NamedTuple):
    """A block that can be used, by its slot and name."""

    slot: str
    name: str

    @property
    def model(self) -> type[Component]:
        """The class; raises BlockError where it cannot be imported."""
        from unetkit import registry

        return registry.find(self.slot, self.name)


def blocks(
    what: What = None,
    drawing: Annotated[
        Path | None,
        typer.Option("--draw", metavar="FILE", help="Draw it in a small network: .svg or .png.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the blocks that a spec can use, or describe one."""
    from unetkit import registry
    from unetkit.cli.output import print_json

    if what is None or what in registry.SLOTS:
        if drawing is not None:
            raise typer.BadParameter("--draw draws one block: name it.")
        listed = [Known(slot, name) for slot in ([what] if what else registry.SLOTS) for name in registry.names(slot)]
        print_json([summary(known) for known in listed]) if as_json else print_list(listed)
    else:
        known = chosen(what)
        values = description(known)
        if drawing is not None:
            draw_block(known, drawing)
            values["drawing"] = str(drawing)
        print_json(values) if as_json else print_description(values)


def chosen(what: str) -> Known:
    """Returns the block that is meant; raises BlockError where there is none of that name, or several."""
    from unetkit import registry
    from unetkit.errors import BlockError, Fault, did_you_mean

    for slot in registry.SLOTS:
        for separator in "/.":
            if what.startswith(slot + separator):
                return Known(slot, what[len(slot) + 1 :])
    registry.load_requested()
    slots = [slot for slot in registry.SLOTS if what in registry.names(slot) or what in registry.installed(slot)]
    if len(slots) == 1:
        return Known(slots[0], what)
    if slots:
        cure = f"Write {' or '.join(f'{slot}/{what}' for slot in slots)}."
        raise BlockError(Fault("block-ambiguous", f"{what!r} is a {' and a '.join(slots)}", cure=cure))
    everything = (*registry.SLOTS, *(name for slot in registry.SLOTS for name in registry.names(slot)))
    near = did_you_mean(what, dict.fromkeys(everything))
    raise BlockError(
        Fault(
            "unknown-block",
            f"there is no block {what!r}",
            cure=near if near.startswith("Did") else "See: unetkit blocks.",
        )
    )


def summary(known: Known) -> dict[str, Any]:
    """Returns slot, name and purpose of a block, or why it cannot be used."""
    from unetkit import registry
    from unetkit.errors import BlockError
    from unetkit.language.spec_schema import first_line

    values: dict[str, Any] = {"slot": known.slot, "name": known.name}
    entry = registry.offer(known.slot, known.name)
    if entry is not None:  # its import is left to those who use it
        return values | {"description": f"of {entry.owner}"}
    if "/" in known.name:
        return values | {"description": "offered by several distributions, see: unetkit plugins"}
    try:
        return values | {"description": first_line(known.model)}
    except BlockError as error:
        return values | {"description": "", "errors": [fault.json() for fault in error.faults]}


def description(known: Known) -> dict[str, Any]:
    """Returns all that is known about a block, as plain values."""
    from unetkit import registry

    model = known.model
    entry = registry.offer(known.slot, known.name)
    return {
        "slot": known.slot,
        "name": registry.full_name(known.slot, known.name),
        "owner": entry.owner if entry else "unetkit" if model.__module__.startswith("unetkit.") else "",
        "description": inspect.getdoc(model) or "",
        "source": model.source,
        "defined": where(model),
        "parameters": list(parameters(model)),
        "example": example(known),
    }


def draw_block(known: Known, file: Path) -> None:
    """Draws a small network that has the block, at the least size from 32 on that it takes."""
    import yaml

    from unetkit.draw import draw
    from unetkit.language import load
    from unetkit.planning import plan

    base = {"unetkit": 1, "name": known.name, "in_channels": 1, "out_channels": 2, "channels": [16, 32]}
    planned = plan(load(base | yaml.safe_load(example(known))))
    draw(planned.at(tuple(sizes.above(32) or sizes.minimum or 32 for sizes in planned.preferred_sizes)), file)


def where(model: type) -> str:
    """Returns file and line of a class, of the module that it wraps; its name where it has no file."""
    model = getattr(model, "module", model)
    try:
        return f"{inspect.getsourcefile(model)}:{inspect.getsourcelines(model)[1]}"
    except (OSError, TypeError):
        return f"{model.__module__}:{model.__qualname__}"


def parameters(model: type[Component]) -> Iterable[dict[str, Any]]:
    """Yields name, type in words, default and meaning of each parameter. A default that is a block is told by name."""
    from unetkit.block import Component, insets
    from unetkit.document.expected import expectation
    from unetkit.language.canonical import default_type
    from unetkit.language.spec_schema import attribute_docs

    docs, inner = attribute_docs(model), insets(model)
    for name, field in model.model_fields.items():
        values: dict[str, Any] = {"name": name, "takes": expectation(field), "required": field.is_required()}
        if not field.is_required():
            default = field.get_default(call_default_factory=True)
            values["default"] = default_type(default) if isinstance(default, Component) else default
        if name in inner and inner[name].inherited:
            values["inherited"] = inner[name].slot
        yield values | {"description": docs.get(name, field.description or "")}


def example(known: Known) -> str:
    """Returns YAML that uses the block with its defaults, without those that have no effect beside the others."""
    import yaml  # its writer

    from unetkit.block import insets

    model = known.model
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    values: dict[str, Any] = {"type": known.name} | dict.fromkeys(needed, "?")
    if not needed:
        made = model()
        idle, inner = made.idle(), insets(model)
        shown = {name: getattr(made, name) for name in model.model_fields if name not in idle and name not in inner}
        values |= {name: value for name, value in shown.items() if value is not None}
    return str(yaml.safe_dump({known.slot: values}, sort_keys=False, allow_unicode=True, default_flow_style=False))


def print_list(listed: list[Known]) -> None:
    """Prints one row per block, by slot; blocks that cannot be imported are told on standard error."""
    from unetkit.cli.output import print_rich, table

    made = table("slot", "block", "", wrap=[""])
    slot = ""
    for known in listed:
        values = summary(known)
        text = values["description"] if "errors" not in values else values["errors"][0]["message"]
        if slot and slot != known.slot:
            made.rows[-1].end_section = True
        made.add_row(known.slot if known.slot != slot else "", known.name, text)
        slot = known.slot
    print_rich(made)
    if sys.stdout.isatty():
        print_rich("", "unetkit blocks NAME describes one.")


def print_description(values: dict[str, Any]) -> None:
    """Prints a block: what it gives, its parameters, where it is from, and how to write it."""
    from unetkit.cli.output import facts, print_rich, table

    print_rich(f"{values['slot']}: {values['name']}", "", values["description"], "")
    if values["parameters"]:
        made = table("parameter", "takes", "default", "meaning", wrap=["takes", "meaning"])
        for one in values["parameters"]:
            made.add_row(one["name"], one["takes"], default_text(one), one["description"])
        print_rich(made, "")
    origin = [(key, values[key]) for key in ("source", "owner") if values[key] not in ("", "unetkit")]
    print_rich(facts([*origin, ("defined in", values["defined"])]), "", values["example"].rstrip())


def default_text(parameter: dict[str, Any]) -> str:
    """Returns the default as YAML writes it; the spec's own comes first where the parameter takes that."""
    if parameter["required"]:
        return "must be given"
    if "inherited" in parameter:
        return f"the spec's {parameter['inherited']}"
    value = parameter["default"]
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
