"""The index of a study, an SQLite table with one row for each run. It can be rebuilt from the run folders at any time.

Only the coordinator writes it; other processes read which runs are active.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from unetkit.study.results.exit_status import exit_status_of, state_of

FILE = "index.sqlite"
_MOST_STEPS = 50_000_000
"""Largest number of SQLite instructions for a query: about a second."""
_TABLE = """
CREATE TABLE run (
    id TEXT PRIMARY KEY, arm TEXT NOT NULL, seed INTEGER NOT NULL, fraction REAL NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, since REAL NOT NULL
) WITHOUT ROWID"""


class IndexRow(NamedTuple):
    """The row of a run; `since` is the Unix time at which its state changed, 0 where that is unknown."""

    id: str
    arm: str
    seed: int
    fraction: float
    state: str
    reason: str = ""
    since: float = 0.0


class RunIndex:
    """The index, opened for writing by its only writer."""

    def __init__(self, folder: Path, entries: Iterable[IndexRow]) -> None:
        """Creates the index, replacing any earlier one."""
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            (folder / name).unlink(missing_ok=True)
        self.base = sqlite3.connect(folder / FILE)
        self.base.execute("PRAGMA journal_mode = WAL")
        self.base.execute("PRAGMA synchronous = FULL")
        with self.base:
            self.base.execute(_TABLE)
            self.base.executemany("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?)", entries)

    def note(self, run: str, state: str, reason: str = "") -> None:
        """Records the state of a run."""
        with self.base:
            values = (state, reason, time.time(), run)
            self.base.execute("UPDATE run SET state = ?, reason = ?, since = ? WHERE id = ?", values)

    def close(self) -> None:
        """Closes the index; a single file remains."""
        self.base.close()


def entries_in(planned: Iterable[tuple[str, str, int, float]], runs: Path) -> list[IndexRow]:
    """The rows of planned runs (id, arm, seed, fraction) from the states of their folders, in order."""
    found = []
    for run in planned:
        folder = runs / run[0]
        state, status = state_of(folder), exit_status_of(folder)
        reason = status.reason if status is not None and state == "failed" else ""
        found.append(IndexRow(*run, state, reason))
    return found


def running(folder: Path) -> dict[str, float]:
    """The active runs in the index and their start times; empty where it is unreadable."""
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as base:
            base.execute("PRAGMA trusted_schema = OFF")
            base.set_progress_handler(lambda: 1, _MOST_STEPS)
            rows = base.execute("SELECT id, since FROM run WHERE state = 'running'").fetchall()
    except (sqlite3.Error, ValueError):  # the latter: a text that is none
        return {}
    return {name: since for name, since in rows if isinstance(name, str) and isinstance(since, float) and since >= 0}
