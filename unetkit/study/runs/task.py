"""One attempt at a run: a new process that works in the run's folder, on whichever machine the engine chooses."""

from __future__ import annotations

import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

from unetkit.host import kill_session
from unetkit.study.results.exit_status import ExitStatus, exit_status_of, killed
from unetkit.study.runs.process import LOG, Process, StartProcess, break_off, fresh

WORKER = "unetkit.study.runs.worker"
PRIVATE = ("checkpoints", ".lock", ".worker")
"""Files of a run's folder that are not copied between machines."""


@dataclass(frozen=True)
class Task:
    """A run to execute: its id, its folder, and the module whose `main` executes it. Plain values that can be pickled.

    `timeout` is in seconds, `memory` a limit of its data in bytes. `settings` is the text of its run.yaml where the
    folder is not visible on the executing machine: the run then works in a temporary folder, whose files are returned.
    """

    id: str
    folder: str
    module: str = WORKER
    timeout: float | None = None
    memory: int | None = None
    settings: str | None = None


class Outcome(NamedTuple):
    """The exit status of a task, its seconds, and the files to be returned, by their path in the run's folder."""

    exit_status: ExitStatus
    seconds: float
    files: dict[str, bytes]


_RETRY = 0.05
"""Seconds between two attempts to kill a process."""


@dataclass
class Processes:
    """The running processes. After `stop` none can be started."""

    begun: StartProcess = fresh
    living: list[Process] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def begin(self, task: Task, folder: Path) -> Process | None:
        """Starts a process for a task in a session of its own, so that Ctrl-C does not reach it. None after `stop`."""
        with self.lock:
            if self.stopped.is_set():
                return None
            try:
                process = self.begun(task.module, folder, task.memory)
            except (EOFError, OSError):
                if self.stopped.is_set():
                    return None
                raise
            self.living.append(process)
            return process

    def end(self, process: Process) -> int:
        """Ends a process and its children if they still run, and returns its exit code."""
        with self.lock:
            self.living.remove(process)
            return process.end()

    def stop(self) -> None:
        """Ends all processes; one that was forked a moment ago has no session yet, and is killed as soon as it has."""
        self.stopped.set()  # before the lock, so that none starts any more
        while not self.lock.acquire(timeout=_RETRY):  # a start holds it while the server imports, which takes seconds
            break_off()
        try:
            for process in self.living:
                kill_session(process.pid)
                while not process.wait(_RETRY):
                    kill_session(process.pid)
        finally:
            self.lock.release()

    def allow(self, begun: StartProcess = fresh) -> None:
        """Permits processes again, and sets how they are started."""
        with self.lock:
            self.begun = begun
            self.stopped.clear()


PROCESSES = Processes()


def attempt(task: Task) -> Outcome:
    """Executes a task in a new process."""
    if task.settings is None:
        return _attempt_in(Path(task.folder), task)
    with tempfile.TemporaryDirectory(prefix="unetkit-run-") as name:
        folder = Path(name)
        (folder / "run.yaml").write_text(task.settings, encoding="utf-8")
        outcome = _attempt_in(folder, task)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        names = {path.relative_to(folder): path for path in paths}
        files = {str(at): path.read_bytes() for at, path in names.items() if at.parts[0] not in PRIVATE}
    return outcome._replace(files=files)


def _attempt_in(folder: Path, task: Task) -> Outcome:
    """Executes a task in an existing folder."""
    start = time.monotonic()
    process = PROCESSES.begin(task, folder)
    if process is None:
        return Outcome(ExitStatus(-signal.SIGTERM, "it was not begun"), 0.0, {})
    late = not process.wait(task.timeout)
    code = PROCESSES.end(process)
    seconds = time.monotonic() - start
    if late:
        return Outcome(ExitStatus(1, f"it took longer than {task.timeout:g} s"), seconds, {})
    if code < 0:
        return Outcome(ExitStatus(code, killed(code)), seconds, {})
    told = exit_status_of(folder)
    if told is None or told.code != code:
        told = ExitStatus(code, f"its process ended with exit code {code}; its {LOG} may say why" if code else "")
    return Outcome(told, seconds, {})
