"""How the last attempt at a run ended: an exit code and a reason, in a file of the run's folder."""

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

State = Literal["done", "failed", "running", "waiting"]


class ExitStatus(NamedTuple):
    """An exit code, negative where a signal ended the process, and why that was; 0 is well."""

    code: int
    reason: str = ""

    def write(self, folder: Path) -> None:
        """Writes it into a run's folder."""
        write_whole(folder / FILE, json.dumps(self._asdict()).encode())


def exit_status_of(folder: Path) -> ExitStatus | None:
    """Returns how the last attempt at a run ended; None where none has, or what it wrote cannot be read."""
    try:
        found = read_record(ExitRecord, folder / FILE)
    except StudyError:
        return None
    return None if found is None else ExitStatus(found.code, found.reason)


def state_of(folder: Path) -> State:
    """Returns whether a run is done, has failed, or waits; what is broken off waits too."""
    status = exit_status_of(folder)
    if status is None:
        return "waiting"
    if status.code:
        return "failed"
    return "done" if (folder / RESULT).is_file() else "waiting"


def failures_in(runs: Path, ids: Iterable[str]) -> dict[str, str]:
    """Returns by run why it failed, of those that did."""
    statuses = ((name, exit_status_of(runs / name)) for name in ids)
    return {name: status.reason for name, status in statuses if status is not None and status.code}


def killed(code: int) -> str:
    """Returns in words that a signal ended a process.

    >>> killed(-9)
    'its process was ended by SIGKILL'
    """
    return f"its process was ended by {signal.Signals(-code).name}"


def sweep(folder: Path) -> None:
    """Removes the files that a process was writing when it was killed. Nobody else may write there."""
    for path in folder.rglob(f"{PREFIX}*"):
        if path.is_file():
            path.unlink(missing_ok=True)
