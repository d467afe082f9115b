"""Commands that a signal stops: one sentence says what is left, and the exit code which signal it was."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from unetkit.cli.output import say
from unetkit.stopping import Stopped, stoppable


@contextmanager
def resumable(left: Callable[[], str]) -> Iterator[None]:
    """Ends the command with 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP, and says how to go on.

    `left` says what was kept, as in "this goes on from the last checkpoint"; nothing is printed where it says nothing.
    """
    try:
        with stoppable():
            yield
    except Stopped as stopped:
        told = left()
        if told:
            say(f"stopped by {stopped.signal}; {told}: {command_line()}", to_errors=True)
        raise typer.Exit(stopped.code) from None


def command_line() -> str:
    """Returns the command of this process, as a shell takes it."""
    return shlex.join(["unetkit", *sys.argv[1:]])


def end(stopped: Stopped) -> int:
    """Says that a command that cannot be resumed was stopped, and returns the exit code."""
    say(f"stopped by {stopped.signal}; no file is left incomplete", to_errors=True)
    return stopped.code
