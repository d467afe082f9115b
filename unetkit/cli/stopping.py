"""Commands that are stopped by a signal: the message that they print, and their exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from unetkit.cli.output import say
from unetkit.stopping import Stopped, stoppable


@contextmanager
def resumable(outcome: Callable[[], str]) -> Iterator[None]:
    """Ends the command with 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP, and prints how to resume it.

    `outcome` says what resuming does, such as "this resumes from the last checkpoint". If it is empty, nothing is
    printed.
    """
    try:
        with stoppable():
            yield
    except Stopped as stopped:
        if text := outcome():
            say(f"stopped by {stopped.signal}; {text}: {shlex.join(['unetkit', *sys.argv[1:]])}", to_errors=True)
        raise typer.Exit(stopped.code) from None


def report_stopped(stopped: Stopped) -> int:
    """Prints that a command which cannot be resumed was stopped, and returns the exit code."""
    say(f"stopped by {stopped.signal}; no file is left incomplete", to_errors=True)
    return stopped.code
