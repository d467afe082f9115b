"""Images whose channels lie in files of their own: `images: [scans/{name}_0000.nii.gz, scans/{name}_0001.nii.gz]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from tests.test_orientation import AFFINE, SIZE, save, volume
from unetkit.data import Splits, load_data, open_data
from unetkit.data.loading import load_data as loaded
from unetkit.errors import FileError

NAMES = ["scans/{name}_0000.nii", "scans/{name}_0001.nii"]


def data(folder: Path, **keys: Any) -> Splits:
    dataset = {"type": "folders", "images": NAMES, "masks": "masks"} | keys.pop("dataset", {})
    said = {"unetkit": 1, "dims": 3, "channels": 2, "dataset": dataset, "split": {"type": "block", "test": 0}} | keys
    return open_data(load_data(said, folder=folder))


def refused(folder: Path, **keys: Any) -> str:
    with pytest.raises(FileError) as caught:
        data(folder, **keys)
    return str(caught.value)


def write(folder: Path, codes: str = "RAS", affine: NDArray[np.float64] = AFFINE, count: int = 2) -> None:
    """Writes heads of two modalities, the second of which is stored as said."""
    for number in range(count):
        save(folder / "scans" / f"p{number}_0000.nii", volume(seed=number))
        save(folder / "scans" / f"p{number}_0001.nii", volume(seed=number + 50), affine, codes)
        save(folder / "masks" / f"p{number}.nii", (volume(seed=number) > 500).astype(np.uint8))


@pytest.mark.parametrize("codes", ["RAS", "LPS", "SAR"])
@pytest.mark.parametrize("orientation", ["native", "PIR"])
def test_modalities_are_channels_on_the_samples_of_the_first(tmp_path: Path, codes: str, orientation: str) -> None:
    write(tmp_path, codes)
    for take in ([0, 1], [1]):
        train = data(tmp_path, orientation=orientation, channels={"count": 2, "take": take}).train
        assert train.names == ("p0", "p1")
        whole = data(tmp_path, orientation="RAS").train
        for number, pair in enumerate(whole):
            assert_array_equal(pair.image, [volume(seed=number), volume(seed=number + 50)])
        for pair in train:
            assert len(pair.image) == len(take)
            if take == [0, 1]:
                assert_array_equal(pair.labels, pair.image[0] > 500)


def test_slices_have_all_modalities(tmp_path: Path) -> None:
    write(tmp_path, "LPS")
    pairs = data(tmp_path, dims=2, orientation="RAS").train
    assert len(pairs) == 2 * SIZE[2]
    assert_array_equal(pairs[3].image, [volume()[..., 3], volume(seed=50)[..., 3]])


def test_modalities_may_lie_in_folders_of_their_own_and_in_other_kinds_of_files(tmp_path: Path) -> None:
    for number, kind in enumerate(["t1", "t2", "masks"]):
        (tmp_path / kind).mkdir()
        tifffile.imwrite(tmp_path / kind / "a.tif", np.full((6, 8), number, np.uint8 if number else np.float32))
    pair = data(tmp_path, dims=2, dataset={"images": ["t1", "t2"]}, classes=["a", "b", "c"]).train[0]
    assert_array_equal(pair.image, np.broadcast_to(np.array([0, 1])[:, None, None], (2, 6, 8)))


def test_a_modality_that_is_missing_is_told_with_its_image(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "scans" / "p1_0001.nii").unlink()
    save(tmp_path / "scans" / "p7_0001.nii", volume())
    told = refused(tmp_path)
    assert "no file scans/{name}_0001.nii for image p1" in told
    assert "no file scans/{name}_0000.nii for p7 of scans/{name}_0001.nii" in told


def test_a_modality_on_other_samples_is_refused(tmp_path: Path) -> None:
    moved = AFFINE.copy()
    moved[:3, 3] += 40
    write(tmp_path, affine=moved)
    assert "error[modality-geometry]" in refused(tmp_path)


def test_a_modality_of_another_size_or_of_more_channels_is_refused(tmp_path: Path) -> None:
    write(tmp_path, count=1)
    save(tmp_path / "scans" / "p0_0001.nii", volume()[:-1])
    assert "error[modality-size]" in refused(tmp_path)
    save(tmp_path / "scans" / "p0_0001.nii", volume(channels=2))
    assert "p0_0001.nii has 2 channels" in refused(tmp_path)


def test_the_number_of_channels_is_that_of_the_files(tmp_path: Path) -> None:
    write(tmp_path)
    told = refused(tmp_path, channels=3)
    assert "images has 2 files for each image, channels says 3" in told and "channels: 2" in told


def test_a_resolved_data_file_reads_the_same(tmp_path: Path) -> None:
    write(tmp_path)
    said = {"unetkit": 1, "dims": 3, "channels": 2, "dataset": {"type": "folders", "images": NAMES, "masks": "masks"}}
    resolved = loaded(said, folder=tmp_path).resolve()
    assert resolved["dataset"]["images"] == [str(tmp_path / name) for name in NAMES]
    assert loaded(resolved).resolve() == resolved
    assert open_data(loaded(resolved)).fingerprint == open_data(loaded(said, folder=tmp_path)).fingerprint
