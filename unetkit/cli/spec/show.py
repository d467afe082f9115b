"""unetkit show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unetkit.cli.arguments import AsJson, Overrides, SizeText, SpecName, image_size, parse_bytes, plan_of
from unetkit.wording import plural

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.planning import Plan

_Blocks = Annotated[bool, typer.Option("--blocks", help="List every block, instead of one row per level.")]
_Memory = Annotated[bool, typer.Option("--memory", help="Show where the memory goes, and what fits.")]
_Train = Annotated[
    str | None,
    typer.Option(
        metavar="OPTIMIZER", help="The memory of a training step with adamw, adam or sgd.", show_default=False
    ),
]
_Dtype = Annotated[
    Literal["fp32", "bf16"] | None,
    typer.Option(help="Number type whose memory is shown. [default: fp32]", show_default=False),
]
_Batch = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Images whose memory is shown. [default: 1]", show_default=False),
]
_Within = Annotated[
    str | None,
    typer.Option(
        metavar="AMOUNT",
        help="Memory that the largest image and batch fit into, such as 6GB. [default: what is free]",
        show_default=False,
    ),
]


def show(  # noqa: PLR0913 - one parameter per option
    spec: SpecName,
    size: SizeText = None,
    blocks: _Blocks = False,
    memory: _Memory = False,
    train: _Train = None,
    dtype: _Dtype = None,
    batch: _Batch = None,
    within: _Within = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show the levels of a network: sizes, channels, parameters, multiply-adds (MACs); or its memory.

    --train, --dtype, --batch and --within imply --memory.
    """
    from unetkit.cli.output import print_json, print_rich
    from unetkit.planning import describe

    plan = plan_of(spec, overrides)
    if memory or train or dtype or batch or within:
        from unetkit.cli.spec.show_memory import Question, show_memory

        question = Question(train, dtype or "fp32", batch or 1, parse_bytes(within) if within else None)
        show_memory(plan, image_size(plan, size), question, as_json=as_json)
        return
    values = describe(plan, image_size(plan, size))
    if as_json:
        print_json(values)
    else:
        print_rich(_heading(plan), "", _summary(plan, values), "")
        print_rich(_block_table(values) if blocks else _level_table(values))


def _heading(plan: Plan) -> str:
    keys = plan.spec.keys
    description = f": {keys.description}" if keys.description else ""
    return f"{keys.name}{description}" + (f"\n{keys.paper}" if keys.paper else "")


def _summary(plan: Plan, values: dict[str, Any]) -> Table:
    from unetkit.cli.output import facts
    from unetkit.planning.memory import Memory
    from unetkit.planning.words import facts_in_words, memory_in_words

    words = facts_in_words(plan.at(tuple(values["input_size"])))
    measured = values["measured"]
    return facts(
        [
            ("image", f"{plan.dims}D, {values['in_channels']} → {_channels(values)} channels"),
            ("size", words.pop("size")),
            *_outputs(values),
            *words.items(),
            ("memory", memory_in_words(Memory(**values["memory"]))),
            ("digest", values["digest"][:16]),
            *([("measured", f"{len(measured)} modules: {', '.join(measured)}")] if measured else []),
        ]
    )


def _channels(values: dict[str, Any]) -> str:
    """The channels of each output for inference."""
    return " + ".join(str(output["channels"]) for output in values["outputs"].values() if output["when"] == "always")


def _outputs(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields a line for each output where there are several."""
    from unetkit.cli.output import size_text

    if len(values["outputs"]) > 1:
        for name, output in values["outputs"].items():
            when = ", in training only" if output["when"] == "training" else ""
            yield f"output {name}", f"{size_text(output['size'])}, {plural(output['channels'], 'channel')}{when}"


def _change(block: dict[str, Any]) -> str:
    from unetkit.cli.output import size_text

    return f"{size_text(block['input_size'])} → {size_text(block['output_size'])}"


def _level_table(values: dict[str, Any]) -> Table:
    from unetkit.cli.output import count, magnitude, table

    several = any(level["blocks"] > 2 for level in values["levels"])  # more than one on the way down and one up
    columns = ("level", "channels", "encoder", "decoder", *["blocks"] * several, "parameters", "MACs")
    rows = table(*columns, right=columns)
    for level in values["levels"]:
        sides = [side for side in (level["encoder"], level["decoder"]) if side]
        channels = " / ".join(dict.fromkeys(count(side["channels"]) for side in sides))
        encoder, decoder = (*map(_change, sides), "-")[:2]
        number = [count(level["blocks"])] * several
        costs = count(level["parameters"]), magnitude(level["macs"])
        rows.add_row(str(level["level"]), channels, encoder, decoder, *number, *costs)
    for head in (block for block in values["blocks"] if block["side"] == "head"):
        costs = count(head["parameters"]), magnitude(head["macs"])
        rows.add_row(head["name"], count(head["channels"]), "-", _change(head), *[""] * several, *costs)
    rows.rows[-1].end_section = True
    rows.add_row("total", "", "", "", *[""] * several, count(values["parameters"]), magnitude(values["macs"]))
    return rows


def _block_table(values: dict[str, Any]) -> Table:
    from unetkit.cli.output import count, magnitude, size_text, table

    numbers = ("channels", "input", "output", "parameters", "MACs")
    rows = table("block", "type", *numbers, right=numbers)
    for block in values["blocks"]:
        channels = f"{count(block['in_channels'])} → {count(block['channels'])}"
        sizes = size_text(block["input_size"]), size_text(block["output_size"])
        rows.add_row(
            block["name"], block["type"], channels, *sizes, count(block["parameters"]), magnitude(block["macs"])
        )
    rows.rows[-1].end_section = True
    rows.add_row("total", "", "", "", "", count(values["parameters"]), magnitude(values["macs"]))
    return rows
