"""Commands that a signal may stop: one sentence says which command goes on, and the exit code which signal it was."""

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
    """Ends the command with 130 after SIGINT and 143 after SIGTERM, and says how to go on.

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
