"""Data files: what is read of each kind of image and mask, how it is divided, and what `unetkit data` says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
import torch
import zarr
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader

from tests.support.commandline import answer, run
from tests.support.photos import trained
from unetkit import load
from unetkit.data import Patches, PatchSettings, Splits, load_data, normalization_of, open_data
from unetkit.data.labels.instances import instances_of
from unetkit.data.pairs import UNLABELLED
from unetkit.data.patches.boundary_weight import BoundaryWeight
from unetkit.errors import FileError, UnetkitError
from unetkit.imagefiles.views.arrays import LazyArray
from unetkit.planning import plan

FOLDERS = {"type": "folders", "images": "images", "masks": "masks"}
Saved = Callable[[Path, NDArray[Any]], object]


def picture(file: Path, pixels: NDArray[Any]) -> None:
    """Writes a PNG, a JPEG or a BMP."""
    Image.fromarray(pixels).save(file)


def volume(file: Path, pixels: NDArray[Any]) -> None:
    """Writes a NIfTI file whose voxels are 1 mm, 2 mm, 3 mm ..."""
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    nibabel.Nifti1Image(pixels, affine).to_filename(file)  # type: ignore[no-untyped-call]


def pages(file: Path, pixels: NDArray[Any]) -> None:
    """Writes a TIFF with a page for each image."""
    tifffile.imwrite(file, pixels, photometric="minisblack")


def bands(file: Path, pixels: NDArray[Any]) -> None:
    """Writes a TIFF with a page for each band of one image."""
    tifffile.imwrite(file, pixels, photometric="minisblack", metadata={"axes": "CYX"[-pixels.ndim :]})


def stored(file: Path, pixels: NDArray[Any]) -> None:
    """Writes a Zarr array."""
    made = zarr.create_array(file, shape=pixels.shape, dtype=pixels.dtype, chunks=(4,) * pixels.ndim)
    made[:] = pixels


def opened(folder: Path, **keys: Any) -> Splits:
    """Returns the pairs of images/ and masks/ in a folder, all for training unless `keys` say otherwise."""
    said = {"unetkit": 1, "dataset": FOLDERS, "split": {"type": "block", "test": 0}} | keys
    return open_data(load_data(said, folder=folder))


def write(folder: Path, ending: str, save: Saved, images: list[NDArray[Any]], masks: list[NDArray[Any]]) -> None:
    """Writes images and masks that are paired by number."""
    for kind, arrays in (("images", images), ("masks", masks)):
        (folder / kind).mkdir(exist_ok=True)
        for index, pixels in enumerate(arrays):
            save(folder / kind / f"{index}.{ending}", pixels)


# --- kinds of files -------------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[str, Saved]] = {
    "PNG": ("png", picture),
    "BMP": ("bmp", picture),
    "TIFF": ("tif", tifffile.imwrite),
    "NumPy": ("npy", np.save),
    "Zarr": ("zarr", stored),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_file_gives_its_pixels(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (6, 9), np.uint8) for _ in range(2)]
    masks = [random.integers(0, 3, (6, 9), np.uint8) for _ in range(2)]
    write(tmp_path, *KINDS[kind], images, masks)
    pairs = opened(tmp_path).train
    assert list(pairs.names) == ["0", "1"]
    for pair, image, mask in zip(pairs, images, masks, strict=True):
        assert_array_equal(pair.image, image[None])
        assert_array_equal(pair.labels, mask)


def test_sixteen_and_thirty_two_bits_stay_what_they_are(tmp_path: Path) -> None:
    deep = np.array([[0, 65535], [1234, 4321]], np.uint16)
    floating = np.array([[-1.5, 2e6], [0.25, 3.0]], np.float32)
    write(tmp_path, "tif", tifffile.imwrite, [deep, floating], [np.eye(2, dtype=np.uint8)] * 2)
    first, second = opened(tmp_path).train
    assert_array_equal(first.image[0], deep)
    assert_array_equal(second.image[0], floating)


def test_each_page_of_a_tiff_is_a_pair(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    stack = random.integers(0, 256, (12, 6, 9), np.uint8)
    labels = random.integers(0, 2, (12, 6, 9), np.uint8)
    write(tmp_path, "tif", pages, [stack], [labels])
    pairs = opened(tmp_path).train
    assert list(pairs.names)[:2] == ["0[00]", "0[01]"]
    assert len(pairs) == 12
    assert_array_equal(np.stack([pair.image[0] for pair in pairs]), stack)
    assert_array_equal(np.stack([pair.labels for pair in pairs]), labels)


def test_channels_of_a_multi_band_tiff_are_chosen_in_order(tmp_path: Path) -> None:
    image = np.random.default_rng(2).integers(0, 5000, (5, 6, 9), np.uint16)
    write(tmp_path, "tif", bands, [image], [np.zeros((6, 9), np.uint8)])
    pairs = opened(tmp_path, channels={"count": 5, "take": [3, 0]}).train
    assert_array_equal(pairs[0].image, image[[3, 0]])


def test_a_volume_keeps_the_distances_of_its_voxels(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    image, mask = random.normal(size=(4, 5, 6)).astype(np.float32), random.integers(0, 2, (4, 5, 6), np.uint8)
    write(tmp_path, "nii.gz", volume, [image], [mask])
    (pair,) = opened(tmp_path, dims=3).train
    assert_array_equal(pair.image[0], image)
    assert_array_equal(pair.labels, mask)
    assert pair.spacing == (1, 2, 3)


def test_a_pattern_pairs_files_of_different_names(tmp_path: Path) -> None:
    for patient in ("p1", "p2"):
        (tmp_path / patient).mkdir()
        picture(tmp_path / patient / "photo.png", np.full((4, 4), int(patient[1]), np.uint8))
        picture(tmp_path / patient / f"{patient}-cells.png", np.eye(4, dtype=np.uint8))
    pairs = opened(
        tmp_path, dataset={"type": "folders", "images": "{name}/photo.png", "masks": "{name}/{name}-cells.png"}
    ).train
    assert [(pair.name, pair.image.max()) for pair in pairs] == [("p1", 1), ("p2", 2)]


def test_colours_of_masks_are_classes(tmp_path: Path) -> None:
    labels = np.array([[0, 1, 2], [2, 1, 0]])
    colours = np.array([[0, 0, 0], [230, 159, 0], [255, 255, 255]], np.uint8)
    write(tmp_path, "png", picture, [np.zeros((2, 3), np.uint8)], [colours[labels]])
    classes = [{"name": "road", "colour": "#000000"}, {"name": "tree", "colour": "#e69f00"}]
    (pair,) = opened(tmp_path, classes=classes, ignore="#ffffff").train
    assert_array_equal(pair.labels, np.where(labels == 2, UNLABELLED, labels))


def test_several_numbers_of_a_mask_make_one_class_and_several_are_ignored(tmp_path: Path) -> None:
    mask = np.array([[0, 1, 7], [8, 254, 255]], np.uint8)
    write(tmp_path, "png", picture, [np.zeros((2, 3), np.uint8)], [mask])
    classes = [{"name": "none", "values": [0, 8]}, {"name": "some", "values": [1, 7]}]
    (pair,) = opened(tmp_path, classes=classes, ignore=[254, 255]).train
    assert_array_equal(pair.labels, [[0, 1, 1], [0, UNLABELLED, UNLABELLED]])


def test_instances_separate_objects_that_touch(tmp_path: Path) -> None:
    mask = np.ones((6, 20), np.uint8)
    mask[:, 9:11] = 0
    numbers = np.zeros((6, 20), np.uint16)
    numbers[:, :9], numbers[:, 11:] = 300, 7
    write(tmp_path, "png", picture, [mask], [mask])
    (tmp_path / "objects").mkdir()
    tifffile.imwrite(tmp_path / "objects" / "0.tif", numbers)
    (pair,) = opened(tmp_path, dataset=FOLDERS | {"instances": "objects"}).train
    assert_array_equal(instances_of(pair), numbers)
    weight = BoundaryWeight(w0=10, sigma=5)(pair)
    assert_allclose(weight[0, 9:11], 1 + 10 * np.exp(-(3**2) / 50), rtol=1e-6)  # 1 and 2 pixels from the two objects
    assert_array_equal(weight[:, :9], 1)


# --- splits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    """Three slices of each of eight patients."""
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        for patient in range(8):
            for number in range(3):
                picture(tmp_path / kind / f"p{patient}_{number}.png", np.eye(4, dtype=np.uint8))
    return tmp_path


def divided(splits: Splits) -> list[list[str]]:
    """Returns the names of the three parts."""
    return [list(part.names) for part in (splits.train, splits.validation, splits.test)]


def test_a_split_at_random_is_whole_and_the_same_for_a_seed(patients: Path) -> None:
    parts = divided(opened(patients, split={"type": "ratio", "validation": 0.25, "test": 2}))
    assert [len(part) for part in parts] == [16, 6, 2]
    assert sorted(sum(parts, [])) == sorted(path.stem for path in (patients / "images").iterdir())
    assert parts == divided(opened(patients, split={"type": "ratio", "validation": 0.25, "test": 2}))
    assert parts != divided(opened(patients, split={"type": "ratio", "validation": 0.25, "test": 2, "seed": 1}))


def test_slices_of_one_patient_stay_together(patients: Path) -> None:
    parts = divided(opened(patients, split={"type": "group", "by": "{group}_*", "validation": 0.25, "test": 1}))
    assert [len(part) for part in parts] == [15, 6, 3]
    groups = [{name.split("_")[0] for name in part} for part in parts]
    assert [len(one) for one in groups] == [5, 2, 1]
    assert len(set.union(*groups)) == 8


def test_a_gap_keeps_neighbours_apart(patients: Path) -> None:
    train, validation, test = divided(opened(patients, split={"type": "block", "validation": 3, "test": 3, "gap": 3}))
    assert (train[-1], validation, test) == ("p3_2", ["p5_0", "p5_1", "p5_2"], ["p7_0", "p7_1", "p7_2"])


def test_a_table_divides(patients: Path) -> None:
    (patients / "parts.csv").write_text("name,split\np3_0,test\np1_1,train\np0_0,val\n")
    parts = divided(opened(patients, split={"type": "file", "file": "parts.csv"}))
    assert parts == [["p1_1"], ["p0_0"], ["p3_0"]]


# --- normalization --------------------------------------------------------------------------------------------------


def normalised(folder: Path, **keys: Any) -> list[NDArray[np.float32]]:
    """Returns the images as a network is given them."""
    said = {"dataset": FOLDERS, "normalization": keys}
    data = load_data({"unetkit": 1, "split": {"type": "block", "test": 0}, "channels": 3, **said}, folder=folder)
    pairs = open_data(data).train
    return [normalization_of(data, pairs).apply(pair.image) for pair in pairs]


@pytest.fixture
def coloured(tmp_path: Path) -> tuple[Path, NDArray[np.float64]]:
    """A folder of colour images, and these as (image, channel, y, x)."""
    pixels = np.random.default_rng(4).integers(0, 256, (3, 40, 30, 3), np.uint8)
    pixels[1] //= 3
    write(tmp_path, "png", picture, list(pixels), [np.zeros((40, 30), np.uint8)] * 3)
    return tmp_path, np.moveaxis(pixels, -1, 1).astype(np.float64)


def test_normalization_by_data_set_image_percentile_and_not_at_all(
    coloured: tuple[Path, NDArray[np.float64]],
) -> None:
    folder, pixels = coloured
    found = np.stack(normalised(folder, type="dataset"))
    assert_allclose(found.mean((0, 2, 3)), 0, atol=1e-5)
    assert_allclose(found.std((0, 2, 3)), 1, atol=1e-5)
    found = np.stack(normalised(folder, type="dataset", mean=[10, 20, 30], std=[1, 2, 4]))
    assert_allclose(found[:, 2], (pixels[:, 2] - 30) / 4, rtol=1e-6)
    found = np.stack(normalised(folder, type="image"))
    assert_allclose(found.mean((2, 3)), 0, atol=1e-5)
    assert_allclose(found.std((2, 3)), 1, atol=1e-5)
    found = np.stack(normalised(folder, type="percentile", low=2, high=95))
    low, high = np.percentile(pixels, [2, 95], (2, 3), method="inverted_cdf", keepdims=True)
    assert_allclose(found, ((pixels - low) / (high - low)).clip(0, 1), atol=1e-3)
    assert_array_equal(np.stack(normalised(folder, type="none")), pixels)


@pytest.mark.parametrize("kind", ["image", "percentile"])
def test_a_patch_is_normalised_by_its_whole_image(kind: str, coloured: tuple[Path, NDArray[np.float64]]) -> None:
    folder, _ = coloured
    spec = load("unet-small", ["in_channels=3", "channels=[4,8]"])
    said = {"dataset": FOLDERS, "normalization": kind, "channels": 3}
    data = load_data({"unetkit": 1, "split": {"type": "block", "test": 2}, **said}, folder=folder)
    pairs = open_data(data).train
    whole = normalization_of(data, pairs).apply(pairs[0].image)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (3, 16, 16)).reshape(-1, 3, 16, 16)
    image, _ = Patches(pairs, normalization_of(data, pairs), plan(spec), PatchSettings((16, 16)))[0]
    assert (np.abs(windows - image.numpy()).max((1, 2, 3)) == 0).any()


# --- workers and cache ----------------------------------------------------------------------------------------------


def test_workers_make_the_same_patches(patients: Path) -> None:
    data = load_data({"unetkit": 1, "dataset": FOLDERS}, folder=patients)
    pairs = open_data(data).train
    patches = Patches(pairs, normalization_of(data, pairs), plan(load("unet-small")), PatchSettings((16, 16), count=7))
    alone, shared = (list(DataLoader(patches, batch_size=2, num_workers=count)) for count in (0, 2))
    assert len(alone) == 4
    for one, other in zip(alone, shared, strict=True):
        assert all(torch.equal(left, right) for left, right in zip(one, other, strict=True))


def test_a_run_with_workers_and_without_a_cache_is_the_same_run(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    write(
        tmp_path, "npy", np.save,
        [random.normal(size=(20, 20)) for _ in range(4)], [random.integers(0, 2, (20, 20)) for _ in range(4)],
    )  # fmt: skip
    said = {
        "unetkit": 1,
        "spec": {"extends": "unet-same", "name": "tiny", "channels": [4, 8]},
        "data": {"dataset": {"type": "folders", "images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}},
        "training": {"steps": 3, "batch": 2, "patch": 16, "log_every": 1, "logger": []},
    }
    one = trained(said, tmp_path / "one")
    other = trained(said, tmp_path / "other", "data.workers=1", "data.cache=false")
    assert (tmp_path / "one/log.csv").read_text() == (tmp_path / "other/log.csv").read_text()
    assert one.means() == other.means()


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_counts_and_draws(patients: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(patients)
    picture(Path("masks/p7_2.png"), np.array([[0, 0, 0, 9], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], np.uint8))
    Path("data.yaml").write_text(
        "unetkit: 1\nname: slices\ndataset: {type: folders, images: images, masks: masks}\n"
        'classes: [none, {name: cell, colour: "#ff0000"}]\nignore: 9\n'
        "split: {type: group, by: '{group}_*', test: 2}\n"
    )
    found = answer("data", "data.yaml", "-o", "sheet.png", "--images", "5")
    assert (found["name"], found["valid"], found["pairs"]) == ("slices", True, 24)
    assert found["sizes"] == {"least": [4, 4], "most": [4, 4]}
    assert found["splits"] == {"train": 18, "validation": 0, "test": 6}
    none, cell = found["classes"]
    assert (cell["name"], cell["colour"], cell["images"]) == ("cell", "#ff0000", 24)
    for part in ("train", "test"):
        assert none["shares"][part] + cell["shares"][part] == pytest.approx(1)
    assert sum(share or 0 for share in found["unlabelled"].values()) in (pytest.approx(1 / 288), pytest.approx(1 / 96))
    with Image.open("sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert len(np.unique(np.asarray(sheet))) > 2
    told = run("data", "data.yaml").stdout
    assert "24: 18 train, 0 validation, 6 test" in " ".join(told.split())
    assert "ignored" in told
    Path("masks/p0_0.png").unlink()
    assert json.loads(run("data", "data.yaml", "--json", code=1).stdout)["valid"] is False


def test_a_stack_is_decoded_once_for_all_of_its_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    images = [random.integers(0, 255, (6, 7, 9)).astype(np.int16) for _ in range(2)]
    masks = [random.integers(0, 2, (6, 7, 9)).astype(np.uint8) for _ in range(2)]
    write(tmp_path, "nii.gz", volume, images, masks)
    decoded: list[object] = []
    whole = LazyArray.__getitem__

    def counting(self: LazyArray, part: Any) -> Any:
        decoded.extend([self] * (not self.decoded))
        return whole(self, part)

    monkeypatch.setattr(LazyArray, "__getitem__", counting)
    pairs = opened(tmp_path).train
    assert len(pairs) == 18
    assert len({id(one) for one in decoded}) == 4  # threads that wait for one decoding are counted once
    assert_array_equal(
        np.stack([pair.image[0] for pair in pairs]), np.concatenate([np.moveaxis(i, 2, 0) for i in images])
    )


def test_images_stay_in_their_type_and_are_digested_by_their_numbers(tmp_path: Path) -> None:
    image, mask = np.random.default_rng(5).integers(0, 200, (6, 9)), np.eye(6, 9, dtype=np.uint8)
    types = ["uint8", "uint16", "int16", "float16", "float32", "bool", "uint32", "int64", "float64"]
    kept = ["uint8", "uint16", "int16", "float16", "float32", "uint8", "float32", "float32", "float32"]
    write(tmp_path, "npy", np.save, [image.astype(one) for one in types], [mask] * len(types))
    pairs = opened(tmp_path).train
    assert [str(pair.image.dtype) for pair in pairs] == kept
    assert pairs[0].digests == pairs[1].digests
    assert len({pair.digests.labels for pair in pairs}) == 1
    network = normalization_of(load_data(str(tmp_path)), pairs)
    for pair, one in zip(pairs, types, strict=True):
        assert_array_equal(pair.image[0], image.astype(one))
        assert network.apply(pair.image).dtype == np.float32


@pytest.mark.parametrize(("value", "dtype"), [(2**24 + 1, "uint32"), (-(2**53) - 1, "int64"), (2**64 - 1, "uint64")])
def test_integers_that_float32_does_not_hold_are_refused_in_images_not_in_masks(
    value: int, dtype: str, tmp_path: Path
) -> None:
    image = np.full((4, 4), value, dtype)
    write(tmp_path, "npy", np.save, [image], [np.eye(4, dtype=np.uint8)])
    with pytest.raises(FileError, match=r"error\[image-range\]: the image of 0 holds .*; networks compute in float32"):
        opened(tmp_path)
    classes = ["none", {"name": "one", "values": [value]}] if abs(value) < 2**31 else None
    write(tmp_path, "npy", np.save, [np.eye(4, dtype=np.uint8)], [np.where(np.eye(4), value, 0).astype(dtype)])
    if classes is not None:
        assert_array_equal(opened(tmp_path, classes=classes).train[0].labels, np.eye(4))


def test_equal_faults_of_many_files_are_one_line(tmp_path: Path) -> None:
    write(tmp_path, "npy", np.save, [np.zeros((4, 5), np.uint8)] * 5, [np.zeros((4, 6), np.uint8)] * 5)
    with pytest.raises(FileError) as caught:
        opened(tmp_path)
    assert str(caught.value).count("error[mask-size]") == 1
    assert "(and 4 more: " in str(caught.value)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ({"count": 5, "take": [-1]}, "channels.take.0: -1 is not a whole number from 0"),
        ({"count": 5, "take": [0.5]}, "channels.take.0: 0.5 is not a whole number from 0"),
        ({"count": 5, "take": []}, "channels.take: [] is too short"),
        ({"count": 5, "take": 2}, "channels.take: 2 is not a list of whole numbers from 0"),
        ({"count": 5}, "channels.take: the key 'take' is missing"),
        ({"count": 5, "take": [0], "skip": 1}, "channels.skip: there is no key 'skip' here"),
        ({"before": 0}, "channels.before: 0 is not a whole number from 1"),
        ({"before": "one"}, 'channels.before: "one" is not a whole number from 1'),
        ({}, "channels: {} is too short"),
        (0, "channels: 0 is not a whole number from 1, or a map"),
    ],
)
def test_only_what_is_wrong_inside_a_map_is_told(channels: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnetkitError) as caught:
        opened(tmp_path, channels=channels)
    assert len(caught.value.faults) == 1
    assert message in str(caught.value)
