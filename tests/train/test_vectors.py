"""A network with a vector beside the image: trained, predicted, evaluated and exported from files and tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.commandline import run
from tests.support.photos import CPU
from unetkit.data import load_data, read_data
from unetkit.data.data_keys import VectorKeys
from unetkit.data.vectors import VectorSource
from unetkit.document.document import to_text
from unetkit.errors import FileError, SpecError, UnetkitError
from unetkit.tiling import InferenceError
from unetkit.train import load_run, train_run
from unetkit.trained import EvaluateOptions, PredictOptions, Trained, evaluate, export_model, predict_files

SPEC: dict[str, Any] = {
    "unetkit": 1,
    "name": "told",
    "in_channels": 1,
    "out_channels": 2,
    "channels": [8, 8],
    "inputs": {"wanted": {"channels": 2, "vector": True}},
    "block": [{"type": "single_conv", "norm": "none"}, {"type": "film", "condition": "wanted"}, "single_conv"],
    "bottleneck": {"block": "single_conv"},
    "norm": "none",
}
LEVELS = {"bright": 160, "dark": 40}
TRAINING = {"steps": 150, "batch": 8, "patch": 16, "optimizer": {"type": "adamw", "learning_rate": 0.01}, "logger": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images with bright and dark squares, of which a table says the ones that are marked in the mask."""
    folder, random = tmp_path_factory.mktemp("told"), np.random.default_rng(0)
    rows = ["Image;wanted;place"]
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(24):
        image = np.full((20, 20), 100, np.uint8)
        wanted = list(LEVELS)[number % 2]
        for level in LEVELS.values():
            top, left = random.integers(0, 15, 2)
            image[top : top + 5, left : left + 5] = level
        np.save(folder / f"images/{number:02}.npy", image)
        np.save(folder / f"masks/{number:02}.npy", np.where(image == LEVELS[wanted], 1, 0))
        rows.append(f"images/{number:02}.npy;{wanted};{number}")
    (folder / "images.csv").write_text("\n".join(rows))
    data = {
        "unetkit": 1,
        "dataset": {"type": "folders", "images": "images", "masks": "masks"},
        "classes": ["rest", "wanted"],
        "vectors": {"wanted": {"table": "images.csv", "categories": ["bright", "dark"]}},
    }
    (folder / "data.yaml").write_text(to_text(data))
    (folder / "run.yaml").write_text(to_text({"unetkit": 1, "spec": SPEC, "data": "data.yaml", "training": TRAINING}))
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    train_run(load_run(folder / "run.yaml"), folder / "run", machine=CPU, progress=False)
    return folder / "run/best.safetensors"


def test_a_network_learns_what_only_its_vector_tells(folder: Path, model: Path) -> None:
    result = json.loads((folder / "run/result.json").read_text())
    wanted = [row["dice"] for row in result["scores"]["images"] if row["class"] == "wanted"]
    assert np.mean(wanted) > 0.9  # .5 or less for one that marks both kinds, or one of them
    (record,) = Trained.load(model).signature.vectors
    assert (record.name, record.columns, record.categories) == ("wanted", ("wanted",), ("bright", "dark"))
    found = evaluate(model, str(folder / "data.yaml"), EvaluateOptions(metrics=("dice",)))
    assert found.measurement.scores.mean("dice") == pytest.approx(np.mean([*wanted, *_rest(result)]))
    assert load_run(result["run"]).resolve() == result["run"]


def _rest(result: dict[str, Any]) -> list[float]:
    return [row["dice"] for row in result["scores"]["images"] if row["class"] == "rest"]


def test_predict_takes_a_category_numbers_or_a_table(folder: Path, model: Path, tmp_path: Path) -> None:
    image = folder / "images/22.npy"
    texts = {"category": "dark", "numbers": "0,1", "table": str(folder / "images.csv"), "other": "bright"}
    found = {}
    for name, text in texts.items():
        run("predict", model, image, "-o", tmp_path / name, "--vector", f"wanted={text}")
        found[name] = np.load(tmp_path / name / "22.npy")
    assert np.array_equal(found["category"], found["numbers"]) and np.array_equal(found["table"], found["other"])
    assert not np.array_equal(found["category"], found["other"])
    export_model(model, tmp_path / "model.onnx", "onnx")
    predict_files(tmp_path / "model.onnx", [image], tmp_path / "onnx", PredictOptions(vectors={"wanted": "dark"}))
    assert np.array_equal(np.load(tmp_path / "onnx/22.npy"), found["category"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "takes the vector wanted, which is not given"),
        ({"wanted": "grey"}, "neither one of bright, dark nor a table"),
        ({"wanted": 1.0}, "wanted has 2 values for each image, not 1"),
        ({"wanted": "dark", "time": 1.0}, "takes no vector time"),
        ({"wanted": "none.csv"}, "none.csv cannot be read as a table"),
    ],
)
def test_wrong_vectors_of_predict_are_told(folder: Path, model: Path, given: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnetkitError, match=message):
        predict_files(model, [folder / "images/22.npy"], tmp_path, PredictOptions(vectors=given))


