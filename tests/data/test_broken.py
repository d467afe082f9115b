"""Broken data: each kind gives one clear message, names the file, and is no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support.commandline import run

DATA = """\
unetkit: 1
dataset: {type: folders, images: images, masks: masks}
classes: [nothing, cell]
split: {type: block, test: 1}
"""
NAMES = ("a", "b", "c")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    random = np.random.default_rng(0)
    for name in NAMES:
        save(tmp_path / "images" / f"{name}.png", random.integers(0, 256, (6, 8), np.uint8))
        save(tmp_path / "masks" / f"{name}.png", random.integers(0, 2, (6, 8), np.uint8))
    (tmp_path / "data.yaml").write_text(DATA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(file: Path, pixels: NDArray[Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(file)


def mask(value: int) -> Callable[[], None]:
    return lambda: save(Path("masks/b.png"), np.full((6, 8), value, np.uint8))


def yaml(old: str, new: str) -> Callable[[], None]:
    def write() -> None:
        Path("data.yaml").write_text(DATA.replace(old, new))

    return write


def both(*damage: Callable[[], None]) -> Callable[[], None]:
    def do() -> None:
        for one in damage:
            one()

    return do


def hidden() -> None:
    save(Path("empty/.hidden.png"), np.zeros((1, 1), np.uint8))


def split_file(text: str) -> Callable[[], None]:
    def write() -> None:
        Path("splits.json").write_text(text)
        yaml("{type: block, test: 1}", "{type: file, file: splits.json}")()

    return write


def array(file: str, values: NDArray[Any]) -> Callable[[], None]:
    def write() -> None:
        for old in Path(file).parent.glob(f"{Path(file).stem}.*"):
            old.unlink()
        np.save(file, values)

    return write


def cut_short() -> None:
    file = Path("images/b.png")
    file.write_bytes(file.read_bytes()[:60])


def cut_volume() -> None:
    for folder in ("images", "masks"):
        for name in NAMES:
            Path(folder, f"{name}.png").unlink()
            nibabel.save(
                nibabel.Nifti1Image(np.ones((5, 6, 7), np.uint8), np.eye(4)),  # type: ignore[no-untyped-call]
                Path(folder, f"{name}.nii.gz"),
            )
    file = Path("images/b.nii.gz")
    file.write_bytes(file.read_bytes()[:40])
    yaml("unetkit: 1", "unetkit: 1\ndims: 3")()


def pages() -> None:
    import tifffile

    Path("images/b.png").unlink()
    tifffile.imwrite("images/b.tif", np.zeros((2, 6, 8), np.uint8), photometric="minisblack")


BROKEN: dict[str, tuple[Callable[[], object], str]] = {
    "no image": (lambda: Path("images/b.png").unlink(), "error[no-partner]: dataset.images: no image for mask b"),
    "no mask": (lambda: Path("masks/b.png").unlink(), "error[no-partner]: dataset.masks: no mask for image b"),
    "no text but bytes": (
        lambda: Path("images/b.png").write_bytes(b"no image"),
        "error[no-image]: images/b.png cannot be read as an image",
    ),
    "empty file": (lambda: Path("masks/b.png").write_bytes(b""), "error[no-image]: masks/b.png cannot be read"),
    "cut short": (cut_short, "error[no-image]: images/b.png cannot be read as an image"),
    "volume cut short": (cut_volume, "error[no-image]: images/b.nii.gz cannot be read as an image"),
    "two images, one mask": (pages, "error[mask-count]: masks/b.png has 1 image, images/b.tif has 2"),
    "mask turned": (
        lambda: save(Path("masks/b.png"), np.zeros((8, 6), np.uint8)),
        "error[mask-size]: masks/b.png is 8×6, its image 6×8\n   One of them is rotated, or has its axes in",
    ),
    "sizes differ": (
        lambda: save(Path("masks/b.png"), np.zeros((6, 9), np.uint8)),
        "error[mask-size]: masks/b.png is 6×9, its image 6×8",
    ),
    "class out of range": (
        mask(7),
        "error[class-range]: masks/b.png holds 7, which is no class\n   Classes: 0",
    ),
    "mask in colour": (
        lambda: save(Path("masks/b.png"), np.full((6, 8, 3), (9, 0, 0), np.uint8)),
        "error[mask-colours]: masks/b.png is a colour image",
    ),
    "mask in fractions": (
        array("masks/b.npy", np.full((6, 8), 0.5)),
        "error[mask-numbers]: masks/b.npy holds numbers that are not whole",
    ),
    "mask all ignored": (
        both(mask(9), yaml("split", "ignore: 9\nsplit")),
        "error[mask-empty]: masks/b.png labels no pixel: all are ignored",
    ),
    "image not finite": (
        array("images/b.npy", np.full((6, 8), np.nan)),
        "error[image-values]: the image of b has 48 values that are not finite",
    ),
    "an object array": (
        array("images/b.npy", np.array([{}] * 2)),
        "error[image-type]: images/b.npy holds object, not numbers",
    ),
    "other channels": (
        array("images/b.npy", np.zeros((2, 3, 6, 8))),
        "error[axes]: images/b.npy (2×3×6×8) does not say what its axes are",
    ),
    "twice": (
        lambda: save(Path("images/b.bmp"), np.zeros((6, 8), np.uint8)),
        "error[twice]: images/b.bmp and images/b.png have the same name: b",
    ),
    "no folder": (
        yaml("images: images", "images: pictures"),
        "error[no-folder]: pictures does not exist\n   Paths begin at the folder of the data file.",
    ),
    "empty folder": (
        both(hidden, yaml("images: images", "images: empty")),
        "error[no-images]: empty has no images",
    ),
    "split of unknown names": (
        split_file(json.dumps({"train": ["a", "elsewhere"]})),
        "error[split-unknown]: splits.json names elsewhere, which do not exist",
    ),
    "split that overlaps": (
        split_file(json.dumps({"train": ["a", "b"], "test": ["b"]})),
        "error[split-twice]: splits.json names b more than once",
    ),
    "split that is no JSON": (split_file("[1"), "error[split-file]: splits.json cannot be read as a split"),
    "nothing left to train with": (
        yaml("test: 1", "test: 3"),
        "error[split-empty]: split: 0 for validation and 3 for test leave none of 3 for training",
    ),
    "unknown key": (
        yaml("split:", "splits:"),
        "data.yaml:4:1: error[unknown-key]: splits: there is no key 'splits' here",
    ),
    "unknown dataset": (
        yaml("type: folders", "type: folder"),
        "data.yaml:2:17: error[unknown-dataset]: dataset.type: no dataset is called 'folder'",
    ),
    "unknown split": (
        yaml("type: block", "type: blocks"),
        "data.yaml:4:15: error[unknown-split]: split.type: no split is called 'blocks'\n",
    ),
    "setting without effect": (
        yaml("split:", "normalization: {type: image, low: 1}\nsplit:"),
        "data.yaml:4:30: error[unknown-key]: normalization.low: there is no key 'low' here",
    ),
    "one class twice": (
        yaml("[nothing, cell]", "[nothing, {name: cell, values: [0, 1]}]"),
        "data.yaml:3:20: error[class-twice]: classes.1: value 0 of 'cell' already belongs to 'nothing'",
    ),
    "no such channel": (
        yaml("split:", "channels: {count: 3, take: [0, 3]}\nsplit:"),
        "data.yaml:4:32: error[unknown-channel]: channels.take.1: there is no channel 3, there are 0 to 2",
    ),
    "no version": (yaml("unetkit: 1", "name: mine"), "data.yaml:1:1: error[missing-key]: unetkit: the key 'unetkit'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_data_give_one_clear_message(kind: str, folder: Path) -> None:
    damage, message = BROKEN[kind]
    damage()
    error = run("data", "data.yaml", code=1).stderr
    assert error.startswith(message)
    assert error.count("error[") == 1
    assert "Traceback" not in error


def test_all_bad_files_are_named_at_once(folder: Path) -> None:
    mask(7)()
    Path("images/a.png").write_bytes(b"no image")
    Path("masks/c.png").write_bytes(b"")
    save(Path("images/d.png"), np.zeros((6, 8), np.uint8))
    split_file('{"train": ["a", "e"]}')()
    error = run("data", "data.yaml", code=1).stderr
    told = [line for line in error.splitlines() if line.startswith("error")]
    assert len(told) == 5
    for line, part in zip(
        told, ("names e", "no mask for image d", "images/a.png", "masks/b.png", "masks/c.png"), strict=True
    ):
        assert part in line


def test_data_without_a_fault_give_none(folder: Path) -> None:
    assert "3: 2 train, 0 validation, 1 test" in run("data", "data.yaml").stdout
