"""Processes that get a signal at a random moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import psutil
from PIL import Image

from tests.fuzz.command import Answer
from tests.fuzz.kind import Kind
from tests.support.photos import write_photos
from unetkit.writing import PREFIX

TRAIN = "train tiny.yaml photos --accelerator cpu --set training.steps=30 --set training.patch=16 -o run"
COMMANDS = {
    "show unet-2015": 1, "code unet-2015 -o out/net.py": 1, "draw unet-2015 -o out/net.png": 1,
    "study plan what-makes-a-unet": 1, "data photos -o out/sheet.png": 3,
    "predict m.safetensors image.png photos/images -o out": 5, "evaluate m.safetensors photos -o out": 8,
    "export m.safetensors --to onnx -o out/m.onnx": 8, TRAIN: 12, "study run study.yaml -o study": 20,
}  # fmt: skip
"""Commands, and about how many seconds each takes."""
PATIENCE = 120
"""Seconds that a process has to end."""
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
        line, seconds = random.choice(tuple(COMMANDS.items()))
        number = random.choice(HEEDED)
        for name in ("out", "run", "study"):
            self.fresh(name)
        mark = f"{os.getpid()}-{random.random()}"
        files = [self.folder / name for name in ("out.txt", "err.txt")]  # a pipe could be held by what it began
        with files[0].open("wb") as stdout, files[1].open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "unetkit.cli", *line.split()],
                stdout=stdout,
                stderr=stderr,
                env=os.environ | {MARK: mark},
                preexec_fn=heed,
            )
        while not heeds(process.pid, number) and process.poll() is None:
            time.sleep(0.002)
        delay = random.uniform(0, seconds)
        time.sleep(delay)
        process.send_signal(number)
        told = ("signals", line, number.name, f"{delay:.2f}")
        trace = "; ".join(self.faults(process, number, mark))
        out, err = (file.read_text(errors="replace") for file in files)
        yield Answer(told, 3 if trace else 0, out, err, 0, trace)

    def faults(self, process: subprocess.Popen[bytes], number: signal.Signals, mark: str) -> Iterator[str]:
        """Waits for the end of a process, and yields what is wrong with it."""
        try:
            code = process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
            yield f"it did not end within {PATIENCE} s"
        stopped = code == 128 + number
        if not stopped and code not in (0, 1, -number):  # done before; or on its way out, when all was done
            yield f"exit code {code}"
        said = [line for line in (self.folder / "err.txt").read_text().splitlines() if line.startswith("stopped by")]
        if stopped and len(said) != 1:
            yield f"said when it stopped: {said}"
        left = [path for path in self.folder.rglob(f"{PREFIX}*") if f"-{process.pid}-" in path.name]
        if left:
            yield f"left behind: {left}"
        until = time.monotonic() + PATIENCE
        while (living := marked(mark)) and time.monotonic() < until:
            time.sleep(0.05)
        if living:
            yield f"it has ended, but not what it began: {living}"


MARK = "UNETKIT_TESTS_FUZZ_SIGNALS"
"""The variable of the environment that tells the processes of a case."""


def heed() -> None:
    """Gives a process the handlers of signals that it has in a terminal."""
    for number in HEEDED:
        signal.signal(number, signal.SIG_DFL)


def heeds(process: int, number: int) -> bool:
    """Returns whether a process handles a signal by now: before that, no line of unetkit has run."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True
    caught = int(re.findall(r"SigCgt:\s*(\w+)", status)[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1) and bool(caught >> (number - 1) & 1)


def marked(mark: str) -> list[str]:
    """Returns the commands of the processes of a case that still live."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline())[:100])
    return found
