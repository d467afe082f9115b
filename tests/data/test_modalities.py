"""Images whose channels lie in files of their own: `images: [scans/{name}_0000.nii.gz, scans/{name}_0001.nii.gz]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
import torch
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from tests.imagefiles.test_orientation import AFFINE, SIZE, in_ras, save, volume
from tests.support.commandline import run
from unetkit.data import Splits, load_data, open_data
from unetkit.data.files.grouping import FileGroup, below_common, image_groups
from unetkit.data.loading import load_data as loaded
from unetkit.errors import FileError
from unetkit.scoring import label
from unetkit.train import load_run, train_run
from unetkit.train.machine import Machine
from unetkit.trained import Trained

nib: Any = nibabel
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
    assert "images has 2 files for each image, channels is 3" in told and "channels: 2" in told


def test_a_resolved_data_file_reads_the_same(tmp_path: Path) -> None:
    write(tmp_path)
    said = {"unetkit": 1, "dims": 3, "channels": 2, "dataset": {"type": "folders", "images": NAMES, "masks": "masks"}}
    resolved = loaded(said, folder=tmp_path).resolve()
    assert resolved["dataset"]["images"] == [str(tmp_path / name) for name in NAMES]
    assert loaded(resolved).resolve() == resolved
    assert open_data(loaded(resolved)).fingerprint == open_data(loaded(said, folder=tmp_path)).fingerprint


# --- prediction -----------------------------------------------------------------------------------------------------


def learned(folder: Path, images: list[str]) -> Path:
    """Trains a network on modalities, and returns its model file."""
    files = {"type": "folders", "images": [str(folder / name) for name in images], "masks": str(folder / "masks")}
    data = {"dims": 3, "channels": 2, "dataset": files, "split": {"type": "block", "test": 1}}
    spec = {"unetkit": 1, "name": "u", "dims": 3, "in_channels": 2, "out_channels": 2, "channels": [4, 6]}
    training = {"steps": 2, "batch": 2, "patch": 4, "logger": []}
    run_spec = load_run({"unetkit": 1, "spec": spec | {"odd_sizes": "pad"}, "data": data, "training": training})
    train_run(run_spec, folder / "run", machine=Machine("cpu"), progress=False)
    return folder / "run" / "best.safetensors"


def written(model: Path, *paths: Path, code: int = 0) -> list[str]:
    """Returns what predict printed: the results."""
    return run("predict", model, *paths, "-o", model.parent / "maps", "--overwrite", code=code).stdout.split()


def test_predict_takes_the_files_of_an_image_together_and_agrees_with_evaluate(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    write(tmp_path, "LPS")
    model = learned(tmp_path, NAMES)
    trained = Trained.load(model)
    assert trained.signature.modalities == ("{name}_0000.nii", "{name}_0001.nii")
    expected = {pair.name: found for pair, found in label(trained.model, data(tmp_path).train, trained.preprocessing)}
    by_folder = written(model, tmp_path / "scans")
    by_files = written(model, *sorted((tmp_path / "scans").iterdir(), reverse=True))
    assert [Path(one).name for one in by_folder] == ["p0.nii", "p1.nii"]
    assert sorted(by_files) == by_folder
    for file in map(Path, by_folder):
        assert_array_equal(in_ras(file), expected[file.name.removesuffix(".nii")])


def test_probabilities_of_an_image_in_several_files_have_a_channel_per_class(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    write(tmp_path)
    model = learned(tmp_path, NAMES)
    run("predict", model, tmp_path / "scans", "-o", tmp_path / "maps", "--probabilities")
    made = in_ras(tmp_path / "maps" / "p0.nii")
    assert made.shape == (*SIZE, 2)
    np.testing.assert_allclose(made.sum(-1), 1, atol=1e-5)


def test_predict_reads_an_image_with_all_channels_in_one_file(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    write(tmp_path)
    model = learned(tmp_path, NAMES)
    (tmp_path / "whole").mkdir()
    parts = [nib.load(tmp_path / "scans" / f"p0_000{channel}.nii") for channel in range(2)]
    stacked = np.stack([np.asarray(part.dataobj) for part in parts], -1)
    nib.save(nib.Nifti1Image(stacked, parts[0].affine), tmp_path / "whole" / "p0.nii")
    run("predict", model, tmp_path / "scans", "-o", tmp_path / "maps")
    run("predict", model, tmp_path / "whole", "-o", tmp_path / "again")
    first, second = (np.asarray(nib.load(tmp_path / folder / "p0.nii").dataobj) for folder in ("maps", "again"))
    assert_array_equal(first, second)


def test_predict_says_which_file_an_image_lacks_and_labels_the_others(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    write(tmp_path)
    model = learned(tmp_path, NAMES)
    (tmp_path / "scans" / "p1_0001.nii").unlink()
    result = run("predict", model, tmp_path / "scans", tmp_path / "masks" / "p1.nii", "-o", tmp_path / "maps", code=1)
    assert result.stdout.split() == [str(tmp_path / "maps" / "p0.nii")]
    assert "p1_0000.nii, and no {name}_0001.nii" in result.stderr
    assert "masks/p1.nii has neither all 2 channels nor" in result.stderr


@pytest.mark.parametrize(
    ("images", "files"),
    [
        (["t1", "t2"], ["t1/a.tif", "t2/a.tif"]),
        (["all/{name}/t1.tif", "all/{name}/t2.tif"], ["all/a/t1.tif", "all/a/t2.tif"]),
        (["**/{name}_x.tif", "**/{name}_y.tif"], ["1/2/a_x.tif", "1/2/a_y.tif"]),
        (["all/x_{name}", "all/y_{name}"], ["all/x_a.tif", "all/y_a.tif"]),
        (["all/{name}.tif", "all/{name}_y.tif"], ["all/a.tif", "all/a_y.tif"]),
    ],
)
def test_files_are_grouped_by_the_same_patterns_as_in_training(
    tmp_path: Path, images: list[str], files: list[str]
) -> None:
    for number, name in enumerate(files):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(tmp_path / name, np.full((6, 8), number, np.uint8))
    (tmp_path / "masks").mkdir()
    tifffile.imwrite(tmp_path / "masks" / "a.tif", np.zeros((6, 8), np.uint8))
    pair = data(tmp_path, dims=2, dataset={"images": images}).train[0]
    assert (pair.name, pair.image[:, 0, 0].tolist()) == ("a", [0, 1])
    patterns = below_common(images)
    given = [tmp_path / name for name in files]
    assert image_groups(given, patterns) == ([FileGroup("a", tuple(given))], [])
    assert image_groups(given[::-1], patterns) == ([FileGroup("a", tuple(given))], [])
