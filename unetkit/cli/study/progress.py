"""The progress of a study: a live table on a terminal, else a line for each finished run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from unetkit.cli.output import console, say
from unetkit.cli.study.plan import duration
from unetkit.quoting import visible
from unetkit.study.runs.coordinator import StudyListener

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from unetkit.study import StudyRun
    from unetkit.study.runs.task import Outcome


class ProgressLines(StudyListener):
    """Prints messages, and a line for each finished run."""

    def __init__(self) -> None:
        self.todo = self.done = self.failed = 0
        self.start = time.monotonic()

    def note(self, line: str) -> None:
        say(line)

    def begin(self, todo: int) -> None:
        self.todo, self.start = todo, time.monotonic()

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        succeeded = outcome.exit_status.code == 0
        self.done += succeeded
        self.failed += not succeeded and not again
        how = "done" if succeeded else f"{'restarts' if again else 'failed'}: {outcome.exit_status.reason}"
        self.note(f"[{self.done + self.failed}/{self.todo}] {run.title}: {how}, {duration(outcome.seconds)}")

    @property
    def remaining(self) -> float | None:
        """The remaining seconds at the present rate of runs."""
        ended = self.done + self.failed
        return (time.monotonic() - self.start) / ended * (self.todo - ended) if ended else None


class ProgressTable(ProgressLines):
    """Shows the active runs below the lines."""

    live: Live | None = None

    def __init__(self) -> None:
        super().__init__()
        self.active: dict[str, tuple[StudyRun, float]] = {}

    def note(self, line: str) -> None:
        if self.live is None:
            say(line)
        else:
            self.live.console.print(visible(line))

    def begin(self, todo: int) -> None:
        from rich.live import Live

        super().begin(todo)
        self.live = Live(console=console(), auto_refresh=False, transient=True)
        self.live.start()

    def started(self, run: StudyRun) -> None:
        self.active[run.id] = (run, time.monotonic())
        self.tick()

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        self.active.pop(run.id, None)
        super().ended(run, outcome, again=again)
        self.tick()

    def tick(self) -> None:
        if self.live is not None:
            self.live.update(self.table(), refresh=True)

    def finish(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def table(self) -> Table:
        """The table of active runs."""
        from unetkit.cli.output import table

        failed = f", {self.failed} failed" if self.failed else ""
        remaining = f", about {duration(self.remaining)} left" if self.remaining is not None else ""
        rows = table("active runs", "seed", "for", right=("seed", "for"), wrap=["active runs"])
        rows.caption = f"{self.done} of {self.todo} done{failed}{remaining}"
        rows.caption_justify = "left"
        for run, since in self.active.values():
            rows.add_row(run.arm.name, str(run.seed), duration(time.monotonic() - since))
        return rows


def progress() -> StudyListener:
    """The listener that shows the progress of a study on standard output."""
    return ProgressTable() if sys.stdout.isatty() else ProgressLines()
