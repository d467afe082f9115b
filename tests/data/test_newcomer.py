"""A folder alone, without a data file: each first try trains, or says the lines that make it train."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
import yaml
from numpy.typing import NDArray
from PIL import Image

from tests.support.commandline import answer, run
from unetkit.data import load_data
from unetkit.errors import UnetkitError
from unetkit.train import quick_run

Pixels = NDArray[Any]
RAS, LPS = np.diag([1.0, 1.0, 2.0, 1.0]), np.diag([-1.0, -1.0, 2.0, 1.0])
SMALL = ("--set", "channels=[2, 4]", "--set", "training.batch=2", "--set", "training.patch=16",
         "--set", "training.logger=[]", "--accelerator", "cpu", "--threads", "1")  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def grey(seed: int) -> tuple[Pixels, Pixels]:
    """Returns an image of bright discs in noise, and the numbers of the discs."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((40, 32))
    objects = np.zeros((40, 32), np.uint8)
    for number, (y, x) in enumerate([(8, 8), (8, 24), (26, 8), (26, 24), (34, 16)][: 2 + seed % 4], 1):
        objects[(rows - y) ** 2 + (columns - x) ** 2 < 16] = number
    return (60 + 90 * (objects > 0) + random.normal(0, 10, objects.shape)).astype(np.uint8), objects


def put(file: str, pixels: Pixels, **options: Any) -> None:
    path = Path("d") / file
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".npy":
            np.save(path, pixels)
        case ".tif":
            tifffile.imwrite(path, pixels, **options)
        case ".gz":
            nibabel.Nifti1Image(pixels, **options).to_filename(path)  # type: ignore[no-untyped-call]
        case _:
            Image.fromarray(pixels).save(path, **options)


