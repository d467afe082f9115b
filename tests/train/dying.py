"""A training that kills its own process at a step: what a run folder asks of it stands in `death.json` there."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from unetkit.study.runs import worker
from unetkit.study.runs.process import forked
from unetkit.train import Machine, load_run, train_run
from unetkit.train.loop.log import TrainingLog

NEEDED = worker.NEEDED


def killed(run: Path, folder: Path, stop: int, when: str) -> int:
    """How a process ended that trains in a folder, and dies at a step `before` or `after` what is written there."""
    asked = folder.with_name("death")
    asked.mkdir(exist_ok=True)
    (asked / "death.json").write_text(json.dumps([str(run), str(folder), stop, when]))
    process = forked("tests.train.dying", asked, None)
    process.wait(None)
    return process.end()


def main(arguments: Sequence[str]) -> int:
    """Trains until the process dies."""
    run, folder, stop, when = json.loads((Path(arguments[0]) / "death.json").read_text())
    inner = TrainingLog.on_train_batch_end

    def outer(self: TrainingLog, trainer: Any, *rest: Any) -> None:
        if trainer.global_step == stop and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        inner(self, trainer, *rest)
        if trainer.global_step == stop:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingLog, "on_train_batch_end", outer)
        train_run(load_run(Path(run)), Path(folder), machine=Machine("cpu", threads=1), progress=False)
    return 0
