"""Kills the processes of a study at random moments: `python -m tests.study.runs.chaos KILLS SEEDS`, or `make chaos`."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.study.runs.stub_study import Stub, do, results, write_study
from unetkit.study import load_study
from unetkit.study.results.exit_status import exit_status_of, state_of
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.writing import PREFIX

ROOT = Path(__file__).parents[3]


@dataclass
class Chaos:
    """A study that is done while its processes are killed, the coordinator as often as a run."""

    folder: Path
    seeds: int
    stub: Stub
    pause: float
    """Seconds between two kills at most."""
    random: random.Random = field(default_factory=lambda: random.Random(0))
    killed: dict[str, int] = field(default_factory=lambda: {"coordinator": 0, "run": 0})
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Results, and when each was written."""

    def __post_init__(self) -> None:
        self.study = load_study(write_study(self.folder, self.seeds))
        self.study_folder = StudyFolder(self.folder / "local")

    def begin(self) -> subprocess.Popen[bytes]:
        """Begins a coordinator."""
        command = [
            sys.executable,
            "-m",
            "tests.study.runs.stub_study",
            str(self.folder),
            str(self.stub.work),
            str(self.stub.steps),
        ]
        return subprocess.Popen(command, cwd=ROOT)

    def go(self, kills: int) -> None:
        """Kills so often, or until the study is done; then lets it come to its end."""
        coordinator = self.begin()
        while sum(self.killed.values()) < kills and coordinator.poll() is None:
            time.sleep(self.random.uniform(0, self.pause))
            self.look()
            runs = psutil.Process(coordinator.pid).children(recursive=True) if coordinator.poll() is None else []
            if not runs:
                continue
            if self.random.random() < 0.5:
                coordinator.kill()
                coordinator.wait()
                self.killed["coordinator"] += 1
                coordinator = self.begin()
            else:
                with suppress(psutil.NoSuchProcess):
                    self.random.choice(runs).kill()
                    self.killed["run"] += 1
        assert coordinator.wait() == 0
        self.look()

    def look(self) -> None:
        """Asserts that no result was written twice."""
        for file in self.study_folder.runs.glob("*/result.json"):
            about = file.stat()
            written = (about.st_ino, about.st_mtime_ns)
            assert self.seen.setdefault(file, written) == written, f"{file} was written twice"

    def check(self) -> None:
        """Asserts that all runs are done, once, with the results of a study that nobody disturbs; nothing is left."""
        runs = [self.study_folder.run(run.id) for run in self.study.runs]
        assert {run.name: exit_status_of(run) for run in runs if state_of(run) != "done"} == {}
        assert all((run / "finished").read_text() in ("", "once\n") for run in runs if (run / "finished").exists())
        calm = StudyFolder(self.folder / "calm")
        do(self.study, calm, self.stub)
        assert results(self.study_folder) == results(calm)
        left = list(self.study_folder.path.rglob(f"{PREFIX}*"))
        assert left == []
        assert processes(self.study_folder.path) == []


def processes(folder: Path) -> list[str]:
    """Returns the processes that work in a folder: those that it is told, and those that write a log there."""
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            files = [file.path for file in one.open_files()]
            if any(str(folder) in word for word in [*one.cmdline(), *files]):
                found.append(f"{one.pid}: {one.name()}")
    return found


def kill_until(folder: Path, kills: int, seeds: int, stub: Stub, pause: float) -> Iterator[Chaos]:
    """Has studies done until so many processes were killed, and gives each when it was checked."""
    total, number = 0, 0
    while total < kills:
        chaos = Chaos(folder / str(number), seeds, stub, pause, random.Random(number))
        chaos.go(kills - total)
        chaos.check()
        total, number = total + sum(chaos.killed.values()), number + 1
        yield chaos


def main(kills: int, seeds: int) -> None:
    """Says what was killed."""
    with tempfile.TemporaryDirectory() as name:
        for chaos in kill_until(Path(name), kills, seeds, Stub(40_000, 20), 3.0):
            told = ", ".join(f"{count} times a {what}" for what, count in chaos.killed.items())
            print(f"{len(chaos.study.runs)} runs, killed {told}: each done once, equal results, nothing left")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
