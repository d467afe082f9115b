"""Runs of a study two at once beside one at a time, and a run in a study beside the same run by `unetkit train`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.comparison import FOLDER, Comparison, report, timed
from unetkit.engine import EngineOptions
from unetkit.study import Study, load_study
from unetkit.study.runs.coordinator import Coordinator, ExecutionSettings, StudyListener, run_text
from unetkit.study.runs.engines import open_engine
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.train import Machine, load_run, train_run

TEXT = """\
unetkit: 1
name: benchmark
base: {extends: unet-small, name: small, channels: {base: 8, levels: 4}}
data: {dataset: mni}
training: {batch: 8, patch: 128, logger: []}
budget: {steps: STEPS}
seeds: SEEDS
"""
ONE = Machine("cpu", threads=1)
AT_ONCE, OVERHEAD = 1 / 1.6, 1.03
"""What is wanted: two at once take this share of the time of one after the other; a study this much of a run's."""


def written(folder: Path, steps: int, seeds: int) -> Path:
    """Writes a study of one arm into a new folder, and returns its file."""
    file = Path(tempfile.mkdtemp(dir=folder)) / "study.yaml"
    file.write_text(TEXT.replace("STEPS", str(steps)).replace("SEEDS", str(seeds)))
    return file


def coordinate(study: Study, folder: Path, at_once: int) -> None:
    """Has the runs of a study done by the default engine: so a process of this module begins."""
    study_folder = StudyFolder(folder)
    with study_folder.locked():
        study_folder.freeze(study)
        with open_engine("local", EngineOptions(at_once, study_folder.path)) as executor:
            Coordinator(study, study_folder, StudyListener(), ExecutionSettings(at_once)).run(executor)


def in_study(folder: Path, steps: int, seeds: int, at_once: int) -> float:
    """Returns how long a study takes in a new process, which imports torch once for all runs."""
    file = written(folder, steps, seeds)
    return seconds(["-m", "benchmarks.studies", "--coordinate", str(file), str(at_once)], Path.cwd())


def run_of(folder: Path, steps: int) -> Path:
    """Writes the only run of a study, and returns its file."""
    file = written(folder, steps, 1)
    study = load_study(file)
    target = file.with_name("run.yaml")
    target.write_text(run_text(study, study.runs[0]))
    return target


def alone(folder: Path, steps: int) -> float:
    """Returns how long the run of a study takes by the command."""
    file = run_of(folder, steps)
    command = "-m unetkit.cli train run.yaml -o run --threads 1 --accelerator cpu"
    return seconds(command.split(), file.parent)


def seconds(arguments: list[str], folder: Path) -> float:
    """Returns how long a new Python takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def main(steps: int = 250, rounds: int = 3, *, small: bool = False, folder: Path = FOLDER) -> None:
    """Prints both as ratios, with runs of about a minute; small: one run of a step each, in this process."""
    both, each, inside, outside = [], [], [], []  # in turn, so that what disturbs one disturbs the other
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if small:
            steps, rounds, file, run = 1, 0, written(home, 1, 1), run_of(home, 1)
            inside.append(timed(lambda: coordinate(load_study(file), file.parent / "out", 1))())
            outside.append(timed(lambda: train_run(load_run(run), run.parent / "run", machine=ONE, progress=False))())
        for turn in range(rounds):
            both.append(in_study(home, steps, 2, 2))
            each.append(in_study(home, steps, 2, 1))
            if turn % 2:
                outside.append(alone(home, steps))
                inside.append(in_study(home, steps, 1, 1))
            else:
                inside.append(in_study(home, steps, 1, 1))
                outside.append(alone(home, steps))
    rows = [Comparison("1 run: in a study / unetkit train", inside, outside, OVERHEAD)]
    if not small:
        rows = [Comparison("2 runs: two at once / one at a time", both, each, AT_ONCE), *rows]
    report("studies", rows, folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--coordinate"]:
        place = Path(sys.argv[2])
        coordinate(load_study(place), place.parent / "out", int(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
