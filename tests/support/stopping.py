"""Runs commands in processes of their own and stops them by signals."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import torch

from tests.support.program import HANDLERS, begin_program
from unetkit.cli import main
from unetkit.study.runs.process import Process


class OwnFork:
    """A fork of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None

    def wait(self, timeout: float | None) -> bool:
        """Whether it ended in time: now, or ever."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, 0 if timeout is None else os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is not None

    def end(self) -> int:
        """Its exit code, for which it waits."""
        self.wait(None)
        assert self.code is not None, "it has ended"
        return self.code


def own_forkserver() -> None:
    """Forgets the fork server that an earlier test began in this process: after a fork it is not a child any more."""
    server: Any = vars(forkserver)["_forkserver"]
    server._forkserver_pid = server._forkserver_alive_fd = server._forkserver_address = None


def default_handlers() -> None:
    """Sets what a program begins with; others are inherited where these tests run in the background."""
    for number in HANDLERS:
        signal.signal(number, signal.SIG_DFL)


def begin(line: list[str], folder: Path, *, fresh: bool = False) -> Process:
    """Begins a command in a process and a session of its own, its output in files of the folder.

    `fresh`: it is no fork of this process.
    """
    if fresh:
        command = "import sys; from unetkit.cli import main; sys.argv[0] = 'unetkit'; main()"
        return begin_program(command, line, folder)
    child = os.fork()
    if child:
        return OwnFork(child)
    code = 99
    try:
        os.setsid()
        own_forkserver()
        for signal_number, handler in HANDLERS.items():  # others where these tests run in the background
            signal.signal(signal_number, handler)
        for number, name in ((1, "out.txt"), (2, "err.txt")):
            os.dup2(os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1) for number in (1, 2))
        sys.argv = ["unetkit", *line]
        torch.set_num_threads(1)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    finally:
        os._exit(code)


def stopped(
    line: list[str], folder: Path, number: int, when: Callable[[], bool], *, group: bool = False, fresh: bool = False
) -> int:
    """Runs a command until something is the case, sends a signal, and returns the exit code."""
    return stopped_when(begin(line, folder, fresh=fresh), folder, number, when, group=group)


def stopped_when(child: Process, folder: Path, number: int, when: Callable[[], bool], *, group: bool = False) -> int:
    """Sends a signal to a process as soon as something is the case, and returns the exit code."""
    until = time.monotonic() + 120
    try:
        while not when():
            assert time.monotonic() < until and not child.wait(0), (folder / "err.txt").read_text()
            time.sleep(0.01)
        (os.killpg if group else os.kill)(child.pid, number)
        return ended(child)
    except BaseException:  # a command that goes on after its test would take the processor from others
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        raise


def ended(child: Process) -> int:
    """Returns the exit code of a process when it has ended."""
    child.wait(None)
    return child.end()
