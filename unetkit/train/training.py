"""Training of a run in its folder. Importing this module does not import torch."""

from __future__ import annotations

from pathlib import Path

from unetkit.train.machine import Machine
from unetkit.train.result import RunResult, read_result
from unetkit.train.run_folder import (
    DATA,
    check_same_data,
    check_same_run,
    data_changed,
    holds_work,
    is_main_process,
    locked,
)
from unetkit.train.runspec import RunSpec
from unetkit.writing import write_whole


def train_run(run: RunSpec, folder: Path, *, machine: Machine | None = None, progress: bool = True) -> RunResult:
    """Trains a run in a folder and returns its result, which is saved there. A finished run is not repeated.

    A run that was interrupted at any moment, even by `kill -9`, resumes from its last checkpoint. On the CPU and with
    the same number of threads, its weights are then identical, bit for bit, to those of an uninterrupted run. Raises
    TrainError where the folder holds another run or a run on other data, where another process is training in it, and
    where images, network and training are incompatible. A run that failed before its first step does not count.
    """
    machine = machine or Machine()
    with locked(folder):
        known = read_result(folder)
        started = known is not None or holds_work(folder)
        if started:
            check_same_run(run, folder)
        from unetkit.data import open_data  # imports numpy, which a fault of the folder does not need
        from unetkit.data.preprocessing.data_record import DataRecord

        if known is None:
            from unetkit.train.memory import check_run_memory  # imports torch

            check_run_memory(run, machine)
        splits = open_data(run.data)
        if started:
            check_same_data(splits, folder)
        if known is not None:
            if known.values.get("data") != splits.fingerprint:
                raise data_changed(folder)
            return known
        from unetkit.train.loop.trainer import Trainer  # imports torch and Lightning

        trainer = Trainer(run, folder, machine, splits, progress=progress)
        if is_main_process():
            write_whole(folder / "run.yaml", run.text().encode())
            write_whole(folder / DATA, DataRecord.of(splits).to_json().encode())
        return trainer.result()
