"""Processes that get a signal at a random moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

import numpy as np
from PIL import Image

from tests.fuzz.command import Answer
from tests.fuzz.kind import Kind
from tests.support.photos import write_photos
from unetkit.writing import PREFIX

TRAIN = "train tiny.yaml photos --accelerator cpu --set training.steps=30 --set training.patch=16 -o run"
COMMANDS = (
    "show unet-2015", "code unet-2015 -o out/net.py", "draw unet-2015 -o out/net.png", "data photos -o out/sheet.png",
    "predict m.safetensors image.png -o out", "study plan what-makes-a-unet", TRAIN, TRAIN,
    "study run study.yaml -o study",
)  # fmt: skip
PATIENCE = 120
"""Seconds that a process has to end."""
ENDS = (0, 1, 130, 143, -signal.SIGINT, -signal.SIGTERM)
STUDY = """\
unetkit: 1
name: signals
base: {extends: tiny.yaml}
data: photos
training: {steps: 20, batch: 2, patch: 16}
axes: {channels: [[4, 4]]}
seeds: 1
"""


class Signals(Kind):
    """A command in a process of its own, which is interrupted or asked to end."""

    def prepare(self) -> None:
        from tests.trained.test_trained_file import trained

        trained().save(self.folder / "m.safetensors")
        write_photos(self.folder / "photos")
        (self.folder / "tiny.yaml").write_text(
            "unetkit: 1\nname: tiny\nin_channels: 1\nout_channels: 2\nchannels: [4, 8]\n"
        )
        (self.folder / "study.yaml").write_text(STUDY)
        Image.fromarray(np.zeros((512, 512), np.uint8)).save(self.folder / "image.png")

    def case(self, random: Random) -> Iterator[Answer]:
        line = random.choice(COMMANDS)
        number = random.choice((signal.SIGINT, signal.SIGTERM))
        seconds = random.uniform(0, 12 if line.startswith(("train", "study run")) else 2)
        for name in ("out", "run", "study"):
            self.fresh(name)
        files = [self.folder / name for name in ("out.txt", "err.txt")]  # a pipe could be held by what it began
        with files[0].open("wb") as stdout, files[1].open("wb") as stderr:
            command = [sys.executable, "-m", "unetkit.cli", *line.split()]
            process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        time.sleep(seconds)
        process.send_signal(number)
        trace = ""
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            trace = f"it did not end within {PATIENCE} s"
        out, err = (file.read_text(errors="replace") for file in files)
        if process.returncode not in ENDS:
            trace += f"exit code {process.returncode}"
        left = [path for path in self.folder.rglob(f"{PREFIX}*") if f"-{process.pid}-" in path.name]
        if left:
            trace += f"left behind: {left}"
        told = ("signals", line, signal.Signals(number).name, f"{seconds:.2f}")
        yield Answer(told, 3 if trace else 0, out, err, 0, trace)
