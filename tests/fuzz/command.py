"""One command in this process: what it answers, and what is wrong with that."""

from __future__ import annotations

import io
import os
import re
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any

from unetkit.errors import AlignmentWarning

SLOW = 2.0
"""Seconds of computing that an answer may take."""
HANG = 60
"""Seconds after which a command is broken off."""
OURS = os.sep + "unetkit" + os.sep


class Hang(BaseException):
    """A command that does not end."""


@dataclass(frozen=True)
class Answer:
    """What a command gave: exit code, both outputs, seconds of computing, and the traceback that should not be."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    trace: str = ""
    noted: tuple[str, ...] = ()
    """The warnings of our own code that reached the user."""

    @property
    def problems(self) -> list[str]:
        """What is wrong with the answer; nothing where all is well."""
        return [
            name
            for name, wrong in (
                ("traceback", bool(self.trace) or "Traceback" in self.err),
                ("exit code", self.code not in (0, 1, 2)),
                ("no message", self.code == 1 and not re.search(r"error\[|\"errors\": ", self.err)),
                ("long message", len(self.err) > 100_000),
                ("unprintable", not (self.out + self.err).replace("\n", "").isprintable()),
                ("warning", bool(self.noted)),
                ("slow", self.seconds > SLOW),
            )
            if wrong
        ]

    @property
    def signature(self) -> tuple[object, ...]:
        """What tells kinds of answers apart: the command, the code, and the messages without names and numbers."""
        heads = re.findall(r"error\[([\w-]+)\]:(.*)", self.err)
        messages = frozenset(
            (code, re.sub(r"'[^']*'|\"[^\"]*\"|\W?\d[\d.]*|[\w.]*[./]\w*", "", said)[:80]) for code, said in heads
        )
        return self.command[:2], self.code, messages, self.trace[-200:]


@cache
def application() -> Any:
    """Returns the command line."""
    from typer.main import get_command

    from unetkit.cli.app import app

    return get_command(app)


def answer(*command: str) -> Answer:
    """Returns what a command gives, run in the folder that this process is in."""
    out, err = io.StringIO(), io.StringIO()
    code, trace, start = 0, "", time.process_time()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings(record=True) as noted, limited():
        warnings.simplefilter("always")
        try:
            application().main(args=list(command), prog_name="unetkit")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        except Hang:
            code, trace = 3, f"it did not end within {HANG} s"
        except BaseException:  # noqa: BLE001 - whatever a command lets out is what is looked for
            code, trace = 3, traceback.format_exc()
    seconds = time.process_time() - start
    ours = [str(each.message) for each in noted if OURS in each.filename and each.category is not AlignmentWarning]
    return Answer(command, code, out.getvalue(), err.getvalue(), seconds, trace, tuple(ours))


@contextmanager
def limited() -> Iterator[None]:
    """Breaks off what does not end, by an alarm."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
