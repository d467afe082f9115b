"""Executes the missing runs of a study in order, several at once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from unetkit.errors import Fault, UnetkitError
from unetkit.study.matrix.arm import StudyRun
from unetkit.study.results.exit_status import REFUSED, RESULT, ExitStatus, State, state_of
from unetkit.study.results.index import RunIndex, entries_in
from unetkit.study.results.results import StudyError
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.runs.task import WORKER, Outcome, Task, attempt
from unetkit.study.study import Study
from unetkit.writing import write_whole

_TICK = 0.5
"""Seconds between two updates of a progress display."""


class StudyListener:
    """Receives the progress of a study. Override its methods."""

    def note(self, line: str) -> None:
        """A message, such as a change of the plan or a failed run."""

    def begin(self, todo: int) -> None:
        """A number of runs will be executed."""

    def more(self, runs: int) -> None:
        """A number of further runs will be executed."""

    def started(self, run: StudyRun) -> None:
        """A run has started."""

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        """A run has ended; `again` where it restarts because its process was killed."""

    def tick(self) -> None:
        """Some time has passed."""

    def finish(self) -> None:
        """No more runs will be executed."""


@dataclass(frozen=True)
class ExecutionSettings:
    """How runs are executed: `at_once` in parallel, each with `timeout` seconds and `memory` bytes of data.

    Only runs in one of `states` are executed. A run whose process was killed restarts, up to `attempts` attempts in
    all. `separate`: the run folders are not visible where runs execute. `module` has the `main` that executes a run.
    """

    at_once: int = 1
    timeout: float | None = None
    memory: int | None = None
    states: tuple[State, ...] = ("waiting",)
    attempts: int = 4
    separate: bool = False
    module: str = WORKER


def missing(study: Study, study_folder: StudyFolder, states: tuple[State, ...] = ("waiting",)) -> list[StudyRun]:
    """The runs that are in one of `states`, in order."""
    return [run for run in study.runs if state_of(study_folder.run(run.id)) in states]


def run_text(study: Study, run: StudyRun) -> str:
    """The run.yaml of a run, with every default filled in and absolute paths.

    Raises SpecError where it is invalid, and StudyError where the study has no data.
    """
    from unetkit.train import load_run  # of which a plan alone needs nothing

    if not run.run_values["data"]:
        cure = "Give them with --data: a data file, a folder with images/ and masks/, or mni."
        raise StudyError(Fault("data-missing", f"the study {study.name} has no data", "data", cure))
    folder = study.path.parent.absolute() if study.path is not None else Path.cwd()
    text: str = load_run(run.run_values, folder=folder).text()
    return text


@dataclass
class Coordinator:
    """Executes the runs of a study; the caller locks the study's folder and opens the executor."""

    study: Study
    study_folder: StudyFolder
    listener: StudyListener
    settings: ExecutionSettings = field(default_factory=ExecutionSettings)
    text: Callable[[Study, StudyRun], str] = run_text
    due: Callable[[], list[StudyRun]] | None = None
    """Gives the runs that are due next whenever those that were due have ended; by default the missing runs."""
    needed: StudyRun | None = None
    """A run without which the others are of no use: where it is refused, the study stops."""
    tries: Counter[str] = field(default_factory=Counter)

    def run(self, executor: Executor) -> None:
        """Executes the missing runs. Afterwards every run is done or has failed, which the folders record.

        Raises StudyError where the run that is needed is refused.
        """
        planned = ((run.id, run.arm.name, run.seed, run.fraction) for run in self.study.runs)
        index = RunIndex(self.study_folder.path, entries_in(planned, self.study_folder.runs))
        try:
            self.work(executor, index)
        finally:
            index.close()

    def work(self, executor: Executor, index: RunIndex) -> None:
        """Keeps the allowed number of runs active until none is left."""
        due = self.due
        queue = deque(due() if due else missing(self.study, self.study_folder, self.settings.states))
        known = {run.id for run in queue}
        going: dict[Future[Outcome], StudyRun] = {}
        while queue or going:
            while queue and len(going) < self.settings.at_once:
                run = queue.popleft()
                task = self.task(run, index)
                if task is not None:
                    going[executor.submit(attempt, task)] = run
                    index.note(run.id, "running")
                    self.listener.started(run)
            ended, _ = wait(going, _TICK, FIRST_COMPLETED)
            for future in ended:
                run = going.pop(future)
                outcome = self.keep(run, _outcome_of(future))
                if self.again(run, outcome, index):
                    queue.appendleft(run)
                elif run == self.needed and outcome.exit_status.code == REFUSED:
                    raise self.stopping(run, outcome.exit_status.reason)
            self.listener.tick()
            if due and not queue and not going:
                queue.extend(run for run in due() if run.id not in known)
                known.update(run.id for run in queue)
                self.listener.more(len(queue))

    def stopping(self, run: StudyRun, reason: str) -> StudyError:
        """The error that ends a study whose run that is needed is refused."""
        message = f"{run.title}, with which all others are compared, is refused: {reason}"
        cure = f"Mend it and repeat the command. {self.study_folder.run(run.id) / 'log.txt'} tells more."
        return StudyError(Fault("run-refused", message, cure=cure))

    def task(self, run: StudyRun, index: RunIndex) -> Task | None:
        """Creates a run's folder and its task; None where its settings are invalid, and the run counts as failed."""
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
        """Writes the returned files into a run's folder, the result last; returns the checked outcome."""
        folder = self.study_folder.run(run.id)
        for name in sorted(outcome.files, key=lambda name: name in (RESULT, "exit.json")):
            write_whole(folder / name, outcome.files[name])
        if outcome.exit_status.code == 0 and state_of(folder) != "done":
            return outcome._replace(exit_status=ExitStatus(1, f"its process succeeded, but wrote no {RESULT}"))
        return outcome

    def again(self, run: StudyRun, outcome: Outcome, index: RunIndex) -> bool:
        """Records the outcome of a run; returns whether it restarts because its process was killed."""
        self.tries[run.id] += 1
        again = outcome.exit_status.code < 0 and self.tries[run.id] < self.settings.attempts
        state = "waiting" if again else "failed" if outcome.exit_status.code else "done"
        if state == "failed":
            outcome.exit_status.write(self.study_folder.run(run.id))
        index.note(run.id, state, outcome.exit_status.reason)
        self.listener.ended(run, outcome, again=again)
        return again


def _outcome_of(future: Future[Outcome]) -> Outcome:
    """The outcome of a task; one that the engine lost counts as killed."""
    try:
        return future.result()
    except CancelledError:
        return Outcome(ExitStatus(-15, "the engine cancelled it"), 0.0, {})
    except Exception as error:  # noqa: BLE001 - each engine has errors of its own; the study goes on and tells them
        return Outcome(ExitStatus(-15, f"the engine lost it: {type(error).__name__}: {error}"), 0.0, {})
