"""Runs of a study two at once beside one at a time, and a run in a study beside the same run by `unetkit train`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.comparison import Comparison, report
from unetkit.cli.study_progress import Lines
from unetkit.study import Study, load_study
from unetkit.study.coordinator import Coordinator, Settings, run_text
from unetkit.study.engines import Place, open_engine
from unetkit.study.home import Home

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


class Silent(Lines):
    """Prints nothing."""

    def say(self, line: str) -> None:
        """Says nothing."""


def study_of(folder: Path, steps: int, seeds: int) -> Study:
    """Returns a study of one arm."""
    file = folder / f"study-{steps}-{seeds}.yaml"
    file.write_text(TEXT.replace("STEPS", str(steps)).replace("SEEDS", str(seeds)))
    return load_study(file)


def seconds(study: Study, at_once: int, folder: Path) -> float:
    """Returns how long the runs of a study take, in a new folder."""
    home = Home(Path(tempfile.mkdtemp(dir=folder)))
    start = time.perf_counter()
    with home.taken():
        home.freeze(study, ())
        with open_engine("local", Place(at_once, home.folder)) as executor:
            Coordinator(study, home, Silent(0), Settings(at_once)).run(executor)
    return time.perf_counter() - start


def trained(study: Study, folder: Path) -> float:
    """Returns how long the first run of a study takes by the command."""
    place = Path(tempfile.mkdtemp(dir=folder))
    (place / "run.yaml").write_text(run_text(study, study.runs[0]))
    command = [sys.executable, "-m", "unetkit.cli", "train", "run.yaml", "-o", "run", "--threads", "1"]
    start = time.perf_counter()
    subprocess.run([*command, "--accelerator", "cpu"], cwd=place, check=True, capture_output=True)
    return time.perf_counter() - start


def main(steps: int = 250, rounds: int = 3) -> None:
    """Prints both as ratios; a run of 250 steps takes about a minute."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        two, one = study_of(folder, steps, 2), study_of(folder, steps, 1)
        both, each, inside, alone = [], [], [], []  # in turn, so that what disturbs one disturbs the other
        for _ in range(rounds):
            both.append(seconds(two, 2, folder))
            each.append(seconds(two, 1, folder))
            inside.append(seconds(one, 1, folder))
            alone.append(trained(one, folder))
    rows = [
        Comparison("2 runs: two at once / one at a time", both, each, AT_ONCE),
        Comparison("1 run: in a study / unetkit train", inside, alone, OVERHEAD),
    ]
    report("studies", rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
