"""unetkit study plan."""

from __future__ import annotations

from typing import Annotated

import typer

from unetkit.cli.arguments import AsJson, Overrides

StudyName = Annotated[
    str,
    typer.Argument(metavar="STUDY", help="A study file, or the name of a shipped study.", show_default=False),
]


def plan(study: StudyName, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show what a study would run: its arms, what they differ in and what they cost."""
    from unetkit.cli.output import count, magnitude, print_json, print_rich, size_text, table
    from unetkit.study import load_study

    loaded = load_study(study, overrides or ())
    if as_json:
        print_json({"name": loaded.name, "arms": [arm.name for arm in loaded.arms]})
        return
    numbers = ("parameters", "MACs", "memory", "sees")
    made = table("arm", *numbers, right=numbers)
    for arm in loaded.planned:
        facts = arm.facts
        assert facts is not None
        sizes = size_text(facts.receptive_field)
        made.add_row(arm.name, count(facts.parameters), magnitude(facts.macs), magnitude(facts.memory), sizes)
    print_rich(made)