def test_evaluate_asks_for_the_vectors_and_categories_of_training(folder: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="takes the vector wanted, which the data do not give"):
        evaluate(model, str(folder))
    data = load_data(folder / "data.yaml", ["vectors.wanted.categories=[dark, bright]"]).resolve(tmp_path)
    (tmp_path / "data.yaml").write_text(to_text(data))
    with pytest.raises(FileError, match="other categories than in training"):
        evaluate(model, str(tmp_path / "data.yaml"))


def test_a_run_is_refused_where_the_data_lack_the_vector_of_its_network(folder: Path) -> None:
    with pytest.raises(SpecError, match="told takes the vector wanted, which the data do not give"):
        load_run({"unetkit": 1, "spec": SPEC, "data": str(folder), "training": TRAINING})
    with pytest.raises(SpecError, match="the data give 1 value of wanted, told takes 2"):
        load_run(folder / "run.yaml", ["data.vectors={wanted: 0.5}"])


def pairs_of(folder: Path, vectors: str) -> dict[str, dict[str, list[float]]]:
    data = load_data(folder / "data.yaml", [f"vectors={vectors}"]).resolve(folder)
    (folder / "other.yaml").write_text(to_text(data))
    found = read_data(str(folder / "other.yaml"))
    return {pair.name: {name: one.tolist() for name, one in pair.vectors.items()} for pair in found.train}


def test_vectors_are_numbers_for_all_images_or_columns_of_a_table(folder: Path) -> None:
    found = pairs_of(folder, "{dose: 0.5, place: images.csv, both: {table: images.csv, column: [place, Place]}}")
    assert found["03"] == {"wanted": [0.0, 1.0], "dose": [0.5], "place": [3.0], "both": [3.0, 3.0]}
    assert VectorSource.of("time", VectorKeys(table="a.csv")) == VectorSource.of("time", "a.csv")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ("{wanted: images.csv}", "'bright' for 00 under wanted, which is no number"),
        ("{wanted: {table: images.csv, categories: [bright, grey]}}", "'dark' for 01, which is no category"),
        ("{time: images.csv}", "has no column 'time'"),
        ("{time: data.yaml}", "cannot be read as a table"),
        ("{time: few.csv}", "few.csv has no row for 0"),
        ("{time: twice.csv}", "twice.csv has several rows for 00"),
    ],
)
def test_tables_that_do_not_fit_are_told(folder: Path, vectors: str, message: str) -> None:
    (folder / "few.csv").write_text("name,time\n00,1\nelsewhere,unknown\n")
    (folder / "twice.csv").write_text("name,time\n00,1\n00,2\n")
    with pytest.raises(FileError, match=message):
        pairs_of(folder, vectors)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ("{class: 1}", "cannot name an input"),
        (
            "{time: {table: a.csv, column: [a, b], categories: [x, y]}}",
            "those of one column, here are 2",
        ),
        ("{time: {table: a.csv, categories: [x, x]}}", "a category is given twice"),
        ("{time: {tabel: a.csv}}", "Did you mean"),
    ],
)
def test_wrong_vectors_of_a_data_file_are_faults(folder: Path, vectors: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_data(folder / "data.yaml", [f"vectors={vectors}"])


def test_a_vector_of_all_training_images_need_not_be_given_again(folder: Path, tmp_path: Path) -> None:
    changes = ["data.vectors={wanted: [1, 0]}", "training.steps=1"]
    train_run(load_run(folder / "run.yaml", changes), tmp_path / "run", machine=CPU, progress=False)
    trained = tmp_path / "run/best.safetensors"
    predict_files(trained, [folder / "images/22.npy"], tmp_path / "out")
    evaluate(trained, str(folder), EvaluateOptions(metrics=("dice",)))
    with pytest.raises(InferenceError, match="not 1"):
        predict_files(trained, [folder / "images/22.npy"], tmp_path, PredictOptions(vectors={"wanted": 3.0}))
