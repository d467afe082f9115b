"""The progress of a command on standard error, shown after two seconds."""

from __future__ import annotations

from time import monotonic
from typing import Any

from unetkit.cli.output import console, say

_DELAY, _INTERVAL = 2.0, 5.0
"""Seconds before the first line, and between lines if standard error is not a terminal."""


class ProgressCounter:
    """Shows how many items are done: in one line that is updated on a terminal, in repeated lines elsewhere.

    It is called with the number of items that are done and the total number.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._start = self._last = monotonic()
        self._console = console(to_errors=True)
        self._status: Any = None

    def __call__(self, done: int, total: int) -> None:
        now = monotonic()
        first = self._last == self._start
        terminal = self._console.file.isatty()
        if now - self._start < _DELAY or (not first and not terminal and now - self._last < _INTERVAL):
            return
        self._last = now
        text = f"  {done:,} of {total:,} {self._label}"
        if not terminal:
            say(text, to_errors=True)
        elif self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def __enter__(self) -> ProgressCounter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
