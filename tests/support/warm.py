"""A Python that has imported what is slow to import, and forks itself for each command.

Each command has a process of its own, which imports unetkit anew: only torch and what goes with it are there already.
Run as a script, by the Python of any environment, it reads orders from its input and answers with exit codes.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import runpy
import site
import subprocess
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import Any, NoReturn

SLOW = ("torch", "torchvision", "lightning.pytorch", "scipy.stats")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Warm:
    """The Python of an environment, kept running."""

    def __init__(self, python: Path) -> None:
        pipe = subprocess.PIPE
        command = [str(python), __file__]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | ONE_THREAD
        self.server = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def call(self, command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """What `python COMMAND …` gives in a folder: a script, or `-m` and a module, and its arguments."""
        assert self.server.stdin is not None and self.server.stdout is not None, "they are pipes"
        files = [folder / f".{name}" for name in ("out", "err")]
        order = {"command": command, "folder": str(folder), "environment": environment, "files": list(map(str, files))}
        print(json.dumps(order), file=self.server.stdin, flush=True)
        code = int(self.server.stdout.readline())
        printed = [file.read_text("utf-8") for file in files]
        for file in files:
            file.unlink()
        return subprocess.CompletedProcess(command, code, *printed)

    def end(self) -> None:
        """Ends it."""
        with self.server as server:
            server.terminate()


def serve() -> None:
    """Does what is ordered until the input ends."""
    for name in SLOW:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            obey(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the answer


def obey(order: dict[str, Any]) -> NoReturn:
    """Runs a command in this process, which ends with it."""
    code = 1
    try:
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.stdin = open(os.devnull)  # noqa: SIM115 - the process ends with it
        for number, name in enumerate(order["files"], start=1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        site.addsitedir(sysconfig.get_path("purelib"))  # what was installed meanwhile
        importlib.invalidate_caches()
        code = run(order["command"])
    except BaseException:  # noqa: BLE001 - what Python itself would print
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def run(command: list[str]) -> int:
    """The exit code of a script or module."""
    first, *rest = command
    try:
        if first == "-m":
            sys.path[0], sys.argv = os.getcwd(), rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0], sys.argv = str(Path(first).parent.absolute()), command
            runpy.run_path(first, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)  # noqa: T201 - as Python does
            return 1
        return end.code or 0
    return 0


if __name__ == "__main__":
    serve()
