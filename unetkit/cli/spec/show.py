"""unetkit show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, SizeText, SpecName, chosen_size
from unetkit.wording import megabytes

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.cli.spec.levels import LevelSummary
    from unetkit.planning import Plan, SizedPlan

Blocks = Annotated[bool, typer.Option("--blocks", help="Show every block, not only every level.")]


def show(
    spec: SpecName,
    size: SizeText = None,
    blocks: Blocks = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show the levels of a network: sizes, channels, parameters, MACs."""
    from unetkit.cli.output import print_json, print_rich
    from unetkit.cli.spec.levels import levels
    from unetkit.language import load
    from unetkit.planning import plan

    planned = plan(load(spec, overrides or ()))
    sized = planned.at(chosen_size(planned, size))
    if as_json:
        print_json(values(planned, sized))
    else:
        print_rich(heading(planned), "", summary(planned, sized), "")
        print_rich(block_table(sized) if blocks else level_table(levels(sized), sized))


def values(plan: Plan, sized: SizedPlan) -> dict[str, Any]:
    """Returns all that is known about a network at one size, as plain values."""
    from unetkit.cli.spec.levels import levels
    from unetkit.cli.spec.sizes import all_sizes
    from unetkit.planning import needed_memory

    return {
        "name": plan.spec.name,
        "digest": plan.digest,
        "dims": plan.dims,
        "in_channels": plan.spec.in_channels,
        "out_channels": plan.spec.out_channels,
        "parameters": plan.parameters,
        "macs": sized.macs,
        "receptive_field": list(plan.receptive_field),
        "receptive_field_range": [widths and list(widths) for widths in plan.receptive_fields],
        "measured": list(plan.measured),
        "input_size": list(sized.input_size),
        "output_size": list(sized.output_size),
        "output_grid": [
            {"start": float(grid.start), "step": float(grid.step)} for grid in plan.output_grid(sized.input_size)
        ],
        "memory": needed_memory(plan, sized.input_size).json(),
        "sizes": all_sizes(plan),
        "levels": [level.json() for level in levels(sized)],
        "head": sized.steps[-1].json(),
        "blocks": [step.json() for step in sized.steps],
    }


def heading(plan: Plan) -> str:
    """Returns the name of the network, with what its author says about it."""
    frame = plan.spec.frame
    about = f": {frame.description}" if frame.description else ""
    return f"{frame.name}{about}" + (f"\n{frame.paper}" if frame.paper else "")


def summary(plan: Plan, sized: SizedPlan) -> Table:
    """Returns the facts about the whole network."""
    from unetkit.cli.output import count, facts, magnitude, size_text
    from unetkit.planning import needed_memory
    from unetkit.planning.words import in_words_by_axis

    spec, needs = plan.spec, needed_memory(plan, sized.input_size)
    return facts(
        [
            ("image", f"{plan.dims}D, {spec.in_channels} → {spec.out_channels} channels"),
            ("size", f"{size_text(sized.input_size)} → {size_text(sized.output_size)}"),
            ("accepted sizes", in_words_by_axis(plan, plan.accepted)),
            ("aligned sizes", in_words_by_axis(plan, plan.aligned)),
            ("receptive field", size_text(plan.receptive_field)),
            ("parameters", count(plan.parameters)),
            ("MACs", magnitude(sized.macs)),
            ("memory", f"{megabytes(needs.inference)} to infer, {megabytes(needs.training)} to train, for one image"),
            ("digest", plan.digest[:16]),
            *([("measured", f"{len(plan.measured)} modules: {', '.join(plan.measured)}")] if plan.measured else []),
        ]
    )


def level_table(rows: list[LevelSummary], sized: SizedPlan) -> Table:
    """Returns one row per level, full resolution first, and one for the head."""
    from unetkit.cli.output import count, magnitude, size_text, table

    numbers = ("level", "channels", "encoder", "decoder", "parameters", "MACs")
    made = table(*numbers, right=numbers)
    for row in rows:
        decoder = f"{size_text(row.decoder.input_size)} → {size_text(row.decoder.output_size)}" if row.decoder else "-"
        made.add_row(
            str(row.level),
            " / ".join(dict.fromkeys(count(part.channels) for part in (row.encoder, row.decoder) if part)),
            f"{size_text(row.encoder.input_size)} → {size_text(row.encoder.output_size)}",
            decoder,
            count(row.parameters),
            magnitude(row.macs),
        )
    head = sized.steps[-1]
    size = f"{size_text(head.input_size)} → {size_text(head.output_size)}"
    made.add_row(
        "head", count(head.channels), "-", size, count(head.parameters), magnitude(head.macs), end_section=True
    )
    made.add_row("all", "", "", "", count(sized.plan.parameters), magnitude(sized.macs))
    return made


def block_table(sized: SizedPlan) -> Table:
    """Returns one row per block, in the order in which they run."""
    from unetkit.cli.output import count, magnitude, size_text, table

    numbers = ("channels", "input", "output", "parameters", "MACs")
    made = table("block", "type", *numbers, right=numbers)
    for step in sized.steps:
        channels = f"{count(step.in_channels)} → {count(step.channels)}"
        sizes = size_text(step.input_size), size_text(step.output_size)
        made.add_row(step.name, step.type, channels, *sizes, count(step.parameters), magnitude(step.macs))
    made.rows[-1].end_section = True
    made.add_row("all", "", "", "", "", count(sized.plan.parameters), magnitude(sized.macs))
    return made
