"""Masks are seen for what they are, and the lines that are offered cure: each is written, and the data load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from tests.support.commandline import run
from unetkit.data import load_data, open_data
from unetkit.data.labels.classes import as_integers
from unetkit.data.opening import check_data
from unetkit.data.pairs import UNLABELLED
from unetkit.errors import Fault, UnetkitError

Mask = NDArray[Any]
SIZE = 48


def discs(seed: int, count: int = 3) -> Mask:
    """Returns an image of numbered discs that do not touch; 0 lies between them."""
    rows, columns = np.indices((SIZE, SIZE))
    centres = np.random.default_rng(seed).permutation(9)[:count]
    mask = np.zeros((SIZE, SIZE), np.int64)
    for number, at in enumerate(centres, 1):
        y, x = 8 + 16 * (at // 3), 8 + 16 * (at % 3)
        mask[(rows - y) ** 2 + (columns - x) ** 2 < 30] = number
    return mask


def binary(seed: int) -> Mask:
    return np.minimum(discs(seed, 4), 1)


def three(seed: int) -> Mask:
    """Classes 0, 1 and 2, of which one is in several pieces."""
    return np.array([0, 1, 2, 1, 2])[discs(seed, 4)]


def colours(mask: Mask, table: list[tuple[int, int, int]]) -> Mask:
    return np.array(table, np.uint8)[mask]


MASKS: dict[str, tuple[str, Callable[[int], Mask], Callable[[int], Mask], str]] = {
    "0 and 255": ("png", lambda n: binary(n) * 255, binary, "mask-gaps"),
    "0 and 128": ("png", lambda n: binary(n) * 128, binary, "mask-gaps"),
    "0 and 65535": ("npy", lambda n: (binary(n) * 65535).astype(np.uint16), binary, "mask-gaps"),
    "0 and 100,000": ("npy", lambda n: binary(n) * 100_000, binary, "mask-gaps"),
    "1 and 2": ("png", lambda n: binary(n) + 1, binary, "mask-gaps"),
    "255 where there is no object": ("png", lambda n: 255 - binary(n) * 255, lambda n: 1 - binary(n), "mask-gaps"),
    "a gap": ("png", lambda n: np.array([0, 1, 4])[three(n)], three, "mask-gaps"),
    "floats": ("npy", lambda n: binary(n) * 255.0, binary, "mask-gaps"),
    "JPEG": ("jpg", lambda n: binary(n) * 255, binary, "mask-levels"),
    "JPEG of three levels": ("jpg", lambda n: np.array([0, 120, 255])[three(n)], three, "mask-levels"),
    "resized": ("png", lambda n: soft(binary(n) * 255), lambda n: (soft(binary(n) * 255) > 127) * 1, "mask-levels"),
    "objects": ("png", lambda n: discs(n, 3 + n), lambda n: np.minimum(discs(n, 3 + n), 1), "mask-instances"),
    "many objects": ("npy", lambda n: 100 * n + many(), lambda n: np.ones_like(many()), "mask-instances"),
    "void": ("png", lambda n: np.array([0, 1, 255])[three(n)],
             lambda n: np.array([0, 1, UNLABELLED])[three(n)], "mask-ignored"),
    "negative void": ("npy", lambda n: binary(n) - (discs(n, 4) == 2) * 2,
                      lambda n: np.where(discs(n, 4) == 2, UNLABELLED, binary(n)), "mask-ignored"),
    "0 and 1 here, 0 and 255 there": ("png", lambda n: binary(n) * (255 if n else 1), binary, "mask-scales"),
    "colours": ("png", lambda n: colours(three(n), [(0, 0, 0), (0, 255, 0), (230, 159, 0)]), three, "mask-colours"),
    "one hot": ("png", lambda n: colours(three(n), [(0, 0, 255), (0, 255, 0), (255, 0, 0)]), three, "mask-colours"),
    "one hot in ones": ("png", lambda n: colours(binary(n), [(0, 0, 1), (1, 0, 0)]), binary, "mask-colours"),
}  # fmt: skip


def soft(mask: Mask) -> Mask:
    """Returns a mask that was enlarged with interpolation, and made smaller again."""
    small = Image.fromarray(mask.astype(np.uint8)).resize((37, 37), Image.Resampling.BICUBIC)
    return np.asarray(small.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def many() -> Mask:
    """Returns a chessboard of 64 numbers from 1."""
    return np.kron(np.arange(1, 65).reshape(8, 8), np.ones((6, 6), np.int64))


def write(folder: Path, ending: str, make: Callable[[int], Mask], count: int = 3) -> None:
    """Writes pairs; the images are noise."""
    for index in range(count):
        for kind, pixels in (("images", np.full((SIZE, SIZE), index, np.uint8)), ("masks", make(index))):
            (folder / kind).mkdir(exist_ok=True)
            file = folder / kind / f"{index}.{ending if kind == 'masks' else 'png'}"
            if file.suffix == ".npy":
                np.save(file, pixels)
            else:
                Image.fromarray(pixels.astype(np.uint8)).save(file)


def values(**more: Any) -> dict[str, Any]:
    dataset = {"type": "folders", "images": "images", "masks": "masks"}
    return {"unetkit": 1, "dataset": dataset, "split": {"type": "block", "test": 1}} | more


def finding(folder: Path, **more: Any) -> Fault:
    """Returns the one fault of the data."""
    (fault,) = check_data(load_data(values(**more), folder=folder)).faults
    return fault


def readings(fault: Fault) -> list[dict[str, Any]]:
    """Returns the keys of each of the texts that a fault offers."""
    texts: list[list[str]] = []
    for line in fault.lines:
        if line.endswith(":") and " " in line.rstrip(":") and not line.startswith(" "):
            texts.append([])
        else:
            texts[-1].append(line)
    return [yaml.safe_load("\n".join(lines)) for lines in texts]


@pytest.mark.parametrize("kind", MASKS)
def test_what_is_offered_cures(kind: str, tmp_path: Path) -> None:
    ending, make, truth, code = MASKS[kind]
    write(tmp_path, ending, make)
    fault = finding(tmp_path)
    assert fault.code == code
    offered = readings(fault)
    assert offered
    for keys in offered:
        assert check_data(load_data(values(**keys), folder=tmp_path)).faults == ()
    pairs = open_data(load_data(values(**offered[0]), folder=tmp_path)).train
    order = list(np.unique(np.concatenate([truth(index).ravel() for index in range(3)])))
    for index, pair in enumerate(pairs):
        expected = truth(index)
        if code == "mask-colours":
            pair_order = {label: expected[pair.labels == label][0] for label in np.unique(pair.labels)}
            assert len(set(pair_order.values())) == len(pair_order)
            expected = np.vectorize({value: key for key, value in pair_order.items()}.__getitem__)(expected)
        agree = (pair.labels == expected).mean()
        assert agree > (0.99 if code == "mask-levels" else 0.9999), order


@pytest.mark.parametrize("kind", ["0 and 255", "1 and 2", "JPEG", "resized", "objects", "0 and 65535"])
def test_what_is_offered_keeps_the_names(kind: str, tmp_path: Path) -> None:
    ending, make, _, code = MASKS[kind]
    write(tmp_path, ending, make)
    fault = finding(tmp_path, classes=["nothing", "cell"])
    assert fault.code == code
    (keys, *_) = readings(fault)
    pairs = open_data(load_data(values(**keys), folder=tmp_path)).train
    assert pairs.classes == ("nothing", "cell")
    assert {1} <= set(np.unique(pairs[0].labels)) <= {0, 1}


PLAIN: dict[str, Callable[[int], Mask]] = {
    "two classes": binary,
    "three classes": three,
    "organs, each connected": lambda n: discs(0, 6),
    "nothing but background": lambda n: discs(n, 0),
    "forty classes": lambda n: np.roll(np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 40, n),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_classes_are_taken_as_they_are(kind: str, tmp_path: Path) -> None:
    write(tmp_path, "png", PLAIN[kind])
    assert check_data(load_data(values(), folder=tmp_path)).faults == ()


def test_pictures_are_no_masks(tmp_path: Path) -> None:
    write(tmp_path, "png", lambda n: np.random.default_rng(n).integers(0, 256, (SIZE, SIZE)))
    fault = finding(tmp_path)
    assert (fault.code, fault.lines) == ("mask-picture", ())
    assert "out_channels" not in str(fault)


def test_many_colours_are_no_classes(tmp_path: Path) -> None:
    write(tmp_path, "jpg", lambda n: colours(three(n), [(0, 0, 0), (0, 255, 0), (230, 159, 0)]))
    assert "as JPEG produces" in finding(tmp_path).message


def test_a_single_wrong_mask_is_named(tmp_path: Path) -> None:
    write(tmp_path, "png", lambda n: binary(n) + (n == 1) * 7)
    fault = finding(tmp_path, classes=["nothing", "cell"])
    assert fault.code == "class-range"
    assert "1.png holds 7" in fault.message


def test_the_command_shows_the_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "png", lambda n: binary(n) * 255)
    monkeypatch.chdir(tmp_path)
    Path("data.yaml").write_text(yaml.safe_dump(values()))
    told = run("data", "data.yaml", code=1).stderr
    assert "   classes: [background, {name: object, values: [255]}]\n" in told
    assert told.count("error[") == 1


def test_numbers_below_0_are_a_class_or_count_nowhere_and_both_lines_load(tmp_path: Path) -> None:
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for index in range(3):
        np.save(tmp_path / "images" / f"p{index}.npy", discs(index))
        np.save(tmp_path / "masks" / f"p{index}.npy", np.where(discs(index) > 0, 1, -1))
    with pytest.raises(UnetkitError) as caught:
        load_data(tmp_path)
    (fault,) = caught.value.faults
    found = [yaml.safe_load(line) for line in fault.lines if line.startswith(("classes:", "ignore:"))]
    assert [*map(str, found)] == [
        "{'classes': [{'name': 'background', 'values': [-1]}, 'object']}",
        "{'classes': ['class 0', 'class 1']}",
        "{'ignore': -1}",
    ]
    for keys in (found[0], found[1] | found[2]):
        data = load_data(
            {
                "unetkit": 1,
                "dataset": {"type": "folders", "images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")},
            }
            | keys
        )
        assert not check_data(data).faults


@pytest.mark.parametrize("classes", [(0, 1), (0, 3), (0, 255)])
def test_numbers_that_a_scaled_head_rounds_are_as_integers(classes: tuple[int, ...]) -> None:
    numbers = np.array([classes], np.float64)
    stored = np.rint(numbers / np.float32(max(classes) / 65_535)).astype(np.uint16)
    scaled = stored * np.float64(np.float32(max(classes) / 65_535)) - np.float64(np.float32(1e-8))
    assert (scaled != numbers).any()
    assert as_integers(scaled, "a").tolist() == [list(classes)]
    with pytest.raises(UnetkitError, match="not whole"):
        as_integers(scaled + 0.01 * max(classes), "a")
    with pytest.raises(UnetkitError, match="NaN or infinity"):
        as_integers(np.where(numbers == 0, np.nan, numbers), "a")


@pytest.mark.parametrize("values", [[0, 0.999], [0, 2.9999], [0.4, 1e12], [0, 1e300]])
def test_numbers_that_are_not_whole_are_refused_beside_any_others(values: list[float]) -> None:
    with pytest.raises(UnetkitError, match="not whole"):
        as_integers(np.array([values]), "mask")
