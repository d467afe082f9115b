"""The report of a study while its runs execute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from unetkit.errors import UnetkitError
from unetkit.study.matrix.arm import StudyRun
from unetkit.study.runs.coordinator import StudyListener
from unetkit.study.runs.task import Outcome
from unetkit.wording import duration, listed

_PAUSE = 5.0
"""Least number of seconds between two writings."""
_SHARE = 20
"""A writing that took a second is followed by at least so many seconds without one."""


@dataclass
class LiveReport(StudyListener):
    """Writes the report again after runs have ended, and passes everything on to another listener.

    `due` gives the runs that are due, in order. An error of the report is noted once, and does not stop the study.
    """

    folder: Path
    listener: StudyListener
    at_once: int
    due: Callable[[], list[StudyRun]]
    clock: Callable[[], float] = time.monotonic
    _active: dict[str, StudyRun] = field(default_factory=dict, init=False)
    _ended: dict[str, float] = field(default_factory=dict, init=False)
    _todo: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _new: bool = field(default=False, init=False)
    _next: float = field(default=float("-inf"), init=False)
    _noted: set[str] = field(default_factory=set, init=False)

    def note(self, line: str) -> None:
        self.listener.note(line)

    def begin(self, todo: int) -> None:
        self._todo = todo
        self.listener.begin(todo)

    def more(self, runs: int) -> None:
        self._todo += runs
        self._new = True
        self.listener.more(runs)

    def started(self, run: StudyRun) -> None:
        self._active[run.id] = run
        self.listener.started(run)

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        self._active.pop(run.id, None)
        if not again:
            self._ended[run.id] = outcome.seconds
            self._failed += outcome.exit_status.code != 0
            self._new = True
        self.listener.ended(run, outcome, again=again)

    def tick(self) -> None:
        self.listener.tick()
        start = self.clock()
        if self._new and len(self._ended) > self._failed and start >= self._next:
            self._new = False
            self._write(self.status())
            end = self.clock()
            self._next = end + max(_PAUSE, _SHARE * (end - start))

    def finish(self) -> None:
        self.listener.finish()

    def stop(self) -> None:
        """Writes the report without the status, where one has been written."""
        if is_live(self.folder):
            self._write("")

    def status(self) -> str:
        """How many runs have ended, which are active and next, and how much time is left."""
        ended, left = len(self._ended), self._todo - len(self._ended)
        failed = f" ({self._failed:,} failed)" if self._failed else ""
        text = f"{ended:,} of {self._todo:,} runs have ended{failed}"
        waiting = (run for run in self.due() if run.id not in self._active and run.id not in self._ended)
        titles = [run.title for run in (*self._active.values(), *waiting)]  # free places are filled at once
        active, following = titles[: self.at_once], titles[self.at_once :]
        text += f"; active: {listed(active, 4)}" if active else ""
        text += f"; next: {following[0]}" if following else ""
        if left > 0:
            remaining = fmean(self._ended.values()) * left / min(left, self.at_once)
            text += f"; about {duration(remaining)} left"
        return f"{text}."

    def _write(self, status: str) -> None:
        from unetkit.study.report.writing import judged, write_report  # imports numpy
        from unetkit.study.results.collecting import results_in

        try:
            stage, results, settings = judged(results_in(self.folder))
            if status:
                decided = str(stage) if results.looks else "nothing is decided before all runs have ended"
                status = f"The study is running: {decided}. {status}"
            write_report(results, self.folder / "report", settings, status)
            message = f"live report: {self.folder / 'report' / 'report.html'}" if status else ""
            kind = "page"
        except Exception as error:  # noqa: BLE001 - whatever fails in a report, the runs go on
            reason = str(error) if isinstance(error, UnetkitError) else f"{type(error).__name__}: {error}"
            message, kind = f"the live report could not be written: {reason}", "error"
        if message and kind not in self._noted:
            self._noted.add(kind)
            self.listener.note(message)


def is_live(folder: Path) -> bool:
    """Whether the report in a study's folder says that the study is running."""
    page = folder / "report" / "report.html"
    return page.is_file() and b'http-equiv="refresh"' in page.read_bytes()
