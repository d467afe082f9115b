"""unetkit study run, and unetkit study retry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from unetkit.cli.arguments import OptionValue, Overrides, Overwrite, shown_at
from unetkit.cli.output import say
from unetkit.cli.stopping import resumable
from unetkit.cli.study.plan import Data, StudyName, with_data

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from unetkit.study import Study, StudyRun
    from unetkit.study.results.exit_status import State
    from unetkit.study.runs.coordinator import ExecutionSettings
    from unetkit.study.runs.study_folder import StudyFolder

    Opened = AbstractContextManager[Executor]
    """An engine that has not been entered."""

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
ELSEWHERE = 16
"""Runs at once on a cluster."""


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
    states: tuple[State, ...] = ("waiting", "failed") if retry else ("waiting",)
    how = How(engine, address, at_once, timeout, runs, separate, overwrite)
    with shown_at(OptionValue("--data", data, "data")):
        start(study, with_data(data, overrides), output, how, states, dry_run=dry_run)


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
    states: tuple[State, ...] = ("failed",) if failed else ("waiting", "failed")
    how = How(engine, address, at_once, timeout, runs, separate, overwrite)
    with shown_at(OptionValue("--data", data, "data")):
        start(study, with_data(data, overrides), output, how, states, dry_run=dry_run)


class How(NamedTuple):
    """The options of the execution."""

    engine: str
    address: str | None
    at_once: int | None
    timeout: float | None
    runs: Path | None
    separate: bool
    overwrite: bool


def start(
    study: str, overrides: list[str], output: Path | None, how: How, states: tuple[State, ...], *, dry_run: bool
) -> None:
    """Executes the runs of a study that are in one of `states`; a signal interrupts it."""
    with resumable(lambda: "what is done stays, and this goes on from there"):
        do(study, overrides, output, how, states, dry_run=dry_run)


def do(
    study: str, overrides: list[str], output: Path | None, how: How, states: tuple[State, ...], *, dry_run: bool
) -> None:
    """Executes the runs of a study that are in one of `states`."""
    from unetkit.host import available_memory
    from unetkit.study import load_study
    from unetkit.study.runs.coordinator import ExecutionSettings, run_text
    from unetkit.study.runs.engines import EngineOptions, default_at_once, open_engine
    from unetkit.study.runs.study_folder import StudyFolder

    loaded = load_study(study, overrides)
    study_folder = StudyFolder(output or Path("studies") / loaded.name)
    study_folder.check(loaded)
    study_folder.check_free(loaded, overwrite=how.overwrite)
    if loaded.runs:
        run_text(loaded, loaded.runs[0])  # what is wrong with all of them is said before anything is written
    if dry_run:
        tell_missing(loaded, study_folder, states)
        return
    elsewhere = how.address is not None or how.engine == "submitit"
    count = how.at_once or (ELSEWHERE if elsewhere else default_at_once(loaded))
    share = available_memory() // count if how.engine == "local" else None
    settings = ExecutionSettings(count, how.timeout, share, states, separate=how.separate)
    opened = open_engine(
        how.engine, EngineOptions(count, study_folder.path.absolute(), how.address)
    )  # what is wrong is said first
    with study_folder.locked():
        if how.runs is not None:
            study_folder.share(how.runs)
        begin(loaded, study_folder, settings, opened, overrides)


def begin(
    loaded: Study, study_folder: StudyFolder, settings: ExecutionSettings, engine: Opened, overrides: list[str]
) -> None:
    """Executes the missing runs in a folder that this process has locked, and writes the report."""
    from unetkit.study.runs.coordinator import missing
    from unetkit.study.runs.same_data import check_same_data

    change = study_folder.freeze(loaded, overrides)
    if change is not None:
        say(change)
    for name, borrowed in study_folder.borrow([one.id for one in loaded.runs]).items():
        say(f"{loaded.name}: {len(borrowed):,} of {len(loaded.runs):,} runs were done in {name}; they are copied")
    check_same_data(loaded, study_folder)
    todo = missing(loaded, study_folder, settings.states)
    page = study_folder.path / "report" / "report.html"
    if not todo and change is None and page.is_file():
        failed = tell_failed(loaded, study_folder)
        say(f"{loaded.name}: {'nothing to do' if failed else f'all {len(loaded.runs):,} runs are done; nothing to do'}")
        say(page)
        raise typer.Exit(1 if failed else 0)
    if todo:
        count = min(len(todo), settings.at_once)
        say(f"{loaded.name}: {len(todo):,} of {len(loaded.runs):,} runs to do, {count} at once")
        execute(loaded, study_folder, settings, engine, todo)
    raise typer.Exit(finish(loaded, study_folder))


def execute(
    loaded: Study, study_folder: StudyFolder, settings: ExecutionSettings, engine: Opened, todo: list[StudyRun]
) -> None:
    """Executes the runs. After a signal, finished runs are kept and active ones are resumed later."""
    from unetkit.cli.study.progress import watching
    from unetkit.study.runs.coordinator import Coordinator

    with engine as executor, watching(len(todo)) as listener:
        Coordinator(loaded, study_folder, listener, settings).run(executor)


def finish(loaded: Study, study_folder: StudyFolder) -> int:
    """Writes the report, prints its summary, and returns the exit code: 1 where a run failed."""
    from unetkit.cli.study.report import publish
    from unetkit.study.results.exit_status import state_of

    failed = tell_failed(loaded, study_folder)
    if any(state_of(study_folder.run(one.id)) == "done" for one in loaded.runs):
        page, summary, _ = publish(study_folder.path)
        say("", *summary, "", page)
    return 1 if failed else 0


def tell_failed(loaded: Study, study_folder: StudyFolder) -> int:
    """Prints the failed runs and the reasons; returns their number."""
    from unetkit.study.results.exit_status import failures_in

    failures = failures_in(study_folder.runs, (one.id for one in loaded.runs))
    for one in loaded.runs:
        if one.id in failures:
            say(f"failed: {name_of(one)}: {failures[one.id]}", f"  {study_folder.run(one.id) / 'log.txt'}")
    if failures:
        say(f"{len(failures):,} of {len(loaded.runs):,} runs failed; `unetkit study retry` does them again")
    return len(failures)


def tell_missing(loaded: Study, study_folder: StudyFolder, states: tuple[State, ...]) -> None:
    """Prints the runs that would be executed."""
    from unetkit.study.runs.coordinator import missing

    todo = missing(loaded, study_folder, states)
    for one in todo:
        say(f"{one.id}  {name_of(one)}")
    say(f"{len(todo):,} of {len(loaded.runs):,} runs to do in {study_folder.path}")


def name_of(one: StudyRun) -> str:
    """The arm, seed and fraction of a run in words."""
    fraction = f" on {one.fraction:.0%} of the images" if one.fraction < 1 else ""
    return f"{one.arm.name}, seed {one.seed}{fraction}"
