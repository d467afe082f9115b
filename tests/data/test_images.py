"""Images of several inputs in files of their own, `images: {before: A, after: B}`, and the targets of outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from tests.support.photos import CPU
from unetkit.data import load_data, open_data
from unetkit.data.targets import Distance
from unetkit.document.document import to_text
from unetkit.errors import FileError, SpecError, UnetkitError
from unetkit.train import load_run, train_run
from unetkit.trained import EvaluateOptions, Trained, evaluate, predict_files

DATASET = {"type": "folders", "images": {"before": "A", "after": "B"}, "masks": "label"}
SPEC: dict[str, Any] = {
    "unetkit": 1,
    "name": "pair",
    "in_channels": 6,
    "out_channels": 2,
    "channels": [4, 8],
    "topology": "siamese",
    "inputs": {"before": {"channels": 3}, "after": {"channels": 3}},
}
TRAINING = {"steps": 1, "batch": 1, "patch": 16, "logger": []}


def data(folder: Path, **keys: Any) -> dict[str, Any]:
    """Writes pictures in colour and in grey with masks, and returns a data file for them."""
    random = np.random.default_rng(0)
    for name, shape in (("A", (16, 20, 3)), ("B", (16, 20)), ("C", (16, 20, 3)), ("label", (16, 20))):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(4):
            array = random.integers(0, 2 if name == "label" else 255, shape, np.uint8)
            Image.fromarray(array).save(folder / name / f"{number}.png")
    values = {"unetkit": 1, "dataset": DATASET, "classes": ["same", "changed"], "channels": {"before": 3, "after": 1}}
    return values | keys


def test_images_of_several_inputs_are_read_one_after_the_other(tmp_path: Path) -> None:
    spec = load_data(data(tmp_path), folder=tmp_path)
    pair = open_data(spec).train[1]
    before, after = (np.asarray(Image.open(tmp_path / name / "1.png")) for name in "AB")
    assert_array_equal(pair.image, np.concatenate([before.transpose(2, 0, 1), after[None]]))
    assert spec.image_channels == {"before": 3, "after": 1} and spec.channels == 4
    resolved = spec.resolve()
    assert resolved["dataset"]["images"] == {"before": str(tmp_path / "A"), "after": str(tmp_path / "B")}
    assert load_data(resolved).resolve() == resolved
    assert spec.files() >= {tmp_path / "A/0.png", tmp_path / "B/0.png", tmp_path / "label/0.png"}


def test_one_number_of_channels_is_divided_among_the_images(tmp_path: Path) -> None:
    dataset = DATASET | {"images": {"before": "A", "after": "C"}}
    spec = load_data(data(tmp_path, channels=6, dataset=dataset), folder=tmp_path)
    assert spec.image_channels == {"before": 3, "after": 3}
    assert open_data(spec).train[0].image.shape == (6, 16, 20)


def test_a_network_of_two_images_is_trained_evaluated_and_predicts_folders_of_them(tmp_path: Path) -> None:
    dataset = DATASET | {"images": {"before": "A", "after": "C"}}
    (tmp_path / "data.yaml").write_text(to_text(data(tmp_path, dataset=dataset, channels=6)))
    run = load_run({"unetkit": 1, "spec": SPEC, "data": str(tmp_path / "data.yaml"), "training": TRAINING})
    train_run(run, tmp_path / "run", machine=CPU, progress=False)
    model = tmp_path / "run/best.safetensors"
    signature = Trained.load(model).signature
    assert (signature.modalities, signature.file_channels) == (("A/*", "C/*"), (3, 3))
    evaluate(model, str(tmp_path / "data.yaml"), EvaluateOptions(metrics=("dice",)))
    paths = predict_files(model, [tmp_path / "A", tmp_path / "C"], tmp_path / "out")
    assert [path.name for path in paths] == ["0.png", "1.png", "2.png", "3.png"]
    with pytest.raises(UnetkitError, match=r"and no C/\*"):
        predict_files(model, [tmp_path / "A"], tmp_path / "other")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": {"before": 3, "later": 1}}, "the data set has the images before, after"),
        ({"channels": 5}, "5 channels cannot be divided among the images before, after"),
        ({"dataset": DATASET | {"images": "A"}}, "channels are those of before, after, the data set has one image"),
        ({"dataset": DATASET | {"images": {"class": "A", "after": "B"}}, "channels": 4}, "cannot name an input"),
        ({"channels": {"count": 4, "tak": [0]}}, "Did you mean"),
    ],
)
def test_wrong_images_of_a_data_file_are_faults(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        load_data(data(tmp_path, **changes), folder=tmp_path)


def test_a_file_with_other_channels_than_its_input_is_told(tmp_path: Path) -> None:
    spec = load_data(data(tmp_path, channels={"before": 1, "after": 3}), folder=tmp_path)
    with pytest.raises(FileError, match="channels"):
        open_data(spec)


def test_images_with_other_names_than_those_of_the_network_are_told(tmp_path: Path) -> None:
    dataset = DATASET | {"images": {"after": "C", "before": "A"}}
    given = data(tmp_path, dataset=dataset, channels=6)
    values = {"unetkit": 1, "spec": SPEC, "data": given, "training": TRAINING}
    with pytest.raises(SpecError, match=r"takes images with the channels before \(3\), after \(3\), the data have aft"):
        load_run(values, folder=tmp_path)


def test_the_data_give_the_targets_of_outputs_unless_the_run_does(tmp_path: Path) -> None:
    heads = {"mask": {"channels": 2}, "distance": {"channels": 1}}
    values: dict[str, Any] = {
        "unetkit": 1,
        "spec": SPEC | {"heads": heads},
        "data": data(tmp_path, targets={"distance": {"type": "distance", "relative": False}}, channels=6)
        | {"dataset": DATASET | {"images": {"before": "A", "after": "C"}}},
        "training": TRAINING | {"losses": {"distance": "mse"}},
    }
    del values["spec"]["out_channels"]
    run = load_run(values, folder=tmp_path)
    assert [task.target for task in run.tasks][1] == Distance(relative=False)
    assert run.data.resolve()["targets"] == {"distance": {"type": "distance", "relative": False}}
    assert load_run(run.resolve()).tasks == run.tasks
    values["training"]["targets"] = {"distance": "distance"}
    assert [task.target for task in load_run(values, folder=tmp_path).tasks][1] == Distance()
    values["data"]["targets"] = {"distanse": "distance"}
    with pytest.raises(SpecError, match="the data have a target of 'distanse', which is no output"):
        load_run(values, folder=tmp_path)
