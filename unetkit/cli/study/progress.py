"""The progress of a study: a live table on a terminal, else a line for each finished run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unetkit.cli.output import console, say
from unetkit.cli.study.plan import duration
from unetkit.quoting import visible

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from unetkit.study import StudyRun
    from unetkit.study.runs.coordinator import ProgressListener
    from unetkit.study.runs.task import Outcome


@dataclass
class ProgressLines:
    """Prints a line for each finished run."""

    todo: int
    done: int = 0
    failed: int = 0
    start: float = field(default_factory=time.monotonic)

    def started(self, run: StudyRun) -> None:
        """Prints nothing."""

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        """Prints how a run ended."""
        well = outcome.exit_status.code == 0
        self.done += well
        self.failed += not well and not again
        how = "done" if well else f"{'begins again' if again else 'failed'}: {outcome.exit_status.reason}"
        self.say(f"[{self.done + self.failed}/{self.todo}] {title(run)}: {how}, {duration(outcome.seconds)}")

    def tick(self) -> None:
        """Prints nothing."""

    def say(self, line: str) -> None:
        """Prints a line immediately."""
        say(line)

    @property
    def left(self) -> float | None:
        """The remaining seconds at the present rate of runs."""
        ended = self.done + self.failed
        return (time.monotonic() - self.start) / ended * (self.todo - ended) if ended else None


@dataclass
class Board(ProgressLines):
    """Shows the active runs below the lines."""

    live: Live | None = None
    going: dict[str, tuple[StudyRun, float]] = field(default_factory=dict)

    def started(self, run: StudyRun) -> None:
        """Adds a run to the table."""
        self.going[run.id] = (run, time.monotonic())
        self.tick()

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        """Prints how a run ended, and removes it from the table."""
        self.going.pop(run.id, None)
        super().ended(run, outcome, again=again)
        self.tick()

    def tick(self) -> None:
        """Updates the durations in the table."""
        if self.live is not None:
            self.live.update(self.table(), refresh=True)

    def say(self, line: str) -> None:
        """Prints a line above the table."""
        if self.live is not None:
            self.live.console.print(visible(line))

    def table(self) -> Table:
        """The table of active runs."""
        from unetkit.cli.output import table

        failed = f", {self.failed} failed" if self.failed else ""
        left = f", about {duration(self.left)} left" if self.left is not None else ""
        made = table("runs now", "seed", "for", right=("seed", "for"), wrap=["runs now"])
        made.caption = f"{self.done} of {self.todo} done{failed}{left}"
        made.caption_justify = "left"
        for run, since in self.going.values():
            made.add_row(run.arm.name, str(run.seed), duration(time.monotonic() - since))
        return made


def title(run: StudyRun) -> str:
    """The arm, seed and fraction of a run."""
    return f"{run.arm.name}, seed {run.seed}" + (f", {run.fraction:.0%} of the images" if run.fraction < 1 else "")


@contextmanager
def watching(todo: int) -> Iterator[ProgressListener]:
    """Opens the progress display of `todo` runs."""
    if not sys.stdout.isatty():
        yield ProgressLines(todo)
        return
    from rich.live import Live

    board = Board(todo)
    with Live(console=console(), auto_refresh=False, transient=True) as board.live:
        yield board
