"""How far a command is, on standard error, once it takes more than two seconds."""

from __future__ import annotations

from time import monotonic
from typing import Any

from unetkit.cli.output import console, say

AFTER, EVERY = 2.0, 5.0
"""Seconds after which something is shown at first, and between the lines where there is no terminal."""


class Waiting:
    """Shows how many things of a kind are done: a line that changes on a terminal, and a line now and then elsewhere.

    It is called with the number that is done and that of all; it may be called again for another kind.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.begun = self.shown = monotonic()
        self.console = console(to_errors=True)
        self.status: Any = None

    def __call__(self, done: int, total: int) -> None:
        now = monotonic()
        first = self.shown == self.begun
        if now - self.begun < AFTER or (not first and not self.console.is_terminal and now - self.shown < EVERY):
            return
        self.shown = now
        text = f"  {done:,} of {total:,} {self.what}"
        if not self.console.is_terminal:
            say(text, to_errors=True)
        elif self.status is None:
            self.status = self.console.status(text)
            self.status.start()
        else:
            self.status.update(text)

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is not None:
            self.status.stop()
