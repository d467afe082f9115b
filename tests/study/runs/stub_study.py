"""Studies whose runs are done by the stub: `python -m tests.study.runs.stub_study FOLDER …` runs one."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from unetkit.engine import EngineOptions
from unetkit.study import Study, StudyRun, load_study
from unetkit.study.runs.coordinator import Coordinator, ExecutionSettings, StudyListener
from unetkit.study.runs.engines import open_engine
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.runs.task import Outcome

MODULE = "tests.study.runs.stub_worker"
TEXT = """\
unetkit: 1
name: counted
base: {extends: unet-small, name: tiny, channels: [4, 8]}
data: {dataset: mni}
training: {steps: 6, batch: 2}
axes:
  channels: [[4, 4], [4, 12], [4, 16]]
seeds: SEEDS
"""


class Told(StudyListener):
    """Keeps what happened."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.endings: list[tuple[int, str, bool]] = []

    def started(self, run: StudyRun) -> None:
        self.order.append(run.id)

    def ended(self, run: StudyRun, outcome: Outcome, *, again: bool) -> None:
        self.endings.append((outcome.exit_status.code, outcome.exit_status.reason, again))


def write_study(folder: Path, seeds: int) -> Path:
    """Writes a study of four arms into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "study.yaml"
    file.write_text(TEXT.replace("SEEDS", str(seeds)))
    return file


@dataclass(frozen=True)
class Stub:
    """Writes the settings of a run for the stub: so many steps of so much work. The arm `fails` does fail."""

    work: int = 1
    steps: int = 3
    fails: str = ""

    def __call__(self, study: Study, run: StudyRun) -> str:
        failing = {"fails": True} if run.arm.name == self.fails else {}
        return json.dumps({"id": run.id, "work": self.work, "steps": self.steps} | failing)


def do(
    study: Study,
    study_folder: StudyFolder,
    stub: Stub,
    *,
    engine: str = "local",
    address: str | None = None,
    settings: ExecutionSettings | None = None,
) -> Told:
    """Has a study done in a folder, and returns what happened."""
    told, settings = Told(), settings or ExecutionSettings(2, module=MODULE)
    with study_folder.locked():
        study_folder.freeze(study)
        with open_engine(engine, EngineOptions(settings.at_once, study_folder.path.absolute(), address)) as executor:
            Coordinator(study, study_folder, told, settings, stub).run(executor)
    return told


def results(study_folder: StudyFolder) -> dict[str, str]:
    """Returns the results in a folder by run."""
    return {file.parent.name: file.read_text() for file in study_folder.runs.glob("*/result.json")}


def main(folder: Path, work: int, steps: int, engine: str = "local", address: str | None = None) -> None:
    """Has the study in a folder done by an engine."""
    settings = ExecutionSettings(2, states=("waiting", "failed"), attempts=1000, module=MODULE)
    study, study_folder = load_study(folder / "study.yaml"), StudyFolder(folder / engine)
    do(study, study_folder, Stub(work, steps), engine=engine, address=address, settings=settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
