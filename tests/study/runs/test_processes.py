"""The processes of runs, and how they are stopped."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from unetkit.study.runs import task as tasks
from unetkit.study.runs.process import forked
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


def test_stopping_does_not_wait_for_the_imports_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endless.py").write_text("import signal\nwhile True:\n    signal.pause()\n")
    (tmp_path / "endless_worker.py").write_text('NEEDED = ("endless",)\n')
    monkeypatch.syspath_prepend(tmp_path)
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))  # the server of Python 3.11 has no other path from here
    server: Any = vars(forkserver)["_forkserver"]
    server._stop()  # that of an earlier test, which has imported what it will
    processes = Processes(forked)
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(processes.begin, Task("a", str(tmp_path), "endless_worker"), tmp_path)
        while server._forkserver_pid is None:
            time.sleep(0.01)
        processes.stop()
        assert begun.result() is None
