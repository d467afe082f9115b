"""unetkit study run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import OptionValue, Overrides, Overwrite, shown_at
from unetkit.cli.output import say
from unetkit.cli.stopping import resumable
from unetkit.cli.study.plan import Data, StudyName, with_data

if TYPE_CHECKING:
    from unetkit.study.results.exit_status import State

_Folder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The study's folder. [default: studies/NAME]", show_default=False
    ),
]
Engine = Annotated[
    str, typer.Option(help="Executes the runs: local, dask, submitit, ray or that of a plugin.", metavar="NAME")
]
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
        min=1,
        metavar="N",
        help="Concurrent runs. [default: as cores and memory allow; 16 on a cluster]",
        show_default=False,
    ),
]
Timeout = Annotated[
    float | None, typer.Option(min=0, metavar="SECONDS", help="A run that takes longer fails.", show_default=False)
]
_Runs = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Keep the runs here, to share equal runs with other studies. [default: DIR/runs]",
        show_default=False,
    ),
]
_Separate = Annotated[
    bool, typer.Option("--separate", help="The machines of the engine cannot access this folder: copy results back.")
]


def run(  # noqa: PLR0913 - one parameter per option
    study: StudyName,
    data: Data = None,
    output: _Folder = None,
    engine: Engine = "local",
    address: Address = None,
    at_once: AtOnce = None,
    timeout: Timeout = None,
    runs: _Runs = None,
    separate: _Separate = False,
    retry: Annotated[bool, typer.Option("--retry", help="Also repeat failed runs.")] = False,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Repeat failed runs, and execute no others.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Write the report again while runs execute; its page reloads itself.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the runs to execute, and execute none.")] = False,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Execute the missing runs of a study, and write its report.

    The command can be interrupted at any time; the same command resumes the study.
    """
    from unetkit.cli.study.progress import study_progress
    from unetkit.study import RunOptions, load_study, run_study

    states: tuple[State, ...] = ("failed",) if only_failed else ("waiting", "failed") if retry else ("waiting",)
    options = RunOptions(engine, address, at_once, timeout, runs, separate, states, live)
    with resumable(lambda: "finished runs are kept, and this resumes the study"):
        with shown_at(OptionValue("--data", data, "data")):
            loaded = load_study(study, with_data(data, overrides))
            listener = study_progress()
            result = run_study(loaded, output, options, overwrite=overwrite, dry_run=dry_run, listener=listener)
        if dry_run:
            say(*(f"{one.id}  {one.title}" for one in result.todo))
            say(f"{len(result.todo):,} of {len(loaded.runs):,} runs to do in {result.folder}")
            return
        page = result.folder / "report" / "report.html"
        if result.report is not None:
            say("", *result.report.summary, "", page)
        elif page.is_file():
            say(page)
    raise typer.Exit(1 if result.failures else 0)
