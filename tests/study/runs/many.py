"""A study of many runs over many workers whose runs take no time: what the coordinator itself needs.

`python -m tests.study.runs.many [RUNS [WORKERS [SECONDS]]]` prints a line for each quantity. The share of a core is
that of a study whose runs take SECONDS (60) each.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from unetkit.study import load_study
from unetkit.study.results.exit_status import ExitStatus
from unetkit.study.results.index import FILE, RunIndex, entries_in
from unetkit.study.runs.coordinator import Coordinator, ExecutionSettings, StudyListener
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.runs.task import Outcome, Task

SEEDS = 10
TEXT = """\
unetkit: 1
name: many
base: {extends: unet-small, name: tiny, channels: [4, 8]}
data: {dataset: mni}
training: {steps: 6, batch: 2}
axes: {training.optimizer.learning_rate: [RATES]}
seeds: SEEDS
"""
RESULT = {"steps": 1, "loss": [], "validation": [], "scores": {"split": "test", "images": []}}


class Needed(NamedTuple):
    """What the coordinator needed: CPU seconds of its thread, bytes more than before, seconds to rebuild the index."""

    runs: int
    cpu: float
    memory: int
    rebuilt: float


def stub(task: Task) -> Outcome:
    """A run that is done at once."""
    (Path(task.folder) / "result.json").write_text(json.dumps(RESULT))
    return Outcome(ExitStatus(0, ""), 0.0, {})


class StubWorkers(ThreadPoolExecutor):
    """Workers that execute the stub in place of any call."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return super().submit(stub, *args)


def needed(folder: Path, runs: int, workers: int) -> Needed:
    """Executes a study of stub runs in a folder."""
    arms = runs // SEEDS
    rates = ", ".join(f"{(number + 1) / 1e6:.6f}" for number in range(arms))
    file = folder / "study.yaml"
    file.write_text(TEXT.replace("RATES", rates).replace("SEEDS", str(SEEDS)))
    study, study_folder = load_study(file), StudyFolder(folder / "many")
    planned = study.runs[:runs]
    before = psutil.Process().memory_info().rss
    with study_folder.locked(), StubWorkers(workers) as executor:
        study_folder.freeze(study)
        start = time.thread_time()
        Coordinator(study, study_folder, StudyListener(), ExecutionSettings(workers)).run(executor)
        cpu = time.thread_time() - start
    memory = psutil.Process().memory_info().rss - before
    assert len(list(study_folder.runs.glob("*/result.json"))) == len(study.runs)
    (study_folder.path / FILE).unlink()
    start = time.perf_counter()
    entries = ((run.id, run.arm.name, run.seed, run.fraction) for run in study.runs)
    RunIndex(study_folder.path, entries_in(entries, study_folder.runs)).close()
    return Needed(len(planned), cpu, memory, time.perf_counter() - start)


def main(runs: int = 10_000, workers: int = 100, seconds: float = 60.0) -> None:
    """Prints what a study of so many runs needs."""
    with tempfile.TemporaryDirectory(prefix="unetkit-many-") as folder:
        found = needed(Path(folder), runs, workers)
    share = found.cpu / (found.runs * seconds / workers)
    lines = [
        f"runs                {found.runs:,} over {workers} workers",
        f"coordinator         {found.cpu:.1f} s of CPU, {1000 * found.cpu / found.runs:.2f} ms a run",
        f"share of a core     {share:.1%} with runs of {seconds:g} s",
        f"memory              {found.memory / 1e6:.0f} MB more than before",
        f"index, made anew    {found.rebuilt:.1f} s",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *map(float, sys.argv[3:]))
