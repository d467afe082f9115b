"""The processes of runs, and how they are stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from unetkit.study.runs import task as tasks
from unetkit.study.runs.task import Processes, Task


class Young:
    """A process that leads no session until it has been waited for some times, as one that was just forked."""

    pid = 7

    def __init__(self) -> None:
        self.waits = 0
        self.killed = False

    def wait(self, timeout: float | None) -> bool:
        self.waits += 1
        return self.killed

    def end(self) -> int:
        return -9


def test_a_process_that_leads_no_session_yet_is_stopped_as_soon_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Young()

    def kill(number: int) -> None:
        assert number == process.pid
        process.killed = process.waits >= 3

    monkeypatch.setattr(tasks, "kill_session", kill)
    processes = Processes(lambda module, folder, memory: process)
    task = Task("a", "a")
    assert processes.begin(task, Path()) is process
    processes.stop()
    assert process.killed
    assert processes.end(process) == -9
    assert processes.begin(task, Path()) is None
    processes.stop()
