"""A run is its data: what a folder says when images, masks, their division or settings have changed since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.photos import CPU, trained, values, write_photos
from unetkit.data import load_data, open_data
from unetkit.data.preprocessing.data_record import DataRecord
from unetkit.errors import UnetkitError
from unetkit.study import load_study
from unetkit.study.results.exit_status import ExitStatus
from unetkit.study.results.results import StudyError
from unetkit.study.runs.same_data import check_same_data
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.train import TrainError, load_run, train_run
from unetkit.train.loop.log import TrainingLog


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of images and masks that may be changed."""
    return write_photos(tmp_path / "photos")


def turned(file: Path) -> None:
    """Turns a picture by half a turn."""
    Image.fromarray(np.asarray(Image.open(file))[::-1, ::-1]).save(file)


def swapped(photos: Path) -> None:
    """Gives the first image the mask of the second, and the reverse."""
    one, other = photos / "masks" / "disc0.png", photos / "masks" / "disc1.png"
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def added(photos: Path) -> None:
    for kind in ("images", "masks"):
        shutil.copy(photos / kind / "disc0.png", photos / kind / "disc9.png")


def removed(photos: Path) -> None:
    for kind in ("images", "masks"):
        (photos / kind / "disc2.png").unlink()


def divided(photos: Path) -> None:
    (photos / "splits.json").write_text(json.dumps({"train": ["disc0", "disc5"], "test": ["disc1"]}))


CHANGES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "an image": (lambda photos: turned(photos / "images" / "disc3.png"), ["images changed: disc3"]),
    "masks": (swapped, ["masks changed: disc0, disc1"]),
    "more": (added, ["images added: disc9", "now for training: disc5"]),
    "fewer": (removed, ["images removed: disc2"]),
}


