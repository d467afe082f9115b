"""unetkit study run, and unetkit study retry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import OptionValue, Overrides, Overwrite, shown_at
from unetkit.cli.output import say
from unetkit.cli.stopping import resumable
from unetkit.cli.study.plan import Data, StudyName, with_data

if TYPE_CHECKING:
    from unetkit.study import RunOptions
    from unetkit.study.results.exit_status import State

Folder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The study's folder. [default: studies/NAME]", show_default=False
    ),
]
Engine = Annotated[str, typer.Option(help="Executes the runs: local, dask, submitit or ray.", metavar="NAME")]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Address of the Dask scheduler or the Ray cluster; with submitit: slurm or local.",
        show_default=False,
    ),
]
AtOnce = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Runs at once. [default: as cores and memory allow; 16 elsewhere]", show_default=False
    ),
]
Timeout = Annotated[
    float | None, typer.Option(min=0, metavar="SECONDS", help="A run that takes longer fails.", show_default=False)
]
Runs = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Keep the runs here, to share equal runs with other studies. [default: DIR/runs]",
        show_default=False,
    ),
]
Separate = Annotated[
    bool, typer.Option("--separate", help="The engine's machines cannot access this folder: copy results back.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List the runs to execute, and execute none.")]


def run(  # noqa: PLR0913 - one parameter per option
    study: StudyName,
    data: Data = None,
    output: Folder = None,
    engine: Engine = "local",
    address: Address = None,
    at_once: AtOnce = None,
    timeout: Timeout = None,
    runs: Runs = None,
    separate: Separate = False,
    retry: Annotated[bool, typer.Option("--retry", help="Repeat failed runs too.")] = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Execute the missing runs of a study and write its report. It can be interrupted and resumed at any time."""
    from unetkit.study import RunOptions

    states: tuple[State, ...] = ("waiting", "failed") if retry else ("waiting",)
    options = RunOptions(engine, address, at_once, timeout, runs, separate, states)
    with shown_at(OptionValue("--data", data, "data")):
        start(study, with_data(data, overrides), output, options, dry_run=dry_run, overwrite=overwrite)


def retry(  # noqa: PLR0913 - one parameter per option
    study: StudyName,
    data: Data = None,
    output: Folder = None,
    engine: Engine = "local",
    address: Address = None,
    at_once: AtOnce = None,
    timeout: Timeout = None,
    runs: Runs = None,
    separate: Separate = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only failed runs, no missing ones.")] = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Repeat the failed runs of a study, execute the missing ones, and write its report."""
    from unetkit.study import RunOptions

    states: tuple[State, ...] = ("failed",) if failed else ("waiting", "failed")
    options = RunOptions(engine, address, at_once, timeout, runs, separate, states)
    with shown_at(OptionValue("--data", data, "data")):
        start(study, with_data(data, overrides), output, options, dry_run=dry_run, overwrite=overwrite)


def start(
    study: str, overrides: list[str], output: Path | None, options: RunOptions, *, dry_run: bool, overwrite: bool
) -> None:
    """Executes the runs of a study, and prints the summary of its report; a signal interrupts it."""
    from unetkit.cli.study.progress import progress
    from unetkit.study import load_study, run_study

    with resumable(lambda: "what is done stays, and this goes on from there"):
        loaded = load_study(study, overrides)
        listener = progress()
        result = run_study(loaded, output, options, overwrite=overwrite, dry_run=dry_run, listener=listener)
    if dry_run:
        say(*(f"{run.id}  {run.title}" for run in result.todo))
        say(f"{len(result.todo):,} of {len(loaded.runs):,} runs to do in {result.folder}")
        return
    if result.report is not None:
        say("", *result.report.summary, "", result.report.page)
    elif not result.todo:
        say(result.folder / "report" / "report.html")
    raise typer.Exit(1 if result.failures else 0)
