"""Execution of a study: its missing runs, and its report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unetkit.engine import EngineOptions
from unetkit.host import available_memory
from unetkit.study.live import LiveReport, is_live
from unetkit.study.matrix.arm import StudyRun
from unetkit.study.results.collecting import collect, results_in
from unetkit.study.results.exit_status import FILE, REFUSED, State, exit_status_of, failures_in, state_of
from unetkit.study.results.records import PlanRecord
from unetkit.study.results.results import StudyError
from unetkit.study.runs.coordinator import Coordinator, ExecutionSettings, StudyListener, missing, run_text
from unetkit.study.runs.engines import default_at_once, find_engine, open_engine
from unetkit.study.runs.same_data import check_same_data
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.study import Study

if TYPE_CHECKING:
    from unetkit.study.report.writing import StudyReport

_ON_CLUSTER = 16
"""Default number of runs at once on a cluster."""


@dataclass(frozen=True)
class RunOptions:
    """Where and how the runs of a study are executed."""

    engine: str = "local"
    """local, dask, submitit, ray, or an engine of a plugin."""
    address: str | None = None
    """Of the Dask scheduler or the Ray cluster; with submitit: slurm or local."""
    at_once: int | None = None
    """Number of runs at once, by default as cores and memory allow, or ON_CLUSTER."""
    timeout: float | None = None
    """Seconds after which a run fails."""
    runs: Path | None = None
    """A folder for the runs, shared with other studies; by default one in the study's folder."""
    separate: bool = False
    """Whether the study's folder is not visible where runs execute."""
    states: tuple[State, ...] = ("waiting",)
    """Which runs are executed."""
    live: bool = False
    """Whether the report is written again while the runs execute."""


class StudyExecution(NamedTuple):
    """The runs that were to be executed, the reasons of all failed runs by id, and the new report, if any."""

    folder: Path
    todo: tuple[StudyRun, ...]
    failures: dict[str, str]
    report: StudyReport | None = None


def run_study(
    study: Study,
    folder: Path | None = None,
    options: RunOptions | None = None,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    listener: StudyListener | None = None,
) -> StudyExecution:
    """Executes the missing runs of a study in a folder, by default studies/NAME, and writes its report there.

    It can be interrupted and repeated at any time: finished runs are kept, and active ones are resumed. A failed run
    does not stop the others, unless it is the first one and its input is refused. With `dry_run` nothing is written or
    executed. Raises SpecError where runs are invalid, StudyError where the folder belongs to another study or is in use
    or the first run is refused, and FileError where it has foreign files.
    """
    options, listener = options or RunOptions(), listener or StudyListener()
    study_folder = StudyFolder(folder or Path("studies") / study.name)
    study_folder.check(study)
    study_folder.check_free(study, overwrite=overwrite)
    if study.runs:
        run_text(study, study.runs[0])  # faults that all runs share are reported before anything is written
    if dry_run:
        return StudyExecution(study_folder.path, tuple(_due(study, study_folder, options.states)), {})
    settings = settings_of(study, options)
    engine_options = EngineOptions(settings.at_once, study_folder.path.absolute(), options.address)
    engine = open_engine(options.engine, engine_options)
    with study_folder.locked():
        if options.runs is not None:
            study_folder.share(options.runs)
        changed = _prepare(study, study_folder, listener)
        todo = tuple(_due(study, study_folder, settings.states))
        num_runs = f"{len(study.runs):,} runs"
        if todo:
            at_once = min(len(todo), settings.at_once)
            first = f" before the next look of at most {num_runs}" if study.looks else f" of {num_runs}"
            listener.note(f"{study.name}: {len(todo):,}{first} to do, {at_once} at once")
            waiting = partial(_due, study, study_folder, settings.states)
            live = LiveReport(study_folder.path, listener, at_once, waiting) if options.live else None
            told = live or listener
            told.begin(len(todo))
            try:
                with engine as executor:
                    due = partial(_looked, study, study_folder, told, settings.states) if study.looks else None
                    coordinator = Coordinator(study, study_folder, told, settings, due=due, needed=study.runs[0])
                    coordinator.run(executor)
            except BaseException as error:
                if isinstance(error, StudyError):
                    _forget_refusals(study, study_folder)
                if live is not None:
                    live.stop()
                raise
            finally:
                told.finish()
        failures = _note_failures(study, study_folder, listener)
        result = StudyExecution(study_folder.path, todo, failures)
        page = study_folder.path / "report" / "report.html"
        if not todo and not changed and page.is_file() and not is_live(study_folder.path):
            listener.note(
                f"{study.name}: {'' if failures or study.looks else f'all {num_runs} are done; '}nothing to do"
            )
            return result
        if any(state_of(study_folder.run(run.id)) == "done" for run in study.runs):
            from unetkit.study.report.writing import write_study_report  # imports numpy

            result = result._replace(report=write_study_report(study_folder.path))
        return result


