"""Splits: lists as Excel, nnU-Net and people write them are understood, or refused with the words that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unetkit.data.splits.split import FileSplit, GroupSplit
from unetkit.errors import FileError

NAMES = [f"p{index}" for index in range(6)]
PARTS = (NAMES[:3], NAMES[3:5], NAMES[5:])
WORDS = ["train"] * 3 + ["val"] * 2 + ["test"]


def table(name: str = "name", split: str = "split", mark: str = ",", words: list[str] = WORDS, end: str = "") -> str:
    rows = [f"{one}{end}{mark}{word}" for one, word in zip(NAMES, words, strict=True)]
    return "\n".join([f"{name}{mark}{split}", *rows, ""])


def lists(train: str = "train", val: str = "val", test: str = "test", form: str = "{}") -> str:
    return json.dumps(
        {key: [form.format(one) for one in part] for key, part in zip((train, val, test), PARTS, strict=True)}
    )


UNDERSTOOD: dict[str, tuple[str, bytes]] = {
    "plain": ("s.csv", table().encode()),
    "byte order mark": ("s.csv", b"\xef\xbb\xbf" + table().encode()),
    "semicolons": ("s.csv", table(mark=";").encode()),
    "semicolons and rows left empty": ("s.csv", (table(mark=";") + ";\n;\n").encode()),
    "a line that says the mark": ("s.csv", ("sep=;\n" + table(mark=";")).encode()),
    "tabs": ("s.tsv", table(mark="\t").encode()),
    "tabs in UTF-16": ("s.txt", table(mark="\t").encode("utf-16")),
    "UTF-16, big end first": ("s.csv", b"\xfe\xff" + table().encode("utf-16-be")),
    "spaces": ("s.csv", table(mark=" ,  ").encode()),
    "lines of Windows": ("s.csv", table().replace("\n", "\r\n").encode()),
    "quotes": ("s.csv", "\n".join(f'"{a}","{b}"' for a, b in zip(NAMES, WORDS, strict=True)).encode()),
    "capitals": ("Train.csv", table("Name", "Split", words=["Train"] * 3 + ["VAL"] * 2 + ["Test"]).encode()),
    "other words": ("s.csv", table("Image ID", "subset", words=["training"] * 3 + ["valid"] * 2 + ["TEST"]).encode()),
    "endings": ("s.csv", table("filename", "set", end=".png").encode()),
    "paths": ("s.json", lists(form="images/{}.png").encode()),
    "paths of Windows": ("s.json", lists(form=".\\images\\{}.PNG").encode()),
    "words of JSON": ("s.json", b"\xef\xbb\xbf" + lists("training", "validation", "testing").encode()),
    "parts by name": ("s.json", json.dumps(dict(zip(NAMES, WORDS, strict=True))).encode()),
    "rows": ("s.json", json.dumps([{"file": a, "split": b} for a, b in zip(NAMES, WORDS, strict=True)]).encode()),
    "MONAI": ("s.json", json.dumps({
        word: [{"image": f"./imagesTr/{one}.nii.gz", "label": f"./labelsTr/{one}.nii.gz"} for one in part]
        for word, part in zip(("training", "validation", "test"), PARTS, strict=True)
    }).encode()),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNDERSTOOD)
def test_a_split_file_is_understood(kind: str, tmp_path: Path) -> None:
    name, content = UNDERSTOOD[kind]
    (tmp_path / name).write_bytes(content)
    assert FileSplit(file=name).divide(NAMES, tmp_path) == PARTS


@pytest.mark.parametrize(
    "names", [("train.txt", "val.txt", "test.txt"), ("Training.csv", "valid.csv", "test.csv")], ids=str
)
def test_plain_lists_beside_one_another_are_read_together(names: tuple[str, str, str], tmp_path: Path) -> None:
    for name, part in zip(names, PARTS, strict=True):
        (tmp_path / name).write_text("\n".join(["image", *part] if name.endswith("csv") else part))
    assert FileSplit(file=names[0]).divide(NAMES, tmp_path) == PARTS
    assert FileSplit(file=names[1]).divide(NAMES, tmp_path) == PARTS


def test_a_fold_of_nnu_net_is_chosen(tmp_path: Path) -> None:
    folds = [{"train": NAMES[:4], "val": NAMES[4:]}, {"train": NAMES[2:], "val": NAMES[:2]}]
    (tmp_path / "splits_final.json").write_text(json.dumps(folds))
    assert FileSplit(file="splits_final.json", fold=1).divide(NAMES, tmp_path) == (NAMES[2:], NAMES[:2], [])
    assert "fold: 0" in fault(tmp_path, "splits_final.json")
    assert "it has folds 0, 1" in fault(tmp_path, "splits_final.json", fold=2)


def test_a_column_of_folds_is_chosen_from(tmp_path: Path) -> None:
    (tmp_path / "folds.csv").write_text("ImageId,fold\n" + "".join(f"p{index},{index % 3}\n" for index in range(6)))
    train, validation, test = FileSplit(file="folds.csv", fold=2).divide(NAMES, tmp_path)
    assert (train, validation, test) == (["p0", "p1", "p3", "p4"], ["p2", "p5"], [])


def test_a_name_stands_for_all_images_of_its_file(tmp_path: Path) -> None:
    names = [f"{case}[{index}]" for case in ("a", "b", "c") for index in range(2)]
    (tmp_path / "s.json").write_text(json.dumps({"train": ["b", "a"], "val": ["c"]}))
    assert FileSplit(file="s.json").divide(names, tmp_path) == ([*names[2:4], *names[:2]], names[4:], [])


def fault(folder: Path, file: str, names: list[str] = NAMES, **keys: Any) -> str:
    with pytest.raises(FileError) as error:
        FileSplit(file=file, **keys).divide(names, folder)
    return str(error.value)


WRONG: dict[str, tuple[str, str, str]] = {
    "unknown word": ("s.csv", table(words=["train"] * 3 + ["holdout"] * 3), "split-word"),
    "no word": ("s.csv", table(words=["train"] * 3 + [""] * 3), "split-word"),
    "unknown word of JSON": ("s.json", lists(test="hold-out"), "split-word"),
    "a key that is no part": ("s.json", json.dumps({"train": NAMES, "seed": [1]}), "split-word"),
    "unknown name": ("s.csv", table() + "p9,train\n", "split-unknown"),
    "a name in two parts": ("s.csv", table() + "p0.png,test\n", "split-twice"),
    "no image": ("s.json", json.dumps({"val": []}), "split-empty"),
    "nothing": ("s.csv", "", "split-file"),
    "no columns": ("s.csv", "a,b\n1,2\n", "split-file"),
    "a row without a name": ("s.csv", table() + ",train\n", "split-file"),
    "no list": ("s.json", '{"train": "p0"}\n', "split-word"),
    "a list of lists": ("s.json", '{"train": [["p0"]]}\n', "split-file"),
    "a list for an unknown part": ("names.txt", "p0\np1\n", "split-file"),
    "a spreadsheet": ("s.xlsx", "PK", "split-file"),
    "folds where there are none": ("s.csv", table(), "split-fold"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_split_file_that_is_not_understood_is_one_fault(kind: str, tmp_path: Path) -> None:
    name, text, code = WRONG[kind]
    (tmp_path / name).write_text(text)
    told = fault(tmp_path, name, fold=0 if code == "split-fold" else None)
    assert told.startswith(f"error[{code}]")
    assert told.count("error[") == 1
    if code == "split-word":
        assert "train, training, val, valid, validation, test, testing" in told


def test_a_name_that_could_be_several_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"train": ["p0", "c/p1"]}')
    assert "could be a/p0, b/p0" in fault(tmp_path, "s.json", ["a/p0", "b/p0", "c/p1"])


GROUPS = {
    "{group}_*": ("patient7_slice3", "patient7"),
    "Image_{group}[LR]": ("Image_01L", "01"),
    "Image_{group}?": ("Image_01R", "01"),
    "{group}[!0-9]*": ("12ab", "12"),
    "(?P<group>.+?)[LR](_\\d+)?": ("Image_01L_2", "Image_01"),
    "(?i)case-(?P<group>\\d{2}).*": ("CASE-17b", "17"),
    "*/{group}_*": ("site a/p1_0", "p1"),
    "{group}[*]": ("scan 4[017]", "scan 4"),
}


@pytest.mark.parametrize("by", GROUPS)
def test_a_pattern_finds_the_group(by: str) -> None:
    name, group = GROUPS[by]
    assert GroupSplit(by=by).groups([name]) == [group]


@pytest.mark.parametrize(
    "by", ["(?P<group>(a+)+)b", "(?P<group>(a|a)*)b", "*a" * 60 + "{group}b", "{group}" + "*a*" * 50 + "b"]
)
def test_no_pattern_takes_more_than_linear_time(by: str) -> None:
    assert GroupSplit(by=by).groups(["a" * 250] * 20) == [None] * 20


@pytest.mark.parametrize(
    "by", ["(?P<group>a", "(?P<group>a)(?=b)", "(?P<group>a)(?P=group)", "p*", "", "(?P<group>a{9999999})"]
)
def test_a_pattern_that_is_none_is_a_fault(by: str) -> None:
    with pytest.raises(FileError, match="split-group"):
        GroupSplit(by=by).divide(NAMES, Path())