def broken_off(said: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch, step: int = 3) -> None:
    """Trains until the log of a step is due, and stops there."""
    look = TrainingLog.add_entry

    def stop(self: TrainingLog, trainer: Any, now: int) -> None:
        look(self, trainer, now)
        if now == step:
            raise KeyError("stopped by the test")

    with monkeypatch.context() as patched, pytest.raises(KeyError):
        patched.setattr(TrainingLog, "add_entry", stop)
        trained(said, folder)


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("finished", [True, False])
def test_other_data_in_the_folder_of_a_run_are_refused_with_what_changed(
    change: str, finished: bool, cache: bool, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, folder = values(photos, checkpoint_every=2), tmp_path / "run"
    said["data"] = {"dataset": {"type": "folders", "images": f"{photos}/images", "masks": f"{photos}/masks"}}
    said["data"]["cache"] = cache
    if finished:
        trained(said, folder)
    else:
        broken_off(said, folder, monkeypatch)
    changed, lines = CHANGES[change]
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    changed(photos)
    with pytest.raises(TrainError, match=r"\[data-changed\]: data: .*holds a run on different data") as caught:
        trained(said, folder)
    (fault,) = caught.value.faults
    assert list(fault.lines[: len(lines)]) == lines
    assert before == {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_another_division_of_the_same_images_is_other_data(photos: Path, tmp_path: Path) -> None:
    (photos / "splits.json").write_text(json.dumps({"train": ["disc0", "disc1"], "test": ["disc5"]}))
    trained(values(photos), tmp_path / "run")
    divided(photos)
    with pytest.raises(TrainError) as caught:
        trained(values(photos), tmp_path / "run")
    assert caught.value.faults[0].lines == ("now for training: disc5", "now for test: disc1")


def test_the_same_pictures_written_anew_are_the_same_data(photos: Path, tmp_path: Path) -> None:
    first = trained(values(photos), tmp_path / "run")
    for file in photos.glob("*/*.png"):
        Image.open(file).save(file, compress_level=1)
    assert trained(values(photos), tmp_path / "run").values == first.values


def test_data_put_back_as_they_were_go_on(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = values(photos, checkpoint_every=2)
    broken_off(said, tmp_path / "run", monkeypatch)
    swapped(photos)
    with pytest.raises(TrainError, match="data-changed"):
        trained(said, tmp_path / "run")
    swapped(photos)
    assert trained(said, tmp_path / "run").values == trained(said, tmp_path / "whole").values


@pytest.mark.parametrize("finished", [True, False])
def test_the_checkpoint_and_the_result_know_their_data_without_the_record(
    finished: bool, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = values(photos, checkpoint_every=2)
    if finished:
        trained(said, tmp_path / "run")
    else:
        broken_off(said, tmp_path / "run", monkeypatch)
    (tmp_path / "run" / "data.json").unlink()
    swapped(photos)
    with pytest.raises(TrainError, match="holds a run on different data\n"):
        trained(said, tmp_path / "run")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fingerprint": 1}', "[" * 99_999])
def test_a_damaged_record_of_the_data_is_one_message(text: str, photos: Path, tmp_path: Path) -> None:
    trained(values(photos), tmp_path / "run")
    (tmp_path / "run" / "data.json").write_text(text)
    with pytest.raises(TrainError, match=r"\[data-record\].*it is no record of data\n   Remove it"):
        trained(values(photos), tmp_path / "run")


FAILURES: dict[str, tuple[str, ...]] = {
    "classes": ("spec.out_channels=4",),
    "size": ("spec.channels=[4, 8, 8, 8, 8]", "training.batch=1"),
    "memory": ("training.patch=16384", "training.batch=64"),
    "machine": (),
}


@pytest.mark.parametrize("why", FAILURES)
def test_a_start_that_failed_before_its_first_step_blocks_nothing(why: str, photos: Path, tmp_path: Path) -> None:
    wrong = load_run(values(photos), FAILURES[why])
    machine = CPU if FAILURES[why] else type(CPU)("abacus")
    with pytest.raises(UnetkitError):
        train_run(wrong, tmp_path / "run", machine=machine, progress=False)
    swapped(photos)  # and the data may be mended too
    assert trained(values(photos, steps=3), tmp_path / "run").steps == 3


def test_workers_and_cache_may_change_where_a_run_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = values(photos, checkpoint_every=2)
    broken_off(said, tmp_path / "run", monkeypatch)
    result = trained(said, tmp_path / "run", "data.cache=false")
    whole = trained(said, tmp_path / "whole").values
    assert result.values["loss"] == whole["loss"] and result.values["data"] == whole["data"]


def test_the_digests_of_data_are_found_while_they_are_read_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for changes in ([], ["cache=false"]):
        splits = open_data(load_data(photos, changes))
        with monkeypatch.context() as patched:
            patched.setattr("unetkit.data.opening.PairReader.load", None)
            record = DataRecord.of(splits)
        assert DataRecord.from_json(record.to_json()) == record and len(record.by_name) == 6


def test_the_cure_for_a_taken_folder_names_its_weights(photos: Path, tmp_path: Path) -> None:
    trained(values(photos), tmp_path / "run")
    with pytest.raises(TrainError) as caught:
        trained(values(photos, steps=9), tmp_path / "run")
    weights = tmp_path / "run" / "best.safetensors"
    assert caught.value.faults[0].cure == (
        f"Choose another folder with -o, or remove this one. To start from its weights: training.weights={weights}."
    )


def test_a_study_whose_data_changed_says_so_and_mixes_nothing(photos: Path, tmp_path: Path) -> None:
    text = f"""\
unetkit: 1
name: short
run:
  spec: {{extends: unet-same, name: tiny, channels: [4, 8]}}
  data: {photos}
  training: {{steps: 1, batch: 2, patch: 16, logger: []}}
axes: {{norm: [none]}}
seeds: 1
"""
    (tmp_path / "study.yaml").write_text(text)
    loaded = load_study(tmp_path / "study.yaml")
    study_folder = StudyFolder(tmp_path / "study")
    first, other = loaded.runs
    train_run(load_run(first.run_values), study_folder.run(first.id), machine=CPU, progress=False)
    ExitStatus(0).write(study_folder.run(first.id))
    check_same_data(loaded, study_folder)
    swapped(photos)
    with pytest.raises(StudyError, match=r"runs on other data than these. What changed:\n +masks changed: disc0, d"):
        check_same_data(loaded, study_folder)
    shutil.rmtree(photos)
    check_same_data(loaded, study_folder)  # a study that is done may outlive its images
    assert not study_folder.run(other.id).exists()
