"""unetkit study run, and unetkit study retry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from unetkit.cli.arguments import Overrides, Overwrite
from unetkit.cli.output import say
from unetkit.cli.stopping import resumable
from unetkit.cli.study_plan import Data, StudyName, with_data

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from unetkit.study import Run, Study
    from unetkit.study.results.exit_status import State
    from unetkit.study.runs.coordinator import Settings
    from unetkit.study.runs.study_folder import Home

    Opened = AbstractContextManager[Executor]
    """An engine that is to be entered."""

Folder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The study's folder. [default: studies/NAME]", show_default=False
    ),
]
Engine = Annotated[str, typer.Option(help="What has the runs done: local, dask, submitit or ray.", metavar="NAME")]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Of the Dask scheduler or the Ray cluster; with submitit slurm or local.",
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
        help="Keep the runs here, where other studies find equal ones. [default: DIR/runs]",
        show_default=False,
    ),
]
Separate = Annotated[
    bool, typer.Option("--separate", help="The engine's machines do not see this folder: results travel back.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
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
    retry: Annotated[bool, typer.Option("--retry", help="Do the runs that failed again, too.")] = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Do the runs of a study that are missing, and write its report. It may be stopped and begun again at any time."""
    states: tuple[State, ...] = ("waiting", "failed") if retry else ("waiting",)
    how = How(engine, address, at_once, timeout, runs, separate, overwrite)
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
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed, none that is missing.")] = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Do the runs of a study again that failed, and those that are missing, and write its report."""
    states: tuple[State, ...] = ("failed",) if failed else ("waiting", "failed")
    how = How(engine, address, at_once, timeout, runs, separate, overwrite)
    start(study, with_data(data, overrides), output, how, states, dry_run=dry_run)


class How(NamedTuple):
    """How runs are done, as the options say."""

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
    """Does the runs of a study that are in one of some states; a signal stops it."""
    with resumable(lambda: "what is done stays, and this goes on from there"):
        do(study, overrides, output, how, states, dry_run=dry_run)


def do(
    study: str, overrides: list[str], output: Path | None, how: How, states: tuple[State, ...], *, dry_run: bool
) -> None:
    """Does the runs of a study that are in one of some states."""
    from unetkit.host import available_memory
    from unetkit.study import load_study
    from unetkit.study.runs.coordinator import Settings, run_text
    from unetkit.study.runs.engines import Place, fitting, open_engine
    from unetkit.study.runs.study_folder import Home

    loaded = load_study(study, overrides)
    home = Home(output or Path("studies") / loaded.name)
    home.check(loaded)
    home.check_free(loaded, overwrite=how.overwrite)
    if loaded.runs:
        run_text(loaded, loaded.runs[0])  # what is wrong with all of them is said before anything is written
    if dry_run:
        tell_missing(loaded, home, states)
        return
    elsewhere = how.address is not None or how.engine == "submitit"
    count = how.at_once or (ELSEWHERE if elsewhere else fitting(loaded))
    share = available_memory() // count if how.engine == "local" else None
    settings = Settings(count, how.timeout, share, states, separate=how.separate)
    opened = open_engine(how.engine, Place(count, home.folder.absolute(), how.address))  # what is wrong is said first
    with home.taken():
        if how.runs is not None:
            home.share(how.runs)
        begin(loaded, home, settings, opened, overrides)


def begin(loaded: Study, home: Home, settings: Settings, engine: Opened, overrides: list[str]) -> None:
    """Has the missing runs done in a folder that this process has taken, and writes the report."""
    from unetkit.study.runs.coordinator import missing
    from unetkit.study.runs.same_data import check_same_data

    change = home.freeze(loaded, overrides)
    if change is not None:
        say(change)
    for name, borrowed in home.borrow([one.id for one in loaded.runs]).items():
        say(f"{loaded.name}: {len(borrowed):,} of {len(loaded.runs):,} runs were done in {name}; they are copied")
    check_same_data(loaded, home)
    todo = missing(loaded, home, settings.states)
    page = home.folder / "report" / "report.html"
    if not todo and change is None and page.is_file():
        failed = tell_failed(loaded, home)
        say(f"{loaded.name}: {'nothing to do' if failed else f'all {len(loaded.runs):,} runs are done; nothing to do'}")
        say(page)
        raise typer.Exit(1 if failed else 0)
    if todo:
        count = min(len(todo), settings.at_once)
        say(f"{loaded.name}: {len(todo):,} of {len(loaded.runs):,} runs to do, {count} at once")
        execute(loaded, home, settings, engine, todo)
    raise typer.Exit(finish(loaded, home))


def execute(loaded: Study, home: Home, settings: Settings, engine: Opened, todo: list[Run]) -> None:
    """Has the runs done. A signal stops it: what is done stays, and what runs goes on later."""
    from unetkit.cli.study_progress import watching
    from unetkit.study.runs.coordinator import Coordinator

    with engine as executor, watching(len(todo)) as watcher:
        Coordinator(loaded, home, watcher, settings).run(executor)


def finish(loaded: Study, home: Home) -> int:
    """Writes the report, says what it says, and returns the exit code: 1 where a run failed."""
    from unetkit.cli.study_report import publish
    from unetkit.study.results.exit_status import state_of

    failed = tell_failed(loaded, home)
    if any(state_of(home.run(one.id)) == "done" for one in loaded.runs):
        page, summary, _ = publish(home.folder)
        say("", *summary, "", page)
    return 1 if failed else 0


def tell_failed(loaded: Study, home: Home) -> int:
    """Says which runs failed, and why; returns how many."""
    from unetkit.study.results.exit_status import failures_in

    failures = failures_in(home.runs, (one.id for one in loaded.runs))
    for one in loaded.runs:
        if one.id in failures:
            say(f"failed: {name_of(one)}: {failures[one.id]}", f"  {home.run(one.id) / 'log.txt'}")
    if failures:
        say(f"{len(failures):,} of {len(loaded.runs):,} runs failed; `unetkit study retry` does them again")
    return len(failures)


def tell_missing(loaded: Study, home: Home, states: tuple[State, ...]) -> None:
    """Says what would be done."""
    from unetkit.study.runs.coordinator import missing

    todo = missing(loaded, home, states)
    for one in todo:
        say(f"{one.id}  {name_of(one)}")
    say(f"{len(todo):,} of {len(loaded.runs):,} runs to do in {home.folder}")


def name_of(one: Run) -> str:
    """Returns the arm, the seed and the fraction of a run in words."""
    fraction = f" on {one.fraction:.0%} of the images" if one.fraction < 1 else ""
    return f"{one.arm.name}, seed {one.seed}{fraction}"
