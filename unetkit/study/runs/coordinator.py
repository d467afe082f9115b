"""The process that has the runs of a study done: which are missing, in their order, so many at once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from unetkit.errors import Fault, UnetkitError
from unetkit.study.matrix.arm import StudyRun
from unetkit.study.results.exit_status import RESULT, ExitStatus, State, state_of
from unetkit.study.results.index import RunIndex, entries_in
from unetkit.study.results.results import StudyError
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.runs.task import WORKER, Outcome, Task, attempt
from unetkit.study.study import Study
from unetkit.writing import write_whole

TICK = 0.5
"""Seconds after which a display is told that time has passed."""


class ProgressListener(Protocol):
    """Is told what happens."""

    def started(self, run: StudyRun) -> None:
        """A run has begun."""

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        """A run has ended; it begins again where its process was killed."""

    def tick(self) -> None:
        """Some time has passed."""


@dataclass(frozen=True)
class ExecutionSettings:
    """How runs are done: so many at once, for so many seconds at most each, with so many bytes of data.

    Only runs in one of the `states` are done. One whose process was killed begins again, `attempts` times in all.
    `separate`: run folders are not to be seen from where runs are done. `module` has the `main` that does one.
    """

    at_once: int = 1
    timeout: float | None = None
    memory: int | None = None
    states: tuple[State, ...] = ("waiting",)
    attempts: int = 4
    separate: bool = False
    module: str = WORKER


def missing(study: Study, study_folder: StudyFolder, states: tuple[State, ...] = ("waiting",)) -> list[StudyRun]:
    """Returns the runs in one of some states, in their order."""
    return [run for run in study.runs if state_of(study_folder.run(run.id)) in states]


def run_text(study: Study, run: StudyRun) -> str:
    """Returns the run.yaml of a run, every default filled in and paths absolute.

    Raises SpecError for a wrong one, and StudyError where the study does not say which data.
    """
    from unetkit.train import load_run  # of which a plan alone needs nothing

    if not run.run_values["data"]:
        cure = "Give them with --data: a data file, a folder with images/ and masks/, or mni."
        raise StudyError(
            Fault("data-missing", f"the study {study.name} does not say which data it is for", "data", cure)
        )
    folder = study.path.parent.absolute() if study.path is not None else Path.cwd()
    text: str = load_run(run.run_values, folder=folder).text()
    return text


@dataclass
class Coordinator:
    """Has the runs of a study done; the caller holds the study's folder, and opens the executor."""

    study: Study
    study_folder: StudyFolder
    listener: ProgressListener
    settings: ExecutionSettings = field(default_factory=ExecutionSettings)
    text: Callable[[Study, StudyRun], str] = run_text
    tries: Counter[str] = field(default_factory=Counter)

    def run(self, executor: Executor) -> None:
        """Does what is missing; when it returns, every run is done or has failed, and the folders say which."""
        planned = ((run.id, run.arm.name, run.seed, run.fraction) for run in self.study.runs)
        index = RunIndex(self.study_folder.path, entries_in(planned, self.study_folder.runs))
        try:
            self.work(executor, index)
        finally:
            index.close()

    def work(self, executor: Executor, index: RunIndex) -> None:
        """Keeps as many runs going as may at once, until none is left."""
        queue = deque(missing(self.study, self.study_folder, self.settings.states))
        going: dict[Future[Outcome], StudyRun] = {}
        while queue or going:
            while queue and len(going) < self.settings.at_once:
                run = queue.popleft()
                task = self.task(run, index)
                if task is not None:
                    going[executor.submit(attempt, task)] = run
                    index.note(run.id, "running")
                    self.listener.started(run)
            ended, _ = wait(going, TICK, FIRST_COMPLETED)
            for future in ended:
                run = going.pop(future)
                if self.again(run, self.keep(run, outcome_of(future)), index):
                    queue.appendleft(run)
            self.listener.tick()

    def task(self, run: StudyRun, index: RunIndex) -> Task | None:
        """Returns a run as a task, its folder made; None, and it counts as failed, where its settings are wrong."""
        folder = self.study_folder.run(run.id)
        try:
            text = self.text(self.study, run)
            known = folder / "run.yaml"
            there = known.is_file()
            if there and known.read_text("utf-8") != text:
                cure = "Remove the folder: the run is then done anew."
                raise StudyError(Fault("folder-taken", f"{folder} holds another run", cure=cure))
            if not there:  # the last process of a killed study may still be sweeping here
                write_whole(known, text.encode())
        except UnetkitError as error:
            folder.mkdir(parents=True, exist_ok=True)
            reason = "; ".join(fault.message for fault in error.faults)
            self.again(run, self.keep(run, Outcome(ExitStatus(1, reason), 0.0, {})), index)
            return None
        settings = self.settings
        sent = text if settings.separate else None
        return Task(run.id, str(folder.absolute()), settings.module, settings.timeout, settings.memory, sent)

    def keep(self, run: StudyRun, outcome: Outcome) -> Outcome:
        """Writes into a run's folder what travelled back, the result last; returns how it ended."""
        folder = self.study_folder.run(run.id)
        for name in sorted(outcome.files, key=lambda name: name in (RESULT, "exit.json")):
            write_whole(folder / name, outcome.files[name])
        if outcome.exit_status.code == 0 and state_of(folder) != "done":
            return outcome._replace(exit_status=ExitStatus(1, f"its process ended well, but left no {RESULT}"))
        return outcome

    def again(self, run: StudyRun, outcome: Outcome, index: RunIndex) -> bool:
        """Notes how a run ended, and returns whether it begins again, because its process was killed."""
        self.tries[run.id] += 1
        again = outcome.exit_status.code < 0 and self.tries[run.id] < self.settings.attempts
        state = "waiting" if again else "failed" if outcome.exit_status.code else "done"
        if state == "failed":
            outcome.exit_status.write(self.study_folder.run(run.id))
        index.note(run.id, state, outcome.exit_status.reason)
        self.listener.ended(run, outcome, again=again)
        return again


def outcome_of(future: Future[Outcome]) -> Outcome:
    """Returns how a task ended; one that the engine lost counts as killed."""
    try:
        return future.result()
    except CancelledError:
        return Outcome(ExitStatus(-15, "the engine cancelled it"), 0.0, {})
    except Exception as error:  # noqa: BLE001 - each engine has errors of its own; the study goes on and tells them
        return Outcome(ExitStatus(-15, f"the engine lost it: {type(error).__name__}: {error}"), 0.0, {})
