"""Images and labels: the head template, folders, and windows that cover an image."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import unetkit
from tests.support.photos import write_levels
from unetkit.data import (
    UNLABELLED,
    Normalization,
    Pair,
    Pairs,
    Splits,
    covering_window,
    mirrored_window,
    mni,
    read_data,
)
from unetkit.errors import FileError
from unetkit.imagefiles import ReadRequest, open_images

needs_template = pytest.mark.skipif(not (find_spec("nilearn") and find_spec("nibabel")), reason="unetkit[demo] only")


# --- windows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spatial", [(5,), (4, 7), (3, 1, 6)], ids=str)
def test_a_window_over_the_border_equals_numpys_reflection(spatial: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).random((2, *spatial))
    padded = np.pad(array, [(0, 0), *((9, 11) for _ in spatial)], mode="reflect")
    assert np.array_equal(mirrored_window(array, (-9,) * len(spatial), padded.shape[1:]), padded)


CHANNELS = ["channels=[2, 4, 8]"]


@pytest.mark.parametrize("name", ["unet-crop", "unet-pad", "unet-same", "unet-strided"])
@pytest.mark.parametrize("size", [(1, 1), (37, 52), (48, 64)], ids=str)
def test_a_cover_puts_every_pixel_of_the_region_under_the_output(name: str, size: tuple[int, int]) -> None:
    plan = unetkit.plan(unetkit.load(name, CHANNELS))
    found = covering_window(plan, size)
    target = plan.crop_target(found.input_size)
    assert plan.output_size(found.input_size) == found.output_size
    for start, part, keep, n in zip(found.starts, target, found.keep, size, strict=True):
        assert start + part.start + keep.start == 0
        assert keep.stop - keep.start == n
        assert 0 <= keep.start <= keep.stop <= part.stop - part.start


def test_a_cover_takes_aligned_sizes_where_there_are_any() -> None:
    plan = unetkit.plan(unetkit.load("unet-2015"))
    assert covering_window(plan, (388, 380)).input_size == (572, 572)
    assert covering_window(plan, (389, 388)).input_size == (588, 572)


# --- the head template ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def head() -> Splits:
    return mni()


@needs_template
def test_the_head_comes_as_slices_of_four_classes(head: Splits) -> None:
    assert [len(head.train), len(head.validation), len(head.test)] == [80, 16, 16]
    for pair in (head.train[0], head.test[-1]):
        assert pair.image.shape == (1, 192, 160)
        assert pair.image.dtype == np.float32
        assert pair.labels.shape == (192, 160)
        assert pair.labels.dtype == np.int64
    for pairs in (head.train, head.validation, head.test):
        assert np.unique(np.stack([pair.labels for pair in pairs])).tolist() == [0, 1, 2, 3]
    assert head.train.classes == ("background", "fluid", "grey", "white")
    assert "template + added noise" in head.train.about


@needs_template
def test_pairs_are_told_without_their_pixels(head: Splits) -> None:
    assert repr(head.test) == f"<{len(head.test)} pairs of background, fluid, grey, white>"


@needs_template
def test_held_out_slices_are_at_least_five_millimetres_from_those_trained_with(head: Splits) -> None:
    train, validation, test = (
        [int(pair.name[1:]) for pair in pairs] for pairs in (head.train, head.validation, head.test)
    )
    assert min(abs(z - other) for z in validation + test for other in train) == 5
    assert min(abs(z - other) for z in validation for other in test) > 20


@needs_template
def test_the_noise_has_the_stated_strength_and_is_the_same_every_time(head: Splits) -> None:
    again, clean = mni(), mni(noise=0)
    before, after = (np.stack([pair.image for pair in splits.train]) for splits in (clean, head))
    noise = (after - before)[(before > 100) & (before < 155)]  # not cut off at 0 or 255
    assert abs(noise.mean()) < 0.1
    assert abs(noise.std() - 20) < 0.1
    assert np.array_equal(head.test[3].image, again.test[3].image)
    assert np.isin(after, np.arange(256)).all()


@needs_template
def test_the_kept_part_of_a_slice_holds_the_whole_head() -> None:
    for pair in mni(noise=0).train:
        assert not pair.labels[[0, -1]].any()
        assert not pair.labels[:, [0, -1]].any()


def test_without_nilearn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unetkit.data.mni_template.find_spec", lambda name: None)
    with pytest.raises(FileError) as caught:
        mni()
    assert str(caught.value) == (
        "error[no-template]: the head template needs nilearn, which is not installed\n   pip install 'unetkit[demo]'"
    )


# --- folders --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for stem in ("a", "b", "c", "d", "e"):
        save(tmp_path / "images" / f"{stem}.png", random.integers(0, 256, (6, 8), np.uint8))
        save(tmp_path / "masks" / f"{stem}.png", random.integers(0, 3, (6, 8), np.uint8))
    return tmp_path


def save(file: Path, pixels: NDArray[Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(file)


def names(splits: Splits) -> list[str]:
    return ["".join(pair.name for pair in pairs) for pairs in (splits.train, splits.validation, splits.test)]


def test_a_folder_without_splits_holds_out_the_last_fifth(pictures: Path) -> None:
    assert names(read_data(str(pictures))) == ["abcd", "", "e"]


def test_a_folder_is_split_by_its_splits_file(pictures: Path) -> None:
    (pictures / "splits.json").write_text(json.dumps({"train": ["b", "a"], "val": ["c"], "test": ["e", "d"]}))
    assert names(read_data(str(pictures))) == ["ba", "c", "ed"]


def test_a_grey_picture_gives_its_level_in_each_of_three_channels(pictures: Path) -> None:
    (grey,), colour = read_data(str(pictures)).train[0].image, read_data(str(pictures), channels=3).train[0].image
    assert np.array_equal(colour, [grey] * 3)
    assert grey.dtype == colour.dtype == np.uint8


def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path) -> None:
    save(tmp_path / "deep.png", np.array([[0, 40000]], np.uint16))
    with open_images(tmp_path / "deep.png", ReadRequest(2, 1)) as images:
        assert images.read(0).max() == 40000


def test_the_ignored_class_becomes_unlabelled_and_is_no_class(pictures: Path) -> None:
    splits = read_data(str(pictures), ignore=2)
    labels = np.stack([pair.labels for pair in splits.train])
    assert np.unique(labels).tolist() == [UNLABELLED, 0, 1]
    assert splits.train.classes == ("class 0", "class 1")


def test_a_written_class_map_reads_back(pictures: Path) -> None:
    labels = read_data(str(pictures)).train[0].labels
    for stem in "abcde":
        write_levels(labels, pictures / "masks" / f"{stem}.png")
    assert np.array_equal(read_data(str(pictures)).test[0].labels, labels)


def break_missing(path: Path) -> None:
    (path / "masks" / "b.png").unlink()


def break_size(path: Path) -> None:
    save(path / "masks" / "b.png", np.zeros((6, 9), np.uint8))


def break_colour(path: Path) -> None:
    save(path / "masks" / "b.png", np.full((6, 8, 3), (9, 0, 0), np.uint8))


def break_image(path: Path) -> None:
    (path / "images" / "b.png").write_bytes(b"no image")


def break_twice(path: Path) -> None:
    save(path / "images" / "b.tif", np.zeros((6, 8), np.uint8))


def break_splits(path: Path) -> None:
    (path / "splits.json").write_text("[1")


def break_split_names(path: Path) -> None:
    (path / "splits.json").write_text('{"train": ["elsewhere"]}')


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_missing, "error[no-partner]: dataset.masks: no mask for image b"),
        (break_size, "error[mask-size]: {path}/masks/b.png is 6×9, its image 6×8"),
        (break_colour, "error[mask-colours]: {path}/masks/b.png is a colour image"),
        (break_image, "error[no-image]: {path}/images/b.png cannot be read as an image"),
        (break_twice, "error[twice]: {path}/images/b.png and {path}/images/b.tif have the same name: b"),
        (break_splits, "error[split-file]: {path}/splits.json cannot be read as a split"),
        (break_split_names, "error[split-unknown]: {path}/splits.json names elsewhere, which do not exist"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_damaged_folder_is_refused_with_the_file_at_fault(pictures: Path, damage: object, message: str) -> None:
    assert callable(damage)
    damage(pictures)
    with pytest.raises(FileError) as caught:
        read_data(str(pictures))
    assert str(caught.value).startswith(message.format(path=pictures))


@needs_template
def test_data_is_named_mni_or_by_its_folder(pictures: Path, head: Splits) -> None:
    assert names(read_data("mni")) == names(head)
    assert names(read_data(str(pictures))) == names(read_data(str(pictures)))
    with pytest.raises(FileError, match="mni labels every pixel"):
        read_data("mni", ignore=1)


def test_an_absent_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="has no folders of images and masks, but no folders"):
        read_data(str(tmp_path))
    (tmp_path / "images").mkdir()
    with pytest.raises(FileError, match="has no folders of images and masks, but images/"):
        read_data(str(tmp_path))
    (tmp_path / "masks").mkdir()
    with pytest.raises(FileError, match="has no images"):
        read_data(str(tmp_path))


# --- normalization ----------------------------------------------------------------------------------------------------


def test_scaled_training_images_have_mean_zero_and_deviation_one() -> None:
    random = np.random.default_rng(0)
    items = [
        random.normal((100, 5), (20, 3), (*size, 2)).astype(np.float32).transpose(2, 0, 1) for size in ((9, 7), (4, 8))
    ]
    pairs = Pairs(tuple(Pair("x", image, np.zeros(image.shape[1:], np.int64)) for image in items), ("a", "b"))
    normalization = Normalization.of(pairs)
    scaled = np.concatenate([normalization.apply(pair.image).reshape(2, -1) for pair in pairs], axis=1)
    assert np.allclose(scaled.mean(1), 0, atol=1e-5)
    assert np.allclose(scaled.std(1), 1, atol=1e-5)


def test_a_constant_channel_is_scaled_without_dividing_by_zero() -> None:
    pairs = Pairs((Pair("x", np.full((1, 3, 3), 7, np.float32), np.zeros((3, 3), np.int64)),), ("a", "b"))
    assert not Normalization.of(pairs).apply(pairs[0].image).any()
