"""predict says where an image is not like those that the network was trained on, and where it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import unetkit
from tests.support.commandline import run
from tests.support.photos import discs
from unetkit.data import Normalization, Preprocessing, load_data, open_data
from unetkit.data.preprocessing.intensity import compare_ranges, range_of, sample_pixels
from unetkit.data.preprocessing.signature import ClassRecord, Signature, signature_of
from unetkit.imagefiles import ReadRequest, find_images, open_images
from unetkit.trained import Trained

Picture = NDArray[Any]
PHOTOS = [pair.image.clip(0, 255).astype(np.uint8) for pair in discs(12)]
KNOWN = (range_of([sample_pixels(one)[0] for one in PHOTOS[:6]]),)
OTHERS: dict[str, tuple[Callable[[Picture], Picture], str]] = {
    "as they are": (lambda one: one, ""),
    "brighter": (lambda one: (one.astype(int) + 30).clip(0, 255), ""),
    "half the contrast": (lambda one: one // 2 + 60, ""),
    "empty": (lambda one: one * 0 + 90, ""),
    "nearly empty": (lambda one: one // 32 + 100, ""),
    "16 bit": (lambda one: one.astype(np.uint16) * 257, "far outside"),
    "12 bit": (lambda one: one.astype(np.uint16) * 16, "far outside"),
    "0 to 1": (lambda one: (one / 255).astype(np.float32), "far outside"),
    "negative": (lambda one: one.astype(np.int16) - 1000, "far outside"),
    "inverted": (lambda one: 255 - one, "dark and bright seem to be exchanged"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_copies_in_another_range_are_noticed_and_ordinary_images_are_not(name: str) -> None:
    make, told = OTHERS[name]
    for photo in PHOTOS[6:]:
        text = compare_ranges(KNOWN, sample_pixels(make(photo)), rescaled=False)
        assert (told in text) if told else not text
        by_shape = compare_ranges(KNOWN, sample_pixels(make(photo)), rescaled=True)
        assert bool(by_shape) == (name == "inverted"), "where each image is brought to one range, that alone counts"


def test_a_network_of_fractions_or_of_16_bit_notices_8_bit() -> None:
    for factor in (1 / 255, 257.0):
        known = (range_of([sample_pixels(one * np.float32(factor))[0] for one in PHOTOS[:6]]),)
        assert "far outside" in compare_ranges(known, sample_pixels(PHOTOS[7]), rescaled=False)
        assert not compare_ranges(known, sample_pixels(PHOTOS[7] * np.float32(factor)), rescaled=False)


def test_a_range_that_is_not_known_is_not_compared(tmp_path: Path) -> None:
    network(tmp_path, Signature(channels=1, normalization=Normalization("none"), classes=two()))
    np.save(tmp_path / "a.npy", PHOTOS[0][0].astype(np.float32) * 1e6)
    assert run("predict", tmp_path / "m.safetensors", tmp_path / "a.npy", "-o", tmp_path / "out").stderr == ""


@pytest.mark.parametrize(
    ("images", "dims", "channels"),
    [("isbi2012_membrane", 2, 1), ("nuclei_dsb2018", 2, 3), ("camvid_small", 2, 3), ("hippocampus3d", 3, 1)],
)
def test_there_is_no_false_alarm_on_real_images(images: str, dims: int, channels: int) -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / images / "images"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    found = []
    for file in find_images([folder])[:120]:
        with open_images(file, ReadRequest(dims, None)) as opening:
            if opening.channels == channels:
                found += [sample_pixels(opening.read(number)) for number in range(opening.count)]
    known = tuple(range_of(rows) for rows in zip(*found[::2], strict=True))
    for rescaled in (False, True):
        assert [text for one in found[1::2] if (text := compare_ranges(known, one, rescaled=rescaled))] == []


# --- the command ------------------------------------------------------------------------------------------------------


def two() -> tuple[ClassRecord, ClassRecord]:
    """Two classes."""
    return ClassRecord(name="nothing"), ClassRecord(name="disc")


def network(folder: Path, signature: Signature) -> None:
    """Writes a model file without training."""
    model = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", f"dims={2}"]), seed=0).eval()
    Trained(model, signature).save(folder / "m.safetensors")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file of a network for the photos, and files beside it."""
    monkeypatch.chdir(tmp_path)
    for number, photo in enumerate(PHOTOS[:6]):
        for kind, levels in (("images", photo[0]), ("masks", photo[0] > 130)):
            (tmp_path / "photos" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "photos" / kind / f"{number}.png")
    data = load_data("photos", ["split={type: ratio, test: 0}"])
    pairs = open_data(data).train
    preprocessing = Preprocessing(Normalization.of(pairs))
    network(tmp_path, signature_of(data, pairs, preprocessing, 2))
    return tmp_path


def test_the_command_warns_once_for_a_file_and_names_both_ranges(folder: Path) -> None:
    deep = PHOTOS[6][0].astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "deep.png")
    Image.fromarray(PHOTOS[7][0]).save(folder / "plain.png")
    Image.fromarray(255 - PHOTOS[8][0]).save(folder / "inverted.png")
    result = run("predict", "m.safetensors", "deep.png", "plain.png", "inverted.png", "-o", "out", "--tile", "16")
    first, second = result.stderr.splitlines()
    assert first.startswith("warning: deep.png: grey levels 1") and "far outside the range" in first
    assert "trained on 4" in first and first.endswith("(stored as uint16, in training as uint8)")
    assert second.startswith("warning: inverted.png: ") and second.endswith("dark and bright seem to be exchanged")
    assert result.stdout.splitlines() == ["out/deep.png", "out/plain.png", "out/inverted.png"]


@pytest.mark.parametrize("kind", ["dataset", "image", "percentile", "none"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_the_fault_of_its_file(kind: Any, value: float, folder: Path) -> None:
    how = Normalization(kind, (100.0,), (40.0,)) if kind == "dataset" else Normalization(kind)
    network(folder, Signature(channels=1, normalization=how, classes=two()))
    good = PHOTOS[6][0].astype(np.float32)
    bad = good.copy()
    bad[5:7, 5:7] = value
    for name, image in (("a", good), ("b", bad), ("c", good), ("d", good.astype(np.complex64)), ("e", good)):
        np.save(folder / f"{name}.npy", image)
    np.save(folder / "e.npy", np.full((8, 8), "text"))
    result = run("predict", "m.safetensors", *(f"{name}.npy" for name in "abcde"), "-o", "out", code=1)
    assert result.stdout.splitlines() == ["out/a.npy", "out/c.npy"]
    faults = [line for line in result.stderr.splitlines() if line.startswith("error")]
    assert [fault.split("]")[0] for fault in faults] == ["error[image-values", "error[image-type", "error[image-type"]
    assert "b.npy has 4 values that are not finite" in faults[0]
    assert not (folder / "out" / "b.npy").exists() and "Traceback" not in result.output
