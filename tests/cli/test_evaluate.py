"""unetkit evaluate: what it prints and writes, and what it leaves alone where it cannot."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import unetkit
from tests.support.commandline import answer, run
from unetkit.data import Normalization
from unetkit.trained import Trained


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and two images with their masks, which it works in."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for index, size in enumerate([(32, 40), (25, 21)]):
        mask = np.zeros(size, np.uint8)
        mask[8:20, 8:16] = 1
        for kind, pixels in {"masks": mask, "images": mask * 200 + random.integers(0, 40, size)}.items():
            (tmp_path / "data" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "data" / kind / f"{index}.png")
    (tmp_path / "data" / "splits.json").write_text('{"test": ["0", "1"]}')
    model = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=2"]), seed=3).eval()
    Trained(model, Normalization("dataset", (100.0,), (50.0,)), ("nothing", "cell")).save(tmp_path / "m.safetensors")
    return tmp_path


def test_what_is_written_and_printed(folder: Path) -> None:
    told = run("evaluate", "m.safetensors", "data", "-o", "out", "--worst", "1").stdout.splitlines()
    assert told[0].split() == ["class", "Dice", "IoU", "Precision", "Recall", "NSD", "HD95"]
    assert [line.split()[0] for line in told[2:4]] == ["nothing", "cell"]
    assert [line.split("0.")[0].strip() for line in told[5:7]] == ["mean of classes", "all nothing"]
    assert told[7] == "2 images; 95% confidence intervals in brackets; distances in samples"
    with (folder / "out" / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"], row["class"]) for row in rows] == [
        ("0", "nothing"), ("0", "cell"), ("1", "nothing"), ("1", "cell"),
    ]  # fmt: skip
    summary = json.loads((folder / "out" / "summary.json").read_text("utf-8"))
    line = next(one for one in summary["summary"] if (one["class"], one["metric"]) == ("cell", "iou"))
    assert line["mean"] == pytest.approx(np.mean([float(row["iou"]) for row in rows if row["class"] == "cell"]))
    assert line["low"] <= line["mean"] <= line["high"] and line["images"] == 2
    assert summary["metrics"]["hd95"]["by"].startswith("monai 1.")
    assert "has no value and is left out" in summary["undefined"]
    with Image.open(folder / "out" / "worst.png") as sheet:
        assert sheet.width > 1000


def test_another_number_type_is_compared_with_float32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "data" / "splits.json").write_text('{"train": ["1"], "test": ["0"]}')
    asked = ["evaluate", "m.safetensors", "data", "--metric", "dice", "--dtype", "int8", "--backend", "onnxruntime"]
    found = answer(*asked)
    numbers = found["numbers"]
    assert (numbers["dtype"], numbers["chosen"]) == ("int8", "as asked")
    assert numbers["mean"]["dice"] - found["mean"]["dice"] == pytest.approx(numbers["change"]["dice"])
    assert abs(numbers["change"]["dice"]) < 0.1
    assert numbers["time"] > 0
    told = run(*asked[:-3], "bf16", "--backend", "torch").stdout.splitlines()
    assert [line for line in told if line.startswith("bf16: dice 0.") and line.endswith("as long as fp32 unoptimised")]


def test_json_has_every_row_and_the_metrics_asked_for(folder: Path) -> None:
    found = answer("evaluate", "m.safetensors", "data", "--metric", "dice", "--metric", "hd95", "--spacing", "2x0.5")
    assert list(found["metrics"]) == ["dice", "hd95"]
    assert len(found["rows"]) == 4 and set(found["rows"][0]) == {"image", "class", "dice", "hd95"}
    assert found["digest"] == unetkit.plan(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=2"])).digest
    half = answer("evaluate", "m.safetensors", "data", "--metric", "hd95", "--spacing", "1x0.25")
    assert [row["hd95"] * 2 for row in half["rows"]] == pytest.approx([row["hd95"] for row in found["rows"]])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["data", "--metric", "jaccard"],
            1,
            "error[metric-unknown]: there is no metric 'jaccard'\n   Known: dice, hd95, iou",
        ),
        (["nowhere"], 1, "nowhere"),
        (["data", "--backend", "openvino"], 1, "the backend openvino is for another number type"),
        (["data", "--spacing", "0"], 2, "'0' is not a spacing: write 0.5, or 1x1x2.5."),
        (["data", "--spacing", "1x1x1"], 2, "'1x1x1' has 3 entries, the images have 2 axes."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_refused(folder: Path, arguments: list[str], code: int, told: str) -> None:
    error = " ".join(run("evaluate", "m.safetensors", *arguments, code=code).stderr.replace("│", " ").split())
    assert " ".join(told.split()) in error


def test_a_data_file_names_the_classes_and_says_which_images(folder: Path) -> None:
    (folder / "data.yaml").write_text(
        "unetkit: 1\nname: cells\ndataset: {type: folders, images: data/images, masks: data/masks}\n"
        "classes: [nothing, cell]\nsplit: {type: file, file: own.json}\n"
    )
    (folder / "own.json").write_text('{"train": ["0"]}')
    found = answer("evaluate", "m.safetensors", "data.yaml", "--metric", "dice", "--split", "train")
    assert found["classes"] == ["nothing", "cell"] and [row["image"] for row in found["rows"]] == ["0", "0"]
    error = run("evaluate", "m.safetensors", "data.yaml", code=1).stderr
    assert error == "error[no-images]: data.yaml has no test images\n   Choose others: --split train (1).\n"


def test_classes_in_another_order_are_refused(folder: Path) -> None:
    trained = Trained.load("m.safetensors")
    Trained(trained.model, trained.normalization, ("class 1", "class 0")).save("m.safetensors")
    error = run("evaluate", "m.safetensors", "data", code=1).stderr
    assert "error[classes-order]: classes: unet-same was trained on class 1, class 0; the data define class 0" in error


def test_where_nothing_can_be_written_the_old_files_stay_and_the_result_is_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("evaluate", "m.safetensors", "data", "-o", "out", "--metric", "dice")
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = run("evaluate", "m.safetensors", "data", "-o", "out", "--metric", "iou", "--overwrite", code=1)
    assert "cell" in result.stdout
    assert "out/scores.csv cannot be written: No space left on device" in result.stderr
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before
