"""unetkit specs."""

from __future__ import annotations

from typing import Any

from unetkit.cli.arguments import AsJson, chosen_size


def specs(as_json: AsJson = False) -> None:
    """List the shipped specs."""
    from unetkit.cli.output import count, magnitude, print_json, print_rich, size_text, table
    from unetkit.language import shipped

    found = [values(name) for name in shipped()]
    if as_json:
        print_json(found)
        return
    numbers = ("dims", "parameters", "MACs", "at", "sees")
    made = table("spec", *numbers, "description", right=numbers, wrap=["description"])
    for spec in found:
        sizes = size_text(spec["input_size"]), size_text(spec["receptive_field"])
        costs = count(spec["parameters"]), magnitude(spec["macs"])
        made.add_row(spec["name"], f"{spec['dims']}D", *costs, *sizes, spec["description"])
    print_rich(made)


def values(name: str) -> dict[str, Any]:
    """Returns the facts about a shipped spec as plain values, at its usual size."""
    from unetkit.language import load
    from unetkit.planning import plan

    planned = plan(load(name))
    sized = planned.at(chosen_size(planned, None))
    frame = planned.spec.frame
    return {
        "name": name,
        "description": frame.description,
        "paper": frame.paper,
        "dims": planned.dims,
        "in_channels": frame.in_channels,
        "out_channels": frame.out_channels,
        "parameters": planned.parameters,
        "macs": sized.macs,
        "input_size": list(sized.input_size),
        "output_size": list(sized.output_size),
        "receptive_field": list(planned.receptive_field),
    }