def colour_photographs() -> None:
    for index in range(4):
        image, objects = grey(index)
        put(f"images/p{index}.jpg", np.stack([image, image // 2, image // 3], -1))
        put(f"masks/p{index}_mask.png", ((objects > 0) * 255).astype(np.uint8))


def masks_beside() -> None:
    for index in range(4):
        image, objects = grey(index)
        put(f"p{index}.png", np.stack([image] * 3, -1))
        put(f"p{index}_mask.png", ((objects > 0) * 255).astype(np.uint8))


def jpeg_masks() -> None:
    for index in range(4):
        image, objects = grey(index)
        put(f"images/p{index}.png", image)
        put(f"masks/p{index}.jpg", ((objects > 0) * 255).astype(np.uint8), quality=90)


def colour_masks() -> None:
    for index in range(4):
        image, objects = grey(index)
        put(f"images/p{index}.png", image)
        put(f"masks/p{index}.png", np.array([(0, 0, 0), (200, 0, 0), (0, 0, 200)], np.uint8)[objects % 3])


def scene_of_pages() -> None:
    for index in range(3):
        image, objects = grey(index)
        put(f"images/s{index}.tif", np.stack([image] * 5).astype(np.uint16), photometric="minisblack")
        put(f"masks/s{index}.tif", (objects > 0).astype(np.uint8))


def scene_with_bands_last() -> None:
    for index in range(3):
        image, objects = grey(index)
        put(f"images/s{index}.npy", np.stack([image] * 5, -1).astype(np.float32))
        put(f"masks/s{index}.npy", (objects > 0).astype(np.uint8))


def scene_of_pages_that_are_rows() -> None:
    for index in range(3):
        image, objects = grey(index)
        put(f"images/s{index}.tif", np.stack([image] * 5, -1), photometric="minisblack")
        put(f"masks/s{index}.png", (objects > 0).astype(np.uint8))


def volumes_with_masks_in_lps() -> None:
    for index in range(3):
        slices = [grey(10 * index + at) for at in range(16)]
        put(f"imagesTr/v{index}_0000.nii.gz", np.stack([one for one, _ in slices], -1), affine=RAS)
        mask = np.stack([(one > 0).astype(np.uint8) for _, one in slices], -1)
        put(f"labelsTr/v{index}.nii.gz", mask[::-1, ::-1], affine=LPS @ moved(mask.shape))


def two_modalities() -> None:
    volumes_with_masks_in_lps()
    for index in range(3):
        slices = [grey(10 * index + at)[0] // 2 for at in range(16)]
        put(f"imagesTr/v{index}_0001.nii.gz", np.stack(slices, -1), affine=RAS)


def moved(size: tuple[int, ...]) -> Pixels:
    """Returns what keeps each sample in its place where two axes are turned round."""
    shift = np.eye(4)
    shift[:2, 3] = [1 - n for n in size[:2]]
    return shift


def parts() -> None:
    for part in ("train", "val"):
        for index in range(3):
            image, objects = grey(index)
            put(f"{part}/images/p{index}.png", image)
            put(f"{part}/masks/p{index}.png", (objects > 0).astype(np.uint8))


def parts_inside() -> None:
    for part in ("training", "validation", "test"):
        for index in range(2):
            image, objects = grey(index)
            put(f"imgs/{part}/p{index}.png", image)
            put(f"Labels/{part}/p{index}_label.png", (objects > 0).astype(np.uint8))


TRIES: dict[str, tuple[Callable[[], None], str, tuple[int, int]]] = {
    "colour photographs": (colour_photographs, "unet-same", (3, 2)),
    "masks beside the photographs": (masks_beside, "unet-same", (3, 2)),
    "JPEG masks": (jpeg_masks, "unet-same", (1, 2)),
    "colour masks": (colour_masks, "unet-same", (1, 3)),
    "pages that are bands": (scene_of_pages, "unet-same", (5, 2)),
    "bands last": (scene_with_bands_last, "unet-same", (5, 2)),
    "pages that are rows": (scene_of_pages_that_are_rows, "unet-same", (5, 2)),
    "slices of volumes": (volumes_with_masks_in_lps, "unet-same", (1, 2)),
    "slices of two modalities": (two_modalities, "unet-same", (2, 2)),
    "volumes": (volumes_with_masks_in_lps, "unet-3d", (1, 2)),
    "parts": (parts, "unet-same", (1, 2)),
    "parts inside": (parts_inside, "unet-same", (1, 2)),
}


@pytest.mark.parametrize("kind", TRIES)
def test_the_first_try_trains_and_says_what_was_taken(kind: str) -> None:
    make, spec, (channels, classes) = TRIES[kind]
    make()
    small = tuple(one.replace("patch=16", "patch=8") if spec == "unet-3d" else one for one in SMALL)
    told = run("train", spec, "d", "--steps", "1", "-o", "runs/first", *small)
    result = json.loads(Path("runs/first/result.json").read_text())
    assert result["run"]["spec"]["in_channels"] == channels
    assert len(result["classes"]) == classes
    assert f"channels: {channels}" in told.stderr
    if channels != 1:
        assert f"in_channels={channels}" in told.stderr
    scores = run("evaluate", "runs/first/best.safetensors", "d", "--split", "train")
    assert f"channels: {channels}" in scores.stderr
    assert "Dice" in scores.stdout


def test_masks_that_lie_the_other_way_round_are_turned() -> None:
    volumes_with_masks_in_lps()
    found = answer("data", "d", "--set", "dims=3")
    assert (found["pairs"], found["valid"]) == (3, True)
    from unetkit.data import open_data

    for pair in open_data(load_data("d", dims=3)).train:
        assert pair.image[0][pair.labels == 1].mean() > pair.image[0][pair.labels == 0].mean() + 50


def test_a_stack_of_pages_with_numbered_objects_says_the_lines() -> None:
    for index in range(2):
        pages = [grey(10 * index + at) for at in range(4)]
        put(f"images/s{index}.tif", np.stack([one for one, _ in pages]), photometric="minisblack")
        put(f"masks/s{index}.tif", np.stack([one for _, one in pages]), photometric="minisblack")
    told = run("train", "unet-same", "d", "--steps", "1", "-o", "runs/first", *SMALL, code=1).stderr
    assert not Path("runs").exists()
    assert "error[mask-instances]" in told
    lines = [line.removeprefix("   ") for line in told.splitlines()]
    begin = lines.index("unetkit: 1")
    Path("d/data.yaml").write_text("\n".join(lines[begin : begin + 4]) + "\n")
    assert "instances" in yaml.safe_load(Path("d/data.yaml").read_text())["dataset"]
    loss = ("--set", "training.loss=boundary_ce")
    run("train", "unet-same", "d/data.yaml", "--steps", "1", "-o", "runs/second", *SMALL, *loss)


def test_a_spec_that_says_other_channels_is_refused_with_the_cure_that_keeps_the_colours() -> None:
    colour_photographs()
    Path("mine.yaml").write_text("unetkit: 1\ndims: 2\nin_channels: 1\nout_channels: 2\nchannels: [2, 4]\n")
    told = run("train", "mine.yaml", "d", "--steps", "1", *SMALL, code=1).stderr
    cure = told.splitlines()[1].strip()
    assert cure.startswith("Set in_channels=3 to use all")
    quick_run("mine.yaml", "d", {"steps": 1}, ["in_channels=3"])
    quick_run("mine.yaml", "d", {"steps": 1}, [], ["data.channels={count: 3, take: [0]}"])
    Path("mine.yaml").write_text("unetkit: 1\nextends: unet-same\nchannels: [2, 4]\n")
    assert quick_run("mine.yaml", "d", {"steps": 1}).spec.in_channels == 3
    with pytest.raises(UnetkitError, match="in-channels"):
        quick_run("mine.yaml", "d", {"steps": 1}, ["in_channels=1"])


def test_a_spec_that_cannot_be_planned_is_told_by_its_own_file() -> None:
    colour_photographs()
    Path("mine.yaml").write_text(
        "unetkit: 1\ndims: 2\nin_channels: 3\nout_channels: 2\nchannels: [2, 4]\nnorm: group\n"
    )
    assert run("train", "mine.yaml", "d", "--steps", "1", code=1).stderr.startswith("mine.yaml:")


def test_a_spec_that_says_other_classes_is_refused() -> None:
    colour_masks()
    Path("mine.yaml").write_text("unetkit: 1\ndims: 2\nin_channels: 1\nout_channels: 2\nchannels: [2, 4]\n")
    told = run("train", "mine.yaml", "d", "--steps", "1", *SMALL, code=1).stderr
    assert "Set out_channels=3." in told
    assert quick_run("mine.yaml", "d", {"steps": 1}, ["out_channels=3"]).spec.out_channels == 3


def test_grey_among_colour_photographs_is_read_as_colour() -> None:
    colour_photographs()
    put("images/p9.png", grey(9)[0])
    put("masks/p9_mask.png", ((grey(9)[1] > 0) * 255).astype(np.uint8))
    assert load_data("d").channels == 3
    assert answer("data", "d")["valid"]


def test_images_of_different_channels_are_told() -> None:
    scene_with_bands_last()
    put("images/s9.npy", grey(9)[0])
    put("masks/s9.npy", (grey(9)[1] > 0).astype(np.uint8))
    with pytest.raises(UnetkitError, match=r"1 with 1 channel, as d/images/s9.npy; 3 with 5 channels") as error:
        load_data("d")
    assert error.value.faults[0].code == "channels"


def test_what_the_user_says_is_not_taken_from_the_files() -> None:
    colour_photographs()
    data = load_data("d", ["channels={count: 3, take: [1]}", "classes=[sky, {name: bird, values: [255]}]"])
    assert data.channels == 1
    assert [one.name for one in data.classes] == ["sky", "bird"]


def test_a_folder_without_images_and_masks_says_what_to_do() -> None:
    put("pictures of cells/p0.png", grey(0)[0])
    told = run("data", "d", code=1).stderr
    assert "error[no-folder]: d has no folders of images and masks, but pictures of cells/" in told


def test_a_run_and_a_study_take_a_folder_too() -> None:
    colour_photographs()
    spec = {"extends": "unet-same", "in_channels": 3, "channels": [2, 4]}
    Path("run.yaml").write_text(json.dumps({"unetkit": 1, "spec": spec, "data": "d", "training": {"steps": 1}}))
    run("validate", "run.yaml")
    study = {"unetkit": 1, "base": spec, "data": "d", "axes": {"skip": ["none", "add"]}, "seeds": 1}
    Path("study.yaml").write_text(json.dumps(study | {"budget": {"steps": 1}}))
    run("study", "plan", "study.yaml")


def test_a_study_whose_network_takes_other_channels_is_refused_when_it_is_planned() -> None:
    colour_photographs()
    base = {"extends": "unet-same", "channels": [2, 4]}
    study = {"unetkit": 1, "base": base, "data": "d", "axes": {"skip": ["none", "add"]}, "seeds": 1}
    Path("study.yaml").write_text(json.dumps(study | {"budget": {"steps": 1}}))
    told = run("study", "plan", "study.yaml", code=1).stderr
    assert "error[in-channels]" in told
    assert "Write in_channels: 3 in the base." in told


def test_what_lies_beside_is_told() -> None:
    volumes_with_masks_in_lps()
    put("imagesTs/v9_0000.nii.gz", np.zeros((4, 4, 4), np.uint8), affine=RAS)
    Path("d/dataset.json").write_text("{}")
    assert "note: not read: dataset.json, imagesTs/" in load_data("d").inferred
