"""Kills trainings at random moments: `python -m tests.train.kills KILLS`, as `make kills` does.

Each goes on until it is done, and is then held against one that nobody disturbed: weights, log and result.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from tests.support.photos import write_photos
from unetkit.model import read_header
from unetkit.train import Machine, load_run, train_run

import_module("unetkit.train.loop.trainer")  # torch and Lightning once, here, so that each process trains at once
STEPS = 120
RUN = {
    "unetkit": 1,
    "spec": {"extends": "unet-same", "name": "tiny", "channels": [4, 8], "block": {"dropout": 0.2}},
    "training": {
        "steps": STEPS,
        "batch": 4,
        "patch": 16,
        "augmentation": ["flip", "elastic", "intensity", "noise"],
        "validate_every": 25,
        "checkpoint_every": 5,
        "log_every": 3,
    },
}


def begin(run: dict[str, Any], folder: Path) -> int:
    """Begins, or goes on with, a training in a process of its own; returns its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        torch.set_num_threads(1)
        train_run(load_run(run), folder, machine=Machine("cpu", threads=1), progress=False)
        code = 0
    finally:
        os._exit(code)


def killed(run: dict[str, Any], folder: Path, seconds: float) -> bool:
    """Trains for so many seconds and kills; returns False where the training had come to its end before."""
    child, end = begin(run, folder), time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, f"the training failed with {status}"
            return False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def alike(one: Path, other: Path) -> None:
    """Asserts that two runs left the same, bit for bit."""
    for name in ("best.safetensors", "last.safetensors"):
        weights, others = load_file(one / name), load_file(other / name)
        assert weights.keys() == others.keys()
        assert all(torch.equal(weights[key], others[key]) for key in weights), name
        assert read_header(one / name) == read_header(other / name), name
    for name in ("log.csv", "scores.csv", "result.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def main(kills: int) -> None:
    """Kills so often, in as many runs as it takes, and compares each with the one that was left alone."""
    dice = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write_photos(home / "photos")
        split = {"type": "block", "validation": 1, "test": 1}
        data = {"unetkit": 1, "dataset": {"type": "folders", "images": "images", "masks": "masks"}}
        run = RUN | {"data": data | {"split": split, "classes": ["outside", "disc"]}}
        os.chdir(home / "photos")
        start = time.monotonic()
        assert not killed(run, home / "whole", 1e6)
        whole = time.monotonic() - start
        total = number = 0
        while total < kills:
            folder, mine = home / f"broken{number}", 0
            while killed(run, folder, dice.uniform(0, whole / 2) if total + mine < kills else 1e6):
                mine += 1
            alike(home / "whole", folder)
            total, number = total + mine, number + 1
            print(f"killed {mine} times: weights, log and result as without, bit for bit", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
