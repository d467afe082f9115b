"""What ends a training against its will: a full disk, a folder that takes nothing, a machine that is not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import Trainer
from safetensors.torch import load_file

from tests.support.photos import CPU, trained, values
from unetkit.errors import FileError, UnetkitError
from unetkit.train import Machine, TrainError, load_run, train_run
from unetkit.train.loop.log import TrainingLog


@pytest.mark.parametrize("written", (0, 2, 4, 6, 9))
def test_a_disk_that_is_full_loses_nothing_and_the_run_goes_on(
    written: int, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = values(photos, steps=3, checkpoint_every=1)
    sync, left = os.fsync, [written]

    def full(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        FileError, match="cannot be written: No space left on device\n   Free some space, or choose another place"
    ):
        trained(said, tmp_path / "full")
    monkeypatch.undo()
    assert [file for file in tmp_path.rglob(".*") if file.name != ".lock"] == []
    result = trained(said, tmp_path / "full")
    assert result.values == trained(said, tmp_path / "whole").values
    one, other = (load_file(tmp_path / name / "last.safetensors") for name in ("full", "whole"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_log_that_finds_no_room_is_told(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lightning.pytorch.loggers import TensorBoardLogger

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TensorBoardLogger, "log_metrics", full)
    with pytest.raises(FileError) as caught:
        trained(values(photos, logger=["tensorboard"]), tmp_path)
    assert str(caught.value) == (
        f"error[file-unwritable]: {tmp_path}: No space left on device\n"
        "   Free some space and repeat the command: the run resumes from its last checkpoint."
    )


@pytest.mark.parametrize("inside", ["", "within"])
def test_a_folder_that_cannot_be_is_refused(inside: str, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileError, match="file-unwritable.*cannot be written to: .*\n   Choose another folder"):
        trained(values(photos), tmp_path / "file" / inside)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nothing of that kind" * 99], ids=["empty", "cut", "other"])
def test_a_damaged_checkpoint_is_told(content: bytes, photos: Path, tmp_path: Path) -> None:
    said = values(photos)
    file = tmp_path / "checkpoints" / "last.ckpt"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(TrainError) as caught:
        trained(said, tmp_path)
    assert str(caught.value) == (
        f"error[checkpoint-damaged]: {file} is not a checkpoint of a run\n   Remove it: the run then starts again."
    )


def test_a_checkpoint_runs_nothing(photos: Path, tmp_path: Path) -> None:
    said, file = values(photos), tmp_path / "checkpoints" / "last.ckpt"
    file.parent.mkdir()
    torch.save({"threads": Evil(tmp_path / "done")}, file)
    with pytest.raises(TrainError, match="checkpoint-damaged"):
        trained(said, tmp_path)
    assert not (tmp_path / "done").exists()


class Evil:
    """What makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (Machine("cpu", devices="abc"), "accelerator cpu, devices abc, strategy auto: "),
        (Machine("cpu", devices=0), "accelerator cpu, devices 0, strategy auto: "),
        (Machine("abacus"), "accelerator abacus, devices 1, strategy auto: "),
        (Machine("cpu", strategy="hope"), "accelerator cpu, devices 1, strategy hope: "),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_a_machine_that_is_not_there_is_refused(machine: Machine, message: str, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError) as caught:
        train_run(load_run(values(photos)), tmp_path, machine=machine, progress=False)
    assert f"error[machine]: {message}" in str(caught.value)
    assert str(caught.value).endswith("   Change --accelerator, --devices, --strategy or --nodes.")


def test_a_batch_is_shared_by_processes_evenly(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UnetkitError, match="a batch of 4 patches cannot be divided among 3 processes\n.*\n.*\n   Use a mu"
    ):
        train_run(load_run(values(photos)), tmp_path, machine=Machine("cpu", devices=3, strategy="ddp"), progress=False)


# --- logs -----------------------------------------------------------------------------------------------------------


def test_mlflow_keeps_the_log_in_the_folder(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    trained(values(photos, logger=["mlflow"]), tmp_path)
    losses = list((tmp_path / "mlruns").glob("*/*/metrics/loss"))
    assert [len(file.read_text().splitlines()) for file in losses] == [4]


def test_a_logger_that_is_not_installed_is_told(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **_named: Any) -> None:
        raise ModuleNotFoundError("No module named 'mlflow'")

    monkeypatch.setattr("unetkit.train.loop.loggers.mlflow", missing)
    with pytest.raises(TrainError) as caught:
        trained(values(photos, logger=["mlflow"]), tmp_path)
    assert str(caught.value) == (
        "error[no-logger]: training.logger: the mlflow logger needs mlflow-skinny, which is not installed\n"
        "   pip install 'unetkit[mlflow]', or remove mlflow from training.logger."
    )


def test_half_precision_learns_too(photos: Path, tmp_path: Path) -> None:
    result = train_run(load_run(values(photos, precision="bf16")), tmp_path / "bf16", machine=CPU, progress=False)
    whole = trained(values(photos), tmp_path / "fp32")
    for (_, one), (_, other) in zip(result.values["loss"], whole.values["loss"], strict=True):
        assert one == pytest.approx(other, rel=0.02)
        assert one != other


# --- a training that goes on ----------------------------------------------------------------------------------------


def broken_off(said: dict[str, Any], folder: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trains until a step is logged, stops there without a checkpoint of it, and trains on to the end."""
    look = TrainingLog.add_entry

    def stop(self: TrainingLog, trainer: Trainer, now: int) -> None:
        look(self, trainer, now)
        if now == step:
            raise OSError("The power is off")

    with monkeypatch.context() as patched, pytest.raises(FileError, match="The power is off"):
        patched.setattr(TrainingLog, "add_entry", stop)
        trained(said, folder)
    trained(said, folder)


def test_tensorboard_has_each_step_once_after_a_break(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    said = values(photos, steps=5, checkpoint_every=2, logger=["tensorboard"])
    broken_off(said, tmp_path, 3, monkeypatch)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3, 4, 5]


def test_mlflow_goes_on_with_its_run_after_a_break(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    broken_off(values(photos, steps=5, checkpoint_every=2, logger=["mlflow"]), tmp_path, 3, monkeypatch)
    (losses,) = (tmp_path / "mlruns").glob("*/*/metrics/loss")
    assert [int(line.split()[2]) for line in losses.read_text().splitlines()] == [1, 2, 3, 3, 4, 5]
    (meta,) = (tmp_path / "mlruns").glob("*/*/meta.yaml")
    assert yaml.safe_load(meta.read_text())["run_id"] == (tmp_path / "mlflow.txt").read_text().strip()
