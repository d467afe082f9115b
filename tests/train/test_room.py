"""Memory is counted before an image is read: what does not fit is refused, with what helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from tests.support.photos import CPU, trained, values, write_photos
from unetkit.data import load_data, open_data
from unetkit.data.overview.footprint import footprint
from unetkit.imagefiles import Images
from unetkit.train import TrainError, load_run, train_run


def test_images_and_a_step_are_counted_together_before_an_image_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = values(write_photos(tmp_path / "photos"))
    asked = load_run(said)
    images = footprint(asked.data)
    assert images is not None
    monkeypatch.setattr("unetkit.train.memory.step_bytes", lambda *_: 1_000_000)
    monkeypatch.setattr("unetkit.train.memory.available_memory", lambda: 1_000_000 + images.num_bytes - 1)
    with monkeypatch.context() as reading:
        reading.setattr(Images, "read", lambda *_: pytest.fail("an image was read"))
        with pytest.raises(
            TrainError, match=r"6 images need 0\.\d+ GB and a step 0\.001 GB, .* are available"
        ) as error:
            train_run(asked, tmp_path / "run", machine=CPU, progress=False)
    assert "data.cache=false" in error.value.faults[0].cure
    monkeypatch.setattr("unetkit.train.memory.available_memory", lambda: 1_000_000 + images.num_bytes)
    assert trained(said, tmp_path / "run").steps == 4


def test_without_a_cache_images_need_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = values(write_photos(tmp_path / "photos"))
    monkeypatch.setattr("unetkit.train.memory.step_bytes", lambda *_: 1)
    monkeypatch.setattr("unetkit.train.memory.available_memory", lambda: 1)
    with pytest.raises(TrainError, match="memory"):
        trained(said, tmp_path / "run")
    assert trained(said, tmp_path / "run", "data.cache=false").steps == 4


def test_what_headers_say_is_what_pairs_take(tmp_path: Path) -> None:
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    random = np.random.default_rng(0)
    for index, (dtype, channels) in enumerate([(np.uint8, 1), (np.uint16, 3), (np.float32, 2), (np.float64, 1)]):
        folder = tmp_path / f"{index}"
        kept(folder, dtype, channels, random)
        data = load_data({"unetkit": 1, "dataset": DATASET, "channels": channels}, folder=folder)
        found = footprint(data)
        assert found is not None
        splits = open_data(data)
        pairs = [*splits.train, *splits.validation, *splits.test]
        assert found.num_pairs == len(pairs)
        taken = sum(pair.image.nbytes + pair.labels.nbytes for pair in pairs)
        assert found.num_bytes == taken
        assert found.least == (12, 9)


DATASET = {"type": "folders", "images": "images", "masks": "masks"}


def kept(folder: Path, dtype: Any, channels: int, random: np.random.Generator) -> None:
    """Writes pairs of arrays whose images have so many channels."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index in range(3):
        size = (12 + index, 9)
        image = random.integers(0, 99, (channels, *size)) if channels > 1 else random.integers(0, 99, size)
        np.save(folder / "images" / f"{index}.npy", image.astype(dtype))
        np.save(folder / "masks" / f"{index}.npy", random.integers(0, 2, size).astype(np.uint8))


def test_slices_of_a_volume_and_turned_photographs_are_counted(tmp_path: Path) -> None:
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        nibabel.Nifti1Image(np.zeros((6, 7, 8), np.uint8), np.eye(4)).to_filename(tmp_path / kind / "v.nii.gz")  # type: ignore[no-untyped-call]
    data = load_data({"unetkit": 1, "dataset": DATASET}, folder=tmp_path)
    found = footprint(data)
    assert found is not None
    assert (found.num_pairs, found.num_bytes, found.least) == (8, 6 * 7 * 8 * 3, (6, 7))
    exif = Image.Exif()
    exif[274] = 6  # a quarter turn
    for kind in ("images", "masks"):
        (tmp_path / kind / "v.nii.gz").unlink()
        Image.fromarray(np.zeros((4, 9), np.uint8)).save(tmp_path / kind / "p.png", exif=exif)
    turned = footprint(data)
    assert turned is not None
    assert turned.least == open_data(data).train[0].size == (9, 4)
