"""The index of a study: one row for each run. The folders are the truth; it can be made from them at any time.

One process writes it, the coordinator; others read it to see what runs now.
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
MOST_STEPS = 50_000_000
"""Of sqlite's machine that looking at the index may take: about a second."""
TABLE = """
CREATE TABLE run (
    id TEXT PRIMARY KEY, arm TEXT NOT NULL, seed INTEGER NOT NULL, fraction REAL NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, since REAL NOT NULL
) WITHOUT ROWID"""


class IndexRow(NamedTuple):
    """What the index says of a run; `since` is the Unix time of the change to its state, 0 if that was not seen."""

    id: str
    arm: str
    seed: int
    fraction: float
    state: str
    reason: str = ""
    since: float = 0.0


class RunIndex:
    """The index, open for its one writer."""

    def __init__(self, folder: Path, entries: Iterable[IndexRow]) -> None:
        """Writes it anew: whatever an earlier one said, and whatever state it is in."""
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            (folder / name).unlink(missing_ok=True)
        self.base = sqlite3.connect(folder / FILE)
        self.base.execute("PRAGMA journal_mode = WAL")
        self.base.execute("PRAGMA synchronous = FULL")
        with self.base:
            self.base.execute(TABLE)
            self.base.executemany("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?)", entries)

    def note(self, run: str, state: str, reason: str = "") -> None:
        """Notes the state of a run."""
        with self.base:
            values = (state, reason, time.time(), run)
            self.base.execute("UPDATE run SET state = ?, reason = ?, since = ? WHERE id = ?", values)

    def close(self) -> None:
        """Closes it: one file is left."""
        self.base.close()


def entries_in(planned: Iterable[tuple[str, str, int, float]], runs: Path) -> list[IndexRow]:
    """Returns what the folders say of the runs in a plan (id, arm, seed, fraction), in its order."""
    found = []
    for run in planned:
        folder = runs / run[0]
        state, status = state_of(folder), exit_status_of(folder)
        reason = status.reason if status is not None and state == "failed" else ""
        found.append(IndexRow(*run, state, reason))
    return found


def running(folder: Path) -> dict[str, float]:
    """Returns the runs that the index says run now, and since when; none where it cannot be read."""
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as base:
            base.execute("PRAGMA trusted_schema = OFF")
            base.set_progress_handler(lambda: 1, MOST_STEPS)
            rows = base.execute("SELECT id, since FROM run WHERE state = 'running'").fetchall()
    except (sqlite3.Error, ValueError):  # the latter: a text that is none
        return {}
    return {name: since for name, since in rows if isinstance(name, str) and isinstance(since, float) and since >= 0}
