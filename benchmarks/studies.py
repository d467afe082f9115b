"""Runs of a study two at once beside one at a time, and a run in a study beside the same run by `unetkit train`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.comparison import Comparison, report
from unetkit.engine import EngineOptions
from unetkit.study import Study, load_study
from unetkit.study.runs.coordinator import Coordinator, ExecutionSettings, StudyListener, run_text
from unetkit.study.runs.engines import open_engine
from unetkit.study.runs.study_folder import StudyFolder

TEXT = """\
unetkit: 1
name: benchmark
base: {extends: unet-small, name: small, channels: {base: 8, levels: 4}}
data: {dataset: mni}
training: {batch: 8, patch: 128, logger: []}
budget: {steps: STEPS}
seeds: SEEDS
"""
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


def alone(folder: Path, steps: int) -> float:
    """Returns how long the run of a study takes by the command."""
    file = written(folder, steps, 1)
    study = load_study(file)
    (file.parent / "run.yaml").write_text(run_text(study, study.runs[0]))
    command = "-m unetkit.cli train run.yaml -o run --threads 1 --accelerator cpu"
    return seconds(command.split(), file.parent)


def seconds(arguments: list[str], folder: Path) -> float:
    """Returns how long a new Python takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def main(steps: int = 250, rounds: int = 3) -> None:
    """Prints both as ratios, with runs of about a minute."""
    both, each, inside, outside = [], [], [], []  # in turn, so that what disturbs one disturbs the other
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for turn in range(rounds):
            both.append(in_study(folder, steps, 2, 2))
            each.append(in_study(folder, steps, 2, 1))
            if turn % 2:
                outside.append(alone(folder, steps))
                inside.append(in_study(folder, steps, 1, 1))
            else:
                inside.append(in_study(folder, steps, 1, 1))
                outside.append(alone(folder, steps))
    rows = [
        Comparison("2 runs: two at once / one at a time", both, each, AT_ONCE),
        Comparison("1 run: in a study / unetkit train", inside, outside, OVERHEAD),
    ]
    report("studies", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--coordinate"]:
        place = Path(sys.argv[2])
        coordinate(load_study(place), place.parent / "out", int(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