def _due(study: Study, study_folder: StudyFolder, states: tuple[State, ...]) -> list[StudyRun]:
    """The runs to be executed, in order: all missing ones, or those before the next look."""
    runs = missing(study, study_folder, states)
    if not study.looks or not runs:
        return runs
    from unetkit.study.deciding import stage_of  # imports numpy

    waiting = {run.id for run in runs if state_of(study_folder.run(run.id)) == "waiting"}
    plan = PlanRecord.model_validate_json(json.dumps(study.json()))
    results = collect(plan, study_folder.runs, failures_in(study_folder.runs, (run.id for run in study.runs)))
    marked = (replace(run, state="missing") if run.id in waiting else run for run in results.runs)
    due = {run.id for run in stage_of(replace(results, runs=tuple(marked))).due}
    return [run for run in runs if run.id in due or run.id not in waiting]


def _looked(
    study: Study, study_folder: StudyFolder, listener: StudyListener, states: tuple[State, ...]
) -> list[StudyRun]:
    """The runs that are due; what the last look decided is noted, and the report is written anew."""
    due = _due(study, study_folder, states)
    if any(state_of(study_folder.run(run.id)) == "done" for run in study.runs):
        from unetkit.study.deciding import stage_of
        from unetkit.study.report.writing import write_study_report

        stage = stage_of(results_in(study_folder.path))
        if stage.settings.looked:
            listener.note(str(stage))
            if not isinstance(listener, LiveReport):  # which writes it itself, with the status
                write_study_report(study_folder.path)
    return due


def settings_of(study: Study, options: RunOptions) -> ExecutionSettings:
    """How the runs of a study are executed, as far as cores and memory allow."""
    engine = find_engine(options.engine)
    on_cluster = options.address is not None or engine.on_cluster
    at_once = options.at_once or (_ON_CLUSTER if on_cluster else default_at_once(study))
    memory = None if on_cluster or engine.takes_address else available_memory() // at_once
    return ExecutionSettings(at_once, options.timeout, memory, options.states, separate=options.separate)


def _prepare(study: Study, study_folder: StudyFolder, listener: StudyListener) -> bool:
    """Freezes the plan, and copies finished runs of other studies; returns whether the plan has changed."""
    change = study_folder.freeze(study)
    if change is not None:
        listener.note(str(change))
    for name, copied in study_folder.borrow([run.id for run in study.runs]).items():
        listener.note(f"{study.name}: {len(copied):,} of {len(study.runs):,} runs were done in {name}; they are copied")
    check_same_data(study, study_folder)
    return change is not None


def _forget_refusals(study: Study, study_folder: StudyFolder) -> None:
    """Lets refused runs wait again, since all may be refused for what the first one is."""
    for run in study.runs:
        status = exit_status_of(study_folder.run(run.id))
        if status is not None and status.code == REFUSED:
            (study_folder.run(run.id) / FILE).unlink()


def _note_failures(study: Study, study_folder: StudyFolder, listener: StudyListener) -> dict[str, str]:
    """The reasons of the failed runs by id, which the listener gets too."""
    failures = failures_in(study_folder.runs, (run.id for run in study.runs))
    for run in study.runs:
        if run.id in failures:
            listener.note(f"failed: {run.title}: {failures[run.id]}")
            listener.note(f"  {study_folder.run(run.id) / 'log.txt'}")
    if failures:
        listener.note(f"{len(failures):,} of {len(study.runs):,} runs failed; `unetkit study run --retry` repeats them")
    return failures
