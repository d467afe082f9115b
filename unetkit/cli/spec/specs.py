"""unetkit specs."""

from __future__ import annotations

from unetkit.cli.arguments import AsJson, plan_of


def specs(as_json: AsJson = False) -> None:
    """List the shipped specs."""
    from unetkit.cli.output import count, magnitude, print_json, print_rich, size_text, table
    from unetkit.language import shipped
    from unetkit.planning import summarize

    found = [summarize(plan_of(name)) for name in shipped()]
    if as_json:
        print_json(found)
        return
    numbers = ("dims", "parameters", "MACs", "at size", "receptive field")
    rows = table("spec", *numbers, "description", right=numbers, wrap=["description"])
    for spec in found:
        sizes = size_text(spec["input_size"]), size_text(spec["receptive_field"])
        costs = count(spec["parameters"]), magnitude(spec["macs"])
        rows.add_row(spec["name"], f"{spec['dims']}D", *costs, *sizes, spec["description"])
    print_rich(rows)
