"""A run in a folder: it begins, goes on where it was broken off, or is done already. Nothing here needs torch."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from unetkit.errors import Fault, FileError
from unetkit.train.errors import TrainError
from unetkit.train.options import Machine
from unetkit.train.result import RunResult, read_result
from unetkit.train.runspec import RunSpec
from unetkit.writing import write_whole


def train_run(run: RunSpec, folder: Path, *, machine: Machine | None = None, progress: bool = True) -> RunResult:
    """Trains a run in a folder and returns its result, which lies there too; the same run again does what is missing.

    After it was broken off at any moment, also by `kill -9`, a run goes on from its last checkpoint; on the CPU, with
    as many threads, its weights are then those that it would have had, bit for bit. Raises TrainError where the folder
    has another run, or is trained in by another process, and where images, network and training do not go together.
    """
    with alone(folder):
        check_same(run, folder)
        known = read_result(folder)
        if known is not None:
            return known
        if not beside():
            write_whole(folder / "run.yaml", run.text().encode())
        from unetkit.train.running import Running  # torch and Lightning take seconds

        return Running(run, folder, machine or Machine(), progress).result()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps other processes from training in a folder; the system lets go of it when this one ends, however it does."""
    if beside():
        yield
        return
    with opened(folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            fault = Fault("folder-busy", f"another process trains in {folder}", cure="Wait for it, or choose another.")
            raise TrainError(fault) from error
        yield


def opened(folder: Path) -> TextIO:
    """Returns the file that stands for a folder, open; makes both. Raises FileError where it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / ".lock").open("w")
    except OSError as error:
        reason = error.strerror or str(error)
        fault = Fault("file-unwritable", f"{folder} cannot be written to: {reason}", cure="Choose another folder.")
        raise FileError(fault) from error


def beside() -> bool:
    """Whether this process trains beside the first one, which keeps the folder for all."""
    return any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))


def check_same(run: RunSpec, folder: Path) -> None:
    """Raises TrainError where a folder holds another run than this one."""
    file, text = folder / "run.yaml", run.text()
    known = file.read_text("utf-8", "replace") if file.exists() else text
    if known != text:
        lines = {line.strip() for line in known.splitlines()}
        changed = [line.strip() for line in text.splitlines() if line.strip() not in lines]
        told = f", which differs in: {'; '.join(changed[:3])}" if changed else ""
        message = f"{folder} holds another run{told}"
        raise TrainError(Fault("folder-taken", message, cure="Choose another folder, or remove this one."))
