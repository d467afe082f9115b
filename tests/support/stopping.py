"""Runs commands in processes of their own and stops them by signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import torch

from tests.support.places import ROOT
from unetkit.cli import main

HANDLERS: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""What a program begins with in a terminal."""


def own_forkserver() -> None:
    """Forgets the fork server that an earlier test began in this process: after a fork it is not a child any more."""
    server: Any = vars(forkserver)["_forkserver"]
    server._forkserver_pid = server._forkserver_alive_fd = server._forkserver_address = None


def program(text: str, arguments: list[str], folder: Path) -> int:
    """Begins a text of Python in a new process, as a terminal would, its output in files of the folder; returns its id.

    A training needs one: torch refuses gradients in a fork of a process in which they had threads.
    """
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with (folder / "out.txt").open("w") as out, (folder / "err.txt").open("w") as err:
        started = subprocess.Popen(
            [sys.executable, "-c", text, *arguments],
            stdout=out,
            stderr=err,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            preexec_fn=default_handlers,
        )
    STARTED.append(started)
    return started.pid


STARTED: list[subprocess.Popen[bytes]] = []
"""Kept, so that their exit codes are for whoever waits for the process."""


def default_handlers() -> None:
    """Sets what a program begins with; others are inherited where these tests run in the background."""
    for number in HANDLERS:
        signal.signal(number, signal.SIG_DFL)


def begin(line: list[str], folder: Path, *, fresh: bool = False) -> int:
    """Begins a command in a process and a session of its own, its output in files of the folder; returns its id."""
    if fresh:
        return program("import sys; from unetkit.cli import main; sys.argv[0] = 'unetkit'; main()", line, folder)
    child = os.fork()
    if child:
        return child
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
        except SystemExit as ended:
            code = int(ended.code or 0)
    finally:
        os._exit(code)


def stopped(
    line: list[str], folder: Path, number: int, when: Callable[[], bool], *, group: bool = False, fresh: bool = False
) -> int:
    """Runs a command until something is the case, sends a signal, and returns the exit code."""
    return stopped_when(begin(line, folder, fresh=fresh), folder, number, when, group=group)


def stopped_when(child: int, folder: Path, number: int, when: Callable[[], bool], *, group: bool = False) -> int:
    """Sends a signal to a process as soon as something is the case, and returns the exit code."""
    until = time.monotonic() + 120
    while not when():
        assert time.monotonic() < until and os.waitpid(child, os.WNOHANG) == (0, 0), (folder / "err.txt").read_text()
        time.sleep(0.01)
    (os.killpg if group else os.kill)(child, number)
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status)
