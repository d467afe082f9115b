"""The trial of a backend in a process of its own, which is killed after a time.

To make a backend may take long, or end its process, and cannot be stopped halfway. The process takes the request from
files in a folder, and leaves nothing but its result there: `python -m unetkit.backends.apart FOLDER PARENT`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from unetkit.backends.available import BACKENDS
from unetkit.backends.backend import Request
from unetkit.backends.trial import Trial, trial
from unetkit.errors import UnetkitError
from unetkit.host import die_with, kill_session
from unetkit.model.file import load_model, save
from unetkit.model.interface import plan_of
from unetkit.writing import write_whole

LIMIT = 60.0
"""Seconds that a trial may take, from the start of the process to its end."""
_REQUEST, _MODEL, _IMAGES, _RESULT, _LOG = "request.json", "model.safetensors", "images.npz", "trial.json", "log.txt"


def trial_apart(name: str, request: Request) -> Trial:
    """The trial of a backend in a new process, which is killed after `LIMIT` seconds."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        _write(name, request, folder)
        with (folder / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "unetkit.backends.apart", str(folder), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            code = process.wait(LIMIT)
        except BaseException as error:
            kill_session(process.pid)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            obstacle = f"its trial takes more than {LIMIT:.0f} s, so it is used only where it is asked for"
            return Trial(None, 0.0, obstacle)
        if code == 0:
            return Trial.read(json.loads((folder / _RESULT).read_bytes()))
        lines = (folder / _LOG).read_text("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return Trial(None, 0.0, f"its process ended with exit code {code}{': ' * bool(last)}{last}")


def _write(name: str, request: Request, folder: Path) -> None:
    """Writes what a trial needs."""
    save(request.model, folder / _MODEL)
    np.savez(folder / _IMAGES, *request.images)
    values = {
        "backend": name,
        "size": request.size,
        "dtype": request.dtype,
        "passes": request.passes,
        "device": str(request.device),
        "threads": torch.get_num_threads(),
    }
    (folder / _REQUEST).write_text(json.dumps(values), "utf-8")


def _read(folder: Path) -> tuple[str, Request]:
    """The name of the backend, and the request; sets the number of threads."""
    values = json.loads((folder / _REQUEST).read_bytes())
    torch.set_num_threads(values["threads"])
    with np.load(folder / _IMAGES) as stored:
        images = [stored[key] for key in stored.files]
    model = load_model(folder / _MODEL).to(values["device"])
    size, passes = tuple(values["size"]), tuple(values["passes"])
    return values["backend"], Request(model, plan_of(model), size, values["dtype"], passes, images)


def main(place: str, parent: str) -> None:
    """Makes the trial whose request is in a folder, and writes its result there."""
    die_with(int(parent))
    folder = Path(place)
    try:
        name, request = _read(folder)
        exact = BACKENDS["torch"].make(replace(request, dtype="fp32"))
        found = trial(BACKENDS[name], request, exact)
    except UnetkitError as error:
        found = Trial(None, 0.0, f"in a process of its own: {error.faults[0].message}")
    write_whole(folder / _RESULT, json.dumps(found).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
