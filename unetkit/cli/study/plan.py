"""unetkit study plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overrides, shown_at
from unetkit.cli.output import say
from unetkit.wording import megabytes, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from unetkit.study import Arm, Study
    from unetkit.study.cost import Cost

MOST_ROWS = 50
"""Largest number of arms in the table, unless all are requested."""


def complete_study(incomplete: str) -> list[str]:
    """The shipped studies whose names start with a text."""
    from unetkit.study import shipped_studies

    return [name for name in shipped_studies() if name.startswith(incomplete)]


StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, or the name of a shipped study.",
        show_default=False,
        autocompletion=complete_study,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="DATA", help="The data to train on, in place of the study's.", show_default=False),
]
MaxHours = Annotated[
    float | None,
    typer.Option(min=0, metavar="H", help="Refuse a study that takes longer than this.", show_default=False),
]
Time = Annotated[
    int | None,
    typer.Option("--time", min=1, metavar="N", help="Time N training steps of each arm.", show_default=False),
]


def plan(  # noqa: PLR0913 - one parameter per option
    study: StudyName,
    data: Data = None,
    time: Time = None,
    max_hours: MaxHours = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every arm, and its memory, however many there are.")
    ] = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show the plan of a study: its arms, their differences from the base, their costs, and warnings."""
    from unetkit.cli.output import print_json
    from unetkit.study import load_study
    from unetkit.study.advice import warnings
    from unetkit.study.cost import check_hours, cost

    with shown_at(OptionValue("--data", data, "data")):
        loaded = load_study(study, with_data(data, overrides))
    say(*loaded.taken, to_errors=True)
    per_step = timed(loaded, time, max_hours)
    costs = cost(loaded, per_step)
    if max_hours is not None:
        check_hours(costs, max_hours)
    told = list(warnings(loaded))
    if as_json:
        print_json({**loaded.json(every=every), "cost": costs.json(), "warnings": told})
    else:
        show(loaded, costs, told, len(loaded.planned) if every else MOST_ROWS)


def with_data(data: str | None, overrides: list[str] | None) -> list[str]:
    """The overrides of a study, including its data."""
    return [*([f"data={data}"] if data is not None else []), *(overrides or ())]


def timed(study: Study, steps: int | None, max_hours: float | None) -> dict[str, float] | None:
    """The seconds of a training step by arm, where they are requested or needed to estimate the hours."""
    from unetkit.study.cost import DEFAULT_STEPS, cost, seconds_per_step

    if steps is None and (max_hours is None or cost(study).hours is not None):
        return None
    return {arm.name: seconds_per_step(arm, steps or DEFAULT_STEPS) for arm in study.planned}


def show(study: Study, costs: Cost, told: list[str], most: int) -> None:
    """Prints the plan as text."""
    from unetkit.cli.output import print_rich

    rows = study.planned[:most]
    print_rich("\n".join(heading(study)), "", arm_table(study, costs, rows), "")
    if len(rows) < len(study.planned):
        say(f"… and {len(study.planned) - len(rows):,} more arms: --all shows them, --json too", "")
    for arm in study.skipped[:most]:
        say(f"skipped {arm.name}: {arm.skipped}")
    if len(study.skipped) > most:
        say(f"skipped … and {len(study.skipped) - most:,} more")
    say(*totals(study, costs))
    for text in told:
        say(f"warning: {text}")


def heading(study: Study) -> Iterator[str]:
    """Yields the heading: the study, its base and its design."""
    about = f": {study.keys.description}" if study.keys.description else ""
    yield f"{study.name}{about}"
    count, design = len(study.keys.axes), study.keys.design.replace("_", " ")
    axes = f", {count} ax{'i' if count == 1 else 'e'}s{f', {design}' if count > 1 else ''}" if count else ""
    match = f", widths chosen to match the base's {study.keys.match}" if study.keys.match != "none" else ""
    excluded = f", {study.excluded:,} left out by conditions" if study.excluded else ""
    yield f"base {study.base.network}{axes}{match}{excluded}"


def arm_table(study: Study, costs: Cost, rows: tuple[Arm, ...]) -> Table:
    """The table of arms."""
    from unetkit.cli.output import count, lines, magnitude, size_text, table

    matches = study.keys.match != "none"
    numbers = ["parameters", *(["off by"] if matches else []), "MACs", "memory", "sees", "a run", "disk"]
    made = table("arm", "differs from the base", *numbers, right=numbers, wrap=["arm", "differs from the base"])
    for arm in rows:
        facts = arm.facts
        assert facts is not None, "arms that cannot be built are not planned"
        off = [] if not matches else ["-" if arm.residual is None else f"{arm.residual:+.1%}"]
        made.add_row(
            lines(arm.names[0], *(f"= {name}" for name in arm.names[1:])),
            lines(*changes(arm)) if arm.differences else "-",
            count(facts.parameters),
            *off,
            magnitude(facts.macs),
            megabytes(arm.memory()),
            size_text(facts.receptive_field),
            duration(costs.seconds[arm.name]),
            f"{costs.disk[arm.name] / 1e6:,.1f} MB",
        )
    return made


def changes(arm: Arm) -> Iterator[str]:
    """Yields the differences between an arm and the base."""
    for one in arm.differences:
        yield f"{one.path}: {'-' if one.old is None else value_text(one.old)} → {value_text(one.new)}"


def totals(study: Study, costs: Cost) -> Iterator[str]:
    """Yields the number of runs and their total cost."""
    fractions = f" × {len(study.fractions)} fractions" if len(study.fractions) > 1 else ""
    arms, seeds = several(len(study.planned), "arm"), several(len(study.seeds), "seed")
    yield f"{arms} × {seeds}{fractions} = {several(costs.runs, 'run')}"
    hours = "" if costs.hours is None else f"{duration(costs.hours * 3600)} of training, one run after another; "
    yield f"{hours}{megabytes(costs.total_disk)} of disk"


def several(number: int, noun: str) -> str:
    """Returns a number of things.

    >>> several(1, "arm"), several(1200, "run")
    ('1 arm', '1,200 runs')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


def duration(seconds: float | None) -> str:
    """A duration in words.

    >>> duration(75), duration(7200), duration(0.5), duration(None)
    ('75 s', '2.0 h', '0.5 s', '-')
    """
    if seconds is None:
        return "-"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
