"""The progress of a study: a line for each finished run, and on a terminal a live table of the active runs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from unetkit.cli.output import console, say
from unetkit.quoting import visible
from unetkit.study import StudyListener
from unetkit.wording import duration

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from unetkit.study import StudyRun
    from unetkit.study.runs.task import Outcome


class ProgressLines(StudyListener):
    """Prints remarks, and a line for each finished run."""

    def begin(self, todo: int) -> None:
        self._todo, self._done, self._failed = todo, 0, 0
        self._start = time.monotonic()

    def more(self, runs: int) -> None:
        self._todo += runs

    def note(self, line: str) -> None:
        say(line)

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        success = outcome.exit_status.code == 0
        self._done += success
        self._failed += not success and not again
        how = "done" if success else f"{'restarts' if again else 'failed'}: {outcome.exit_status.reason}"
        self.note(f"[{self._done + self._failed}/{self._todo}] {run.title}: {how}, {duration(outcome.seconds)}")


class LiveProgress(ProgressLines):
    """Also shows the active runs below the lines."""

    def __init__(self) -> None:
        self._active: dict[str, tuple[StudyRun, float]] = {}
        self._live: Live | None = None

    def begin(self, todo: int) -> None:
        from rich.live import Live

        super().begin(todo)
        self._live = Live(console=console(), auto_refresh=False, transient=True)
        self._live.start()

    def note(self, line: str) -> None:
        if self._live is None:
            super().note(line)
        else:
            self._live.console.print(visible(line))

    def started(self, run: StudyRun) -> None:
        self._active[run.id] = (run, time.monotonic())
        self.tick()

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        self._active.pop(run.id, None)
        super().ended(run, outcome, again=again)
        self.tick()

    def tick(self) -> None:
        if self._live is not None:
            self._live.update(self._table(), refresh=True)

    def finish(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _table(self) -> Table:
        from unetkit.cli.output import table

        now, ended = time.monotonic(), self._done + self._failed
        failed = f", {self._failed} failed" if self._failed else ""
        remaining = (now - self._start) / ended * (self._todo - ended) if ended else None
        left = f", about {duration(remaining)} left" if remaining is not None else ""
        active = table("active run", "seed", "time", right=("seed", "time"), wrap=["active run"])
        active.caption = f"{self._done} of {self._todo} done{failed}{left}"
        active.caption_justify = "left"
        for run, start in self._active.values():
            active.add_row(run.arm.name, str(run.seed), duration(now - start))
        return active


def study_progress() -> ProgressLines:
    """The display that suits standard output."""
    return LiveProgress() if sys.stdout.isatty() else ProgressLines()
