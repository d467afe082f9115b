"""Spacing and origin of every kind of file: masks held to images, distances of scores, images resampled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import unetkit
from tests.imagefiles.test_orientation import data, fault, save
from tests.support.commandline import answer, run
from unetkit.data import Normalization, Preprocessing
from unetkit.scoring import score_model
from unetkit.trained import Trained

Y, X = 0.5, 0.25
Writer = Callable[..., None]


def ome(file: Path, array: NDArray[Any], step: float = X, origin: float = 0) -> None:
    sizes = {"PhysicalSizeX": step, "PhysicalSizeY": Y, "PhysicalSizeZ": 2.0}
    units = {f"{key}Unit": "mm" for key in sizes}
    tifffile.imwrite(file, array, ome=True, metadata={"axes": "ZYX"[-array.ndim :], **sizes, **units})


def imagej(file: Path, array: NDArray[Any], step: float = X, origin: float = 0) -> None:
    about = {"unit": "mm", "axes": "ZYX"[-array.ndim :]} | ({"spacing": 2.0} if array.ndim == 3 else {})
    tifffile.imwrite(file, array, imagej=True, resolution=(1 / step, 1 / Y), metadata=about)


def tags(file: Path, array: NDArray[Any], step: float = X, origin: float = 0) -> None:
    tifffile.imwrite(file, array, resolution=(10 / step, 10 / Y), resolutionunit=3, photometric="minisblack")


def geotiff(file: Path, array: NDArray[Any], step: float = X, origin: float = 0) -> None:
    keys = (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32632)
    geo = [
        (33550, "d", 3, (step, Y, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, 600000.0 + origin, 5200000.0, 0.0), True),
        (34735, "H", len(keys), keys, True),
    ]
    tifffile.imwrite(file, array, photometric="minisblack", extratags=geo, metadata=None)


def ome_zarr(file: Path, array: NDArray[Any], step: float = X, origin: float = 0, down: float = Y) -> None:
    group = zarr.create_group(file)
    group.create_array("0", shape=array.shape, dtype=array.dtype)[:] = array
    scale: list[dict[str, Any]] = [{"type": "scale", "scale": [2.0, down, step][-array.ndim :]}]
    scale += [{"type": "translation", "translation": [0.0, 0.0, origin][-array.ndim :]}]
    axes = [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"[-array.ndim :]]
    level: dict[str, Any] = {"path": "0", "coordinateTransformations": scale}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": [level]}]}


def nifti(file: Path, array: NDArray[Any], step: float = X, origin: float = 0) -> None:
    """Rows of the array become the first axis."""
    affine = np.diag([Y, step, 2.0, 1.0])
    affine[1, 3] = origin
    save(file, array if array.ndim == 2 else array.transpose(1, 2, 0), affine)


KINDS: dict[str, tuple[Writer, str]] = {
    "ome": (ome, "ome.tif"),
    "imagej": (imagej, "tif"),
    "tags": (tags, "tif"),
    "geotiff": (geotiff, "tif"),
    "ome-zarr": (ome_zarr, "zarr"),
    "nifti": (nifti, "nii"),
}
FLAT = np.random.default_rng(0).integers(0, 200, (20, 30)).astype(np.uint8)
DEEP = np.random.default_rng(0).integers(0, 200, (6, 8, 10)).astype(np.uint8)


def write(folder: Path, kind: str, array: NDArray[Any], **mask: float) -> None:
    """Writes one pair of a kind; `mask` says how the file of the mask differs."""
    save_as, ending = KINDS[kind]
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True)
    save_as(folder / "images" / f"a.{ending}", array)
    save_as(folder / "masks" / f"a.{ending}", (array > 100).astype(np.uint8), **mask)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_of_the_same_grid_is_taken_with_the_spacing_that_both_say(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, FLAT)
    pair = data(tmp_path, 2).train[0]
    assert_array_equal(pair.labels, pair.image[0] > 100)
    assert (pair.spacing, pair.unit) == ((Y, X), "m" if kind == "geotiff" else "mm")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_of_another_spacing_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, FLAT, step=0.5)
    told = fault(tmp_path, dims=2)
    assert "0.5×0.5" in told and "0.5×0.25" in told


@pytest.mark.parametrize("kind", ["geotiff", "ome-zarr", "nifti"])
def test_a_mask_of_another_origin_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, FLAT, origin=40.0)
    assert "origin" in fault(tmp_path, dims=2)


def test_a_mask_whose_scale_nobody_set_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "ome-zarr", FLAT, step=1.0, down=1.0)
    assert "1×1 mm" in fault(tmp_path, dims=2)
    file = tmp_path / "masks" / "a.zarr" / "zarr.json"
    said = json.loads(file.read_text())
    for axis in said["attributes"]["ome"]["multiscales"][0]["axes"]:
        del axis["unit"]
    file.write_text(json.dumps(said))
    pair = data(tmp_path, 2).train[0]
    assert_array_equal(pair.labels, pair.image[0] > 100)


def test_a_map_that_is_stored_from_south_to_north_is_turned_onto_its_image(tmp_path: Path) -> None:
    write(tmp_path, "geotiff", FLAT)
    matrix = (X, 0.0, 0.0, 600000.0, 0.0, Y, 0.0, 5200000.0 - (len(FLAT) - 1) * Y, *(0.0,) * 7, 1.0)
    mask = np.ascontiguousarray(FLAT[::-1] > 100).astype(np.uint8)
    tags = [(34264, "d", 16, matrix, True)]
    tifffile.imwrite(tmp_path / "masks" / "a.tif", mask, photometric="minisblack", extratags=tags, metadata=None)
    pair = data(tmp_path, 2).train[0]
    assert_array_equal(pair.labels, pair.image[0] > 100)
    assert pair.notes


@pytest.mark.parametrize("kind", ["imagej", "tags", "geotiff", "ome-zarr"])
def test_a_mask_that_says_nothing_is_taken(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, FLAT)
    for file in (tmp_path / "masks").iterdir():
        file.rename(tmp_path / file.name)
    tifffile.imwrite(tmp_path / "masks" / "a.tif", (FLAT > 100).astype(np.uint8))
    pair = data(tmp_path, 2).train[0]
    assert_array_equal(pair.labels, pair.image[0] > 100)


@pytest.mark.parametrize("kind", ["ome", "imagej", "ome-zarr", "nifti"])
def test_a_volume_has_its_spacing_in_the_order_of_its_axes_and_so_have_its_slices(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, DEEP)
    (volume,) = data(tmp_path, 3).train
    assert volume.spacing is not None
    assert dict(zip(volume.spacing, volume.size, strict=True)) == {2.0: 6, Y: 8, X: 10}
    slices = data(tmp_path, 2).train
    assert len(slices) == 6
    assert {(pair.spacing, pair.size) for pair in slices} == {((Y, X), (8, 10))}


@pytest.mark.parametrize("kind", KINDS)
def test_surface_distances_count_in_the_spacing_of_the_file(tmp_path: Path, kind: str) -> None:
    square = np.zeros((20, 30), np.uint8)
    square[5:15, 10:20] = 150
    write(tmp_path, kind, square)
    pairs = data(tmp_path, 2).train
    model = unetkit.build(
        {"unetkit": 1, "dims": 2, "in_channels": 1, "out_channels": 2, "channels": [2, 2], "odd_sizes": "pad"}, seed=0
    )
    for weight in model.parameters():
        weight.data.zero_()  # all is class 0
    scores = score_model(model, pairs, Preprocessing(Normalization("none")), metrics=("hd95",))
    assert scores.table("hd95")[0, 1] == pytest.approx(np.hypot(19 * Y, 29 * X))  # the diagonal: class 1 is not found


@pytest.mark.parametrize(("kind", "unit"), [("ome", "mm"), ("geotiff", "m"), ("none", "samples")])
def test_evaluate_says_what_distances_count_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, unit: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if kind == "none":
        for part, array in (("images", FLAT), ("masks", (FLAT > 100).astype(np.uint8))):
            (tmp_path / part).mkdir()
            tifffile.imwrite(tmp_path / part / "a.tif", array)
    else:
        write(tmp_path, kind, FLAT)
    values = {"unetkit": 1, "dims": 2, "in_channels": 1, "out_channels": 2, "channels": [2, 2], "odd_sizes": "pad"}
    model = unetkit.build(values, seed=0).eval()
    Trained(model, Normalization("image"), ("a", "b")).save("m.safetensors")
    found = answer("evaluate", "m.safetensors", ".", "--split", "train", "--metric", "hd95", "--metric", "dice")
    assert found["metrics"]["hd95"]["unit"] == unit and "unit" not in found["metrics"]["dice"]
    told = run("evaluate", "m.safetensors", ".", "--split", "train").stdout
    assert f"distances in {unit}" in told
    told = run("evaluate", "m.safetensors", ".", "--split", "train", "--spacing", "2").stdout
    assert "distances in the unit of the given spacing" in told


def test_images_that_count_in_different_things_have_no_mean_distance(tmp_path: Path) -> None:
    write(tmp_path, "ome", FLAT)
    tifffile.imwrite(tmp_path / "images" / "b.tif", FLAT)
    tifffile.imwrite(tmp_path / "masks" / "b.tif", (FLAT > 100).astype(np.uint8))
    model = unetkit.build({"unetkit": 1, "dims": 2, "in_channels": 1, "out_channels": 2, "channels": [2, 2]}, seed=0)
    pairs, preprocessing = data(tmp_path, 2).train, Preprocessing(Normalization("image"))
    with pytest.raises(unetkit.UnetkitError, match=r"those of .* are in mm, b in samples"):
        score_model(model, pairs, preprocessing, metrics=("hd95",))
    assert score_model(model, pairs, preprocessing, metrics=("dice",)).rows
    assert score_model(model, pairs, preprocessing, metrics=("hd95",), spacing=(1.0, 1.0)).rows


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_resampled_by_the_spacing_that_it_says(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, FLAT)
    pair = data(tmp_path, 2, spacing=[1.0, 1.0]).train[0]
    seen = Preprocessing(Normalization("none"), "", (1.0, 1.0)).pair(pair)
    assert seen.size == (10, 8)  # 30 samples of 0.25 are 7.5
    assert seen.spacing == (1.0, 0.9375)
