"""A program in a process of its own, forked from a server that has imported what a training needs."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unetkit.study.runs.process import Process, quickest
from unetkit.study.runs.worker import NEEDED

__all__ = ["HANDLERS", "NEEDED", "begin_program"]

HANDLERS: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""What a program begins with in a terminal."""
_FILE = "program.json"


def begin_program(text: str, arguments: list[str], folder: Path) -> Process:
    """Begins a text of Python in a process and a session of its own, its output in out.txt and err.txt of a folder.

    A training needs this server: torch refuses gradients in a fork of a process in which they had threads.
    """
    (folder / _FILE).write_text(json.dumps([text, arguments]))
    return quickest()(__name__, folder, None)


def main(arguments: Sequence[str]) -> int:
    """Runs the program of a folder in this process."""
    folder = Path(arguments[0])
    text, sys.argv[1:] = json.loads((folder / _FILE).read_text())
    for number, handler in HANDLERS.items():  # others where these tests run in the background
        signal.signal(number, handler)
    for number, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1) for number in (1, 2))
    exec(compile(text, "program", "exec"), {"__name__": "__main__"})  # noqa: S102 - of a test
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
