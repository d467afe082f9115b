"""The process of a run: a new Python process, or one forked from a server with all imports done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import connection, forkserver, get_context, parent_process
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Protocol

from unetkit.host import kill_session

LOG = "log.txt"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
_LOST = 255
"""Exit code that multiprocessing reports for a process that was killed together with its server."""


class Process(Protocol):
    """A running process."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float | None) -> bool:
        """Whether it ended in time."""

    def end(self) -> int:
        """Kills it and its children if they still run; returns its exit code, negative after a signal."""


StartProcess = Callable[[str, Path, int | None], Process]
"""Starts a process that calls the `main` of a module with a run's folder and a limit of its data in bytes."""


class FreshProcess:
    """A new Python process. It is not reaped before `end` where the system allows it, so that its id is not reused."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait(self, timeout: float | None) -> bool:
        """Whether it ended in time."""
        if not hasattr(os, "waitid"):  # Windows; macOS before Python 3.13
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
            return self.process.returncode is not None
        if timeout is None:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            return True
        end = time.monotonic() + timeout
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        return True

    def end(self) -> int:
        """Kills it if it still runs, and returns its exit code."""
        kill_session(self.pid)
        return self.process.wait()


def fresh(module: str, folder: Path, memory: int | None) -> FreshProcess:
    """Starts a new Python process."""
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder), str(os.getpid()), str(memory or 0)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | _ONE_THREAD,
            start_new_session=True,
        )
    return FreshProcess(process)


class ForkedProcess:
    """A process forked by the server. Only one thread at a time may read its exit code."""

    def __init__(self, process: ForkServerProcess) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    def wait(self, timeout: float | None) -> bool:
        """Whether it ended in time."""
        return bool(connection.wait([self.process.sentinel], timeout))

    def end(self) -> int:
        """Kills it if it still runs, and returns its exit code."""
        kill_session(self.pid)
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        return -signal.SIGKILL if code in (None, _LOST) else code


def forked(module: str, folder: Path, memory: int | None) -> ForkedProcess:
    """Starts a process by forking the server, which is started if necessary and ends with this process.

    The server has imported the module and the modules in its NEEDED, such as torch, which takes seconds.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([module, *import_module(module).NEEDED])
    process = context.Process(target=work, args=(module, str(folder), memory, dict(os.environ) | _ONE_THREAD))
    with _one_thread(), _no_main():
        process.start()
    return ForkedProcess(process)


def break_off() -> None:
    """Kills the server in the middle of its imports, with all that it forked; what waits for it raises an error.

    Does nothing where there is no server. The next process begins another one.
    """
    number = vars(forkserver)["_forkserver"]._forkserver_pid
    if number is None:
        return
    import psutil

    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(number)
        if server.ppid() != os.getpid():  # it has ended, and another has its number
            return
        server.suspend()  # so that it forks nothing that would not be seen
        for each in server.children():
            kill_session(each.pid)
            with suppress(psutil.NoSuchProcess):
                each.kill()
        server.kill()


def quickest() -> StartProcess:
    """The faster way on this system: macOS's own libraries do not survive a fork, and Windows has none."""
    return forked if sys.platform == "linux" else fresh


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limits a server that starts in this context to one thread: it inherits the environment when it imports torch."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@contextmanager
def _no_main() -> Iterator[None]:
    """Prevents multiprocessing from executing the user's main script again in each process."""
    own = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = own


def work(module: str, folder: str, memory: int | None, environment: dict[str, str]) -> None:
    """Starts a session, redirects output to the run's log, calls `main`, and exits with its return value."""
    parent = os.getppid()
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    with open(os.devnull, "rb") as nothing, (Path(folder) / LOG).open("ab") as log:
        for stream, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(stream.fileno(), number)
    begun_by = parent_process()
    if begun_by is None or not begun_by.is_alive():
        os._exit(1)  # nobody waits any more, and the server may have ended before its number was asked for
    sys.exit(import_module(module).main([folder, str(parent), str(memory or 0)]))
