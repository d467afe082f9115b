"""unetkit study plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overrides, shown_at
from unetkit.cli.output import say
from unetkit.wording import duration, listed, megabytes, plural, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from unetkit.study import Arm, Study
    from unetkit.study.cost import Cost

_MOST_ROWS = 50
"""Largest number of arms in the table, unless all are requested."""


def _complete_study(incomplete: str) -> list[str]:
    """Completes a STUDY: names of shipped studies."""
    from unetkit.study import shipped_studies

    return [name for name in shipped_studies() if name.startswith(incomplete)]


StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, or the name of a shipped study.",
        show_default=False,
        autocompletion=_complete_study,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="DATA", help="The training data. [default: those of the study]", show_default=False),
]
_MaxHours = Annotated[
    float | None,
    typer.Option(min=0, metavar="H", help="Refuse a study that takes longer than this.", show_default=False),
]
_Time = Annotated[
    int | None,
    typer.Option("--time", min=1, metavar="N", help="Time N training steps of each arm.", show_default=False),
]


_Pilot = Annotated[
    Path | None,
    typer.Option(
        metavar="STUDY_FOLDER", help="Say how many seeds a difference of the margin takes, by a study that has run."
    ),
]


def plan(  # noqa: PLR0913 - one parameter per option
    study: StudyName,
    data: Data = None,
    time: _Time = None,
    max_hours: _MaxHours = None,
    pilot: _Pilot = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show all arms, however many, and compute their memory.")
    ] = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show the plan of a study: its arms, their differences from the base, their costs, and warnings."""
    from unetkit.cli.output import print_json
    from unetkit.study import load_study
    from unetkit.study.advice import warnings
    from unetkit.study.cost import estimate

    with shown_at(OptionValue("--data", data, "data")):
        loaded = load_study(study, with_data(data, overrides), quick=not every)
    say(*loaded.taken, to_errors=True)
    costs = estimate(loaded, steps=time, max_hours=max_hours)
    advice = list(warnings(loaded))
    judged = None
    if pilot is not None:
        from unetkit.study.pilot import pilot as judge  # imports numpy

        judged = judge(pilot, loaded.keys.margin, max(1, len(loaded.planned) - 1))
    if as_json:
        extra = {} if judged is None else {"pilot": judged.json()}
        print_json({**loaded.json(every=every), "cost": costs.json(), "warnings": advice, **extra})
    else:
        _print_plan(loaded, costs, len(loaded.planned) if every else _MOST_ROWS)
        say(*(f"warning: {text}" for text in advice))
        say(*(judged.lines() if judged is not None else ()))


def with_data(data: str | None, overrides: list[str] | None) -> list[str]:
    """The overrides of a study, including its data."""
    return [*([f"data={data}"] if data is not None else []), *(overrides or ())]


def _print_plan(study: Study, costs: Cost, most: int) -> None:
    from unetkit.cli.output import print_rich

    rows = study.planned[:most]
    print_rich("\n".join(_heading(study)), "", _arm_table(study, costs, rows), "")
    if len(rows) < len(study.planned):
        say(f"… and {len(study.planned) - len(rows):,} more arms, which --all and --json show", "")
    for arm in study.skipped[:most]:
        say(f"skipped {arm.name}: {arm.skipped}")
    if len(study.skipped) > most:
        say(f"skipped … and {len(study.skipped) - most:,} more")
    say(*_fraction(study), *_totals(study, costs))


def _heading(study: Study) -> Iterator[str]:
    keys = study.keys
    yield f"{study.name}{f': {keys.description}' if keys.description else ''}"
    count, design = len(keys.axes), keys.design.replace("_", " ")
    axes = f", {count} ax{'i' if count == 1 else 'e'}s{f', {design}' if count > 1 else ''}" if count else ""
    match = f", widths chosen to match the base's {keys.match}" if keys.match != "none" else ""
    excluded = f", {study.excluded:,} excluded by conditions" if study.excluded else ""
    yield f"base {study.base.network}{axes}{match}{excluded}"


def _arm_table(study: Study, costs: Cost, rows: tuple[Arm, ...]) -> Table:
    from unetkit.cli.output import count, lines, magnitude, size_text, table

    matches = study.keys.match != "none"
    numbers = ["parameters", *(["mismatch"] if matches else []), "MACs", "memory", "receptive field", "time", "disk"]
    arms = table("arm", "difference from the base", *numbers, right=numbers, wrap=["arm", "difference from the base"])
    for arm in rows:
        facts = arm.facts
        assert facts is not None, "arms that cannot be built are not planned"
        mismatch = [] if not matches else ["-" if arm.residual is None else f"{arm.residual:+.1%}"]
        arms.add_row(
            lines(arm.names[0], *(f"= {name}" for name in arm.names[1:])),
            lines(*_changes(arm)) if arm.differences else "-",
            count(facts.parameters),
            *mismatch,
            magnitude(facts.macs),
            megabytes(arm.memory()),
            size_text(facts.receptive_field),
            duration(costs.seconds[arm.name]),
            f"{costs.disk[arm.name] / 1e6:,.1f} MB",
        )
    return arms


def _changes(arm: Arm) -> Iterator[str]:
    for one in arm.differences:
        yield f"{one.path}: {'-' if one.old is None else value_text(one.old)} → {value_text(one.new)}"


def _fraction(study: Study) -> Iterator[str]:
    """What a two-level design can tell, and what it cannot."""
    factors = study.factors or {}
    if study.keys.design not in ("screening", "interactions") or not factors:
        return
    number, resolution = len(factors["points"]), factors["resolution"]
    of = f"{number} of {2 ** len(factors['axes']):,} combinations of {len(factors['axes'])} axes"
    if study.keys.follow_up:
        yield f"{of}: a fraction folded over on {listed(study.keys.follow_up, last=' and ')}"
    else:
        yield of if resolution is None else f"{of}: a fraction of resolution {_ROMAN.get(resolution, resolution)}"
    for group in factors["aliases"]:
        yield f"aliased: {' = '.join(f'{one} × {other}' for one, other in group)}"


_ROMAN = {3: "III", 4: "IV", 5: "V", 6: "VI", 7: "VII", 8: "VIII"}


def _totals(study: Study, costs: Cost) -> Iterator[str]:
    fractions = f" × {len(study.fractions)} fractions" if len(study.fractions) > 1 else ""
    arms, seeds = plural(len(study.planned), "arm"), plural(len(study.seeds), "seed")
    if study.looks:
        least = costs.runs // len(study.seeds) * study.looks[0]
        yield f"{arms} × {study.looks[0]} to {seeds}{fractions} = {least:,} to {plural(costs.runs, 'run')}"
        places = ", ".join(map(str, study.looks))
        yield f"looks at {places} seeds leave decided arms alone; at most {study.error:g} of such studies err in a call"
    else:
        yield f"{arms} × {seeds}{fractions} = {plural(costs.runs, 'run')}"
    hours = (
        ""
        if costs.hours is None
        else f"{'at most ' * bool(study.looks)}{duration(costs.hours * 3600)} of training in sequence; "
    )
    yield f"{hours}{megabytes(costs.total_disk)} of disk"
