"""The exit status of the last attempt at a run, in a file of the run's folder."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from unetkit.study.results.records import ExitRecord, read_record
from unetkit.study.results.results import StudyError
from unetkit.writing import PREFIX, write_whole

FILE = "exit.json"
RESULT = "result.json"
REFUSED = 2
"""Exit code of a run whose data, network or settings are refused before anything is trained."""

State = Literal["done", "failed", "running", "waiting"]


class ExitStatus(NamedTuple):
    """An exit code, 0 for success and negative after a signal, and the reason of a failure."""

    code: int
    reason: str = ""

    def write(self, folder: Path) -> None:
        """Writes the status into a run's folder."""
        write_whole(folder / FILE, json.dumps(self._asdict()).encode())


def exit_status_of(folder: Path) -> ExitStatus | None:
    """The exit status of the last attempt at a run; None where there is none or it is unreadable."""
    try:
        found = read_record(ExitRecord, folder / FILE)
    except StudyError:
        return None
    return None if found is None else ExitStatus(found.code, found.reason)


def state_of(folder: Path) -> State:
    """Whether a run is done, has failed, or is waiting; an interrupted run is waiting."""
    status = exit_status_of(folder)
    if status is None:
        return "waiting"
    if status.code:
        return "failed"
    return "done" if (folder / RESULT).is_file() else "waiting"


def failures_in(runs: Path, ids: Iterable[str]) -> dict[str, str]:
    """The reasons of the failed runs, by id."""
    statuses = ((name, exit_status_of(runs / name)) for name in ids)
    return {name: status.reason for name, status in statuses if status is not None and status.code}


def killed(code: int) -> str:
    """The reason of a process that a signal ended.

    >>> killed(-9)
    'its process was ended by SIGKILL'
    """
    return f"its process was ended by {signal.Signals(-code).name}"


def sweep(folder: Path) -> None:
    """Removes partly written files of a killed process. No other process may be writing in the folder."""
    for path in folder.rglob(f"{PREFIX}*"):
        if path.is_file():
            path.unlink(missing_ok=True)
