"""Folders as people have them: which files are pairs, what is passed over, and which part of the data they are."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.commandline import answer, run
from unetkit.data import load_data, open_data
from unetkit.data.opening import check_data
from unetkit.errors import FileError


def put(folder: Path, *files: str, value: int = 0) -> None:
    """Writes small pictures, all equal; masks among them hold 0 and 1."""
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros((4, 4), np.uint8) + value
        pixels[0] = 1
        Image.fromarray(pixels).save(path)


def names(folder: Path, images: str = "images", masks: str = "masks", **keys: Any) -> dict[str, list[str]]:
    """Returns the names of each part."""
    said = {"unetkit": 1, "dataset": {"type": "folders", "images": images, "masks": masks}} | keys
    splits = open_data(load_data(said, folder=folder))
    return {part: list(getattr(splits, part).names) for part in ("train", "validation", "test")}


def every(folder: Path, images: str = "images", masks: str = "masks", **keys: Any) -> list[str]:
    """Returns the names of all pairs, none of which is held out."""
    return names(folder, images, masks, split={"type": "block", "test": 0}, **keys)["train"]


def fault(folder: Path, images: str = "images", masks: str = "masks", **keys: Any) -> str:
    """Returns what is wrong."""
    with pytest.raises(FileError) as error:
        names(folder, images, masks, **keys)
    return str(error.value)


# --- names ----------------------------------------------------------------------------------------------------------

AFFIXES = {
    "p0": "p0_mask",
    "p1.v2": "p1.v2-seg",
    "aachen_000000_leftImg8bit": "aachen_000000_gtFine_labelIds",
    "ISIC_0024": "ISIC_0024_segmentation",
    "img0007": "label0007",
    "image_8": "mask_8",
    "21_training": "21_manual1",
    "Image_01L": "Image_01L_1stHO",
    "A B": "A B gt",
    "volume-3": "segmentation-3",
    "855_sat": "855_mask",
    "X_9": "x_9_GT",
    "c_1": "c_1_ground_truth",
    "d_1": "d_1_labels",
}


@pytest.mark.parametrize("image", AFFIXES)
def test_masks_named_with_a_common_word_are_paired(image: str, tmp_path: Path) -> None:
    put(tmp_path, f"images/{image}.png", "images/other.png", f"masks/{AFFIXES[image]}.png", "masks/other.png")
    assert every(tmp_path) == sorted([image, "other"])


def test_two_masks_that_could_be_that_of_an_image_are_named(tmp_path: Path) -> None:
    put(tmp_path, "images/p0.png", "masks/p0_mask.png", "masks/p0_seg.png")
    told = fault(tmp_path)
    assert "error[two-partners]: dataset.masks: p0_mask, p0_seg could each be that of image p0" in told
    assert told.count("error[") == 1
    assert every(tmp_path, masks="masks/{name}_seg.png") == ["p0"]


def test_an_equal_name_comes_before_a_like_one(tmp_path: Path) -> None:
    put(tmp_path, "images/p0.png", "images/p0_img.png", "masks/p0.png", "masks/p0_mask.png")
    assert every(tmp_path) == ["p0", "p0_img"]


def test_composed_and_decomposed_names_are_one(tmp_path: Path) -> None:
    put(tmp_path, f"images/{unicodedata.normalize('NFC', 'größe')}.png")
    put(tmp_path, f"masks/{unicodedata.normalize('NFD', 'größe')}.png")
    assert every(tmp_path) == [unicodedata.normalize("NFC", "größe")]


def test_two_files_of_one_name_are_both_named_with_their_codes(tmp_path: Path) -> None:
    put(tmp_path, *(f"images/{unicodedata.normalize(form, 'é')}.png" for form in ("NFC", "NFD")), "masks/é.png")
    told = fault(tmp_path)
    assert "error[twice]" in told
    assert r"e\u0301.png" in told
    assert r"\xe9.png" in told


@pytest.mark.parametrize("name", ["z" * 246, "~", "~p0", "a\nb", "\x1b[31mred", "[LR]", "{group}", "a'b\"c", "-x"])
def test_odd_names_are_names(name: str, tmp_path: Path) -> None:
    put(tmp_path, f"images/{name}.png", f"masks/{name}.png")
    assert every(tmp_path) == [name]


def test_a_name_that_is_not_utf_8_is_refused_and_shown(tmp_path: Path) -> None:
    put(tmp_path, "images/p0.png", "masks/p0.png")
    for kind in ("images", "masks"):
        os.rename(tmp_path / kind / "p0.png", os.fsencode(tmp_path / kind) + b"/z\xfcrich.png")
    told = fault(tmp_path)
    assert "error[file-name]" in told
    assert r"images/z\xfcrich.png has a name that is not UTF-8" in told


def test_a_folder_above_whose_name_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "d/images/p0.png", "d/masks/p0.png")
    os.rename(tmp_path / "d", os.fsencode(tmp_path) + b"/z\xfc")
    assert r"/z\xfc/images has a name that is not UTF-8" in fault(Path(os.fsdecode(os.fsencode(tmp_path) + b"/z\xfc")))


def test_other_files_may_have_any_name(tmp_path: Path) -> None:
    put(tmp_path, "images/p0.png", "masks/p0.png")
    os.rename(tmp_path / "images" / "p0.png", tmp_path / "images" / "p1.png")
    os.rename(tmp_path / "masks" / "p0.png", tmp_path / "masks" / "p1.png")
    Path(os.fsdecode(os.fsencode(tmp_path / "images") + b"/z\xfc.txt")).write_bytes(b"")
    assert every(tmp_path) == ["p1"]


# --- patterns -------------------------------------------------------------------------------------------------------


def test_folders_of_any_depth(tmp_path: Path) -> None:
    put(tmp_path, "images/a/p0.png", "images/b/c/p0.png", "images/p1.png")
    put(tmp_path, "masks/a/p0_mask.png", "masks/b/c/p0_mask.png", "masks/p1_mask.png")
    assert every(tmp_path, "images/**", "masks/**") == ["a/p0", "b/c/p0", "p1"]
    assert every(tmp_path, "images/**/*.png", "masks/**/*_mask.png") == ["a/p0", "b/c/p0", "p1"]
    told = fault(tmp_path, "images/**/{name}.png", "masks/**/{name}_mask.png")
    assert "images/a/p0.png and" in told
    assert "have the same name: p0" in told


def test_a_folder_whose_images_lie_deeper_says_the_pattern(tmp_path: Path) -> None:
    put(tmp_path, "images/a/p0.png", "masks/a/p0.png")
    assert "write images/**" in fault(tmp_path)


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("{name}/image.png", "{name}/mask.png"),
        ("*/image.png", "*/mask.png"),
        ("**/image.png", "**/mask.png"),
        ("p[01]/image.png", "p?/mask.png"),
        ("{name}/im*.png", "{name}/m*.png"),
    ],
)
def test_a_folder_for_each_pair(images: str, masks: str, tmp_path: Path) -> None:
    put(tmp_path, *(f"p{index}/{kind}.png" for index in range(2) for kind in ("image", "mask")))
    assert [name.removesuffix("/image") for name in every(tmp_path, images, masks)] == ["p0", "p1"]


def test_masks_beside_their_images_are_not_images(tmp_path: Path) -> None:
    put(tmp_path, *(f"all/p{index}{end}.png" for index in range(2) for end in ("", "_mask")))
    assert every(tmp_path, "all/{name}.png", "all/{name}_mask.png") == ["p0", "p1"]


def test_a_bracket_in_the_name_of_a_folder_is_no_wildcard(tmp_path: Path) -> None:
    put(tmp_path, "set [2]/images/p0.png", "set [2]/masks/p0.png")
    assert every(tmp_path, "set [2]/images", "set [2]/masks") == ["p0"]


def test_one_file_each(tmp_path: Path) -> None:
    put(tmp_path, "photo.png", "classes.png")
    assert every(tmp_path, "photo.png", "classes.png") == ["photo"]


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    put(tmp_path, "images/p0.png", "masks/p0.png")
    (tmp_path / "images/loop").symlink_to(tmp_path / "images")
    assert every(tmp_path, "images/**", "masks/**") == ["p0"]


def test_wildcards_take_linear_time(tmp_path: Path) -> None:
    put(tmp_path, f"images/{'a' * 240}.png", f"masks/{'a' * 240}.png")
    assert "no-images" in fault(tmp_path, images="images/" + "*a" * 40 + "b{name}.png")


def test_home_is_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path, "images/p0.png", "masks/p0.png")
    assert every(tmp_path / "images", "~/images", "~/masks") == ["p0"]


# --- parts ----------------------------------------------------------------------------------------------------------


def test_folders_named_after_the_parts_divide(tmp_path: Path) -> None:
    put(tmp_path, "train/images/p0.png", "Valid/images/p0.png", "testing/images/p1.png")
    put(tmp_path, "train/masks/p0.png", "Valid/masks/p0.png", "testing/masks/p1.png")
    found = names(tmp_path, "{split}/images", "{split}/masks")
    assert found == {"train": ["train/p0"], "validation": ["validation/p0"], "test": ["test/p1"]}


def test_a_part_without_masks_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "images/train/p0.png", "images/test/p1.png", "images/test/p2.png", "masks/train/p0.png")
    said = {"type": "folders", "images": "images/{split}", "masks": "masks/{split}"}
    data = load_data({"unetkit": 1, "dataset": said}, folder=tmp_path)
    assert open_data(data).train.names == ("train/p0",)
    assert "the images of test have no masks and are skipped" in data.dataset.notes(tmp_path)


def test_no_image_to_train_with_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path, "test/images/p0.png", "test/masks/p0.png")
    (tmp_path / "splits.json").write_text('{"test": ["p0"]}')
    data = "unetkit: 1\ndataset: {type: folders, images: IMAGES, masks: MASKS}\n"
    for index, (where, split) in enumerate((("{split}", ""), ("test", "split: {type: file, file: splits.json}\n"))):
        text = data.replace("IMAGES", f'"{where}/images"').replace("MASKS", f'"{where}/masks"') + split
        (tmp_path / f"{index}.yaml").write_text(text)
        assert "error[split-empty]" in run("data", tmp_path / f"{index}.yaml", code=1).stderr


def test_what_is_passed_over_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "images/p0.png", "masks/p0.png", "images/old/p7.png")
    for name in ("a.dcm", "b.dcm", ".hidden.png", "Thumbs.db", "p0.png~"):
        (tmp_path / "images" / name).write_bytes(b"")
    (tmp_path / "data.yaml").write_text("unetkit: 1\ndataset: {type: folders, images: images, masks: masks}\n")
    monkeypatch.chdir(tmp_path)
    notes = answer("data", "data.yaml")["notes"]
    assert "5 files skipped: .hidden.png, .db, .dcm, .png~" in notes
    assert "1 folder skipped: old/" in notes
    assert "note: 5 files skipped" in run("data", "data.yaml").stdout


@pytest.mark.parametrize(
    "said", ["a" * 300, "b/" * 3000, "a\0b", "images/{name}.png/x", "", "[z-a]*", "~nobody/images", "/"]
)
def test_a_path_that_is_none_is_one_fault(said: str, tmp_path: Path) -> None:
    put(tmp_path, "images/p0.png", "masks/p0.png")
    assert fault(tmp_path, images=said).count("error[") <= 3


def test_the_files_that_are_read_are_those_that_are_found(tmp_path: Path) -> None:
    put(
        tmp_path, "train/images/p0L.png", "train/images/p1R.png", "train/masks/p0L_mask.png", "train/masks/p1R_mask.png"
    )
    said = {"type": "folders", "images": "{split}/images/{name}[LR].png", "masks": "{split}/masks/{name}[LR]_mask.png"}
    data = load_data({"unetkit": 1, "dataset": said}, folder=tmp_path)
    assert {path.name for path in data.files()} == {"p0L.png", "p1R.png", "p0L_mask.png", "p1R_mask.png"}


def test_pairs_of_one_name_are_a_fault_that_names_both(tmp_path: Path) -> None:
    import tifffile

    put(tmp_path, "images/p[0].png", "masks/p[0].png")
    for kind in ("images", "masks"):
        tifffile.imwrite(tmp_path / kind / "p.tif", np.zeros((2, 4, 4), np.uint8), photometric="minisblack")
    told = fault(tmp_path)
    assert "error[twice]: dataset: two pairs are called p[0]: that of" in told
    assert "masks/p.tif and that of" in told


def test_further_masks_of_an_image_are_passed_over(tmp_path: Path) -> None:
    for part, city in (("train", "aachen"), ("val", "bonn")):
        put(tmp_path, f"leftImg8bit/{part}/{city}/{city}_000000_leftImg8bit.png")
        put(tmp_path, *(f"gtFine/{part}/{city}/{city}_000000_gtFine_{one}.png" for one in ("color", "labelIds")))
    data = load_data(tmp_path)
    splits = open_data(data)
    assert splits.train.names == ("train/aachen/aachen_000000_leftImg8bit",)
    assert splits.validation.names == ("validation/bonn/bonn_000000_leftImg8bit",)
    assert "2 files skipped: .png" in data.dataset.notes(tmp_path)
    put(tmp_path, "gtFine/val/bonn/bonn_000001_gtFine_color.png")
    assert "no image for mask" in str(next(iter(check_data(load_data(tmp_path)).faults)))
