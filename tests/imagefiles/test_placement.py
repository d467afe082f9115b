"""Orientation and spacing from training to result: predict, evaluate and validation agree, on the file's samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import unetkit
from tests.imagefiles.test_orientation import AFFINE, in_ras, save
from tests.support.campaign import examples
from unetkit.data import Normalization, load_data, open_data
from unetkit.data.preprocessing.signature import ClassRecord, Signature
from unetkit.errors import FileError
from unetkit.scoring import label, score_model
from unetkit.spatial.reorientation import ORIENTATIONS
from unetkit.tiling import predict
from unetkit.train import load_run, train_run
from unetkit.train.machine import Machine
from unetkit.trained import Trained
from unetkit.trained.predictor import PredictOptions, file_predictor

SIZE = (10, 12, 9)


def head(seed: int = 0) -> NDArray[np.int16]:
    """Blobs in noise, not symmetric in any way."""
    random = np.random.default_rng(seed)
    image = random.normal(0, 20, SIZE)
    image[1:5, 2:8, 1:4] += 300
    return np.rint(image).astype(np.int16)


def network(dims: int, **placed: Any) -> Trained:
    """A network without training that gives each of its classes somewhere."""
    values = {"unetkit": 1, "dims": dims, "in_channels": 1, "out_channels": 3, "channels": [4, 6], "odd_sizes": "pad"}
    model = unetkit.build(values, seed=1).eval()
    normalization = Normalization("image")
    output = predict(model, normalization.apply(head()[None] if dims == 3 else head()[None, ..., 2]))
    bias = next(value for name, value in model.named_parameters() if name.startswith("head") and name.endswith("bias"))
    bias.data -= torch.from_numpy(output.reshape(3, -1).mean(1))
    classes = tuple(ClassRecord(name=name) for name in "abc")
    return Trained(model, Signature(channels=1, normalization=normalization, classes=classes, **placed))


def labelled(trained: Trained, file: Path, **asked: Any) -> Path:
    with file_predictor(trained, PredictOptions(**asked)) as ready:
        return ready.predict_file(file, file.parent / "out")


@pytest.mark.parametrize("dims", [2, 3])
@settings(max_examples=examples(12))
@given(st.sampled_from(ORIENTATIONS), st.sampled_from(ORIENTATIONS), st.tuples(*[st.sampled_from([0, 0.7, 1.5])] * 3))
def test_an_image_gets_the_same_labels_in_every_orientation(
    tmp_path_factory: pytest.TempPathFactory, dims: int, known: str, codes: str, spacing: tuple[float, ...]
) -> None:
    folder = tmp_path_factory.mktemp("heads")
    trained = network(dims, orientation=known, spacing=spacing[:dims] if all(spacing) else ())
    found = []
    for stored in (known, codes):
        file = save(folder / f"{stored}.nii", head(), codes=stored)
        result = labelled(trained, file)
        assert np.allclose(nibabel.load(result).affine, nibabel.load(file).affine)  # type: ignore[attr-defined]
        found.append(in_ras(result))
    assert len(np.unique(found[0])) > 1
    assert_array_equal(found[0], found[1])


def test_an_image_that_does_not_say_its_orientation_is_taken_as_it_is_with_a_warning(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", head())
    with pytest.warns(
        UserWarning, match=r"a\.npy: the file does not state its orientation, the network was trained on RAS"
    ):
        labelled(network(3, orientation="RAS"), tmp_path / "a.npy")


@pytest.mark.parametrize("probabilities", [False, True])
def test_a_resampled_image_gets_its_labels_on_its_own_samples(tmp_path: Path, probabilities: bool) -> None:
    trained = network(3, orientation="RAS", spacing=(1.6, 0.9, 1.0), unit="mm")
    file = save(tmp_path / "a.nii", head(), codes="LPS")
    result = in_ras(labelled(trained, file, probabilities=probabilities))
    preprocessing = trained.preprocessing
    seen = preprocessing.size(SIZE, (0.8, 0.9, 2.5), "mm")
    assert seen == (5, 12, 22)
    output = preprocessing.output(predict(trained.model, preprocessing.image(head()[None], seen)), SIZE)
    if probabilities:
        expected = torch.softmax(torch.from_numpy(output), 0).numpy()
        np.testing.assert_allclose(np.moveaxis(result, -1, 0), expected, atol=1e-6)
    else:
        assert_array_equal(result, output.argmax(0))
        assert len(np.unique(result)) > 1


def test_an_image_without_a_spacing_is_refused_by_a_network_that_needs_it(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", head())
    with pytest.raises(FileError, match="lacks the distance between its samples"):
        labelled(network(3, spacing=(1.0, 1.0, 1.0)), tmp_path / "a.npy")


def test_images_without_a_spacing_are_refused_where_the_data_file_asks_for_one(tmp_path: Path) -> None:
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        np.save(tmp_path / part / "a.npy", (head() > 100).astype(np.uint8))
    said = {"unetkit": 1, "dims": 3, "dataset": {"type": "folders", "images": "images", "masks": "masks"}}
    with pytest.raises(FileError, match="lacks the distance between its samples") as caught:
        open_data(load_data(said | {"spacing": "median"}, folder=tmp_path))
    assert "spacing: native" in caught.value.faults[0].cure


@pytest.mark.parametrize(
    ("dims", "spacing"), [(3, "native"), (3, "median"), (3, [1.6, 0.9, 1.5]), (2, "native"), (2, [1.6, 1.2])]
)
def test_validation_evaluate_and_predict_agree_label_for_label(tmp_path: Path, dims: int, spacing: Any) -> None:
    torch.set_num_threads(1)
    steps = (2.5, 1.5, 1.5, 2.5)
    for number, codes in enumerate(["LPS", "RAS", "LPS", "SAR"]):
        affine = AFFINE * [[1, 1, 1, 1]] * [1, 1, steps[number] / 2.5, 1]
        save(tmp_path / "images" / f"{number}.nii", head(number), affine, codes=codes)
        save(tmp_path / "masks" / f"{number}.nii", (head(number) > 150).astype(np.uint8), affine, codes="RAS")
    files = {"type": "folders", "images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}
    split = {"type": "group", "by": "{group}*", "validation": 1, "test": 0} if dims == 2 else None
    data = {"dims": dims, "dataset": files, "spacing": spacing, "split": split or {"type": "block", "validation": 1}}
    spec = {
        "unetkit": 1,
        "name": "u",
        "dims": dims,
        "in_channels": 1,
        "out_channels": 2,
        "channels": [4, 6],
        "odd_sizes": "pad",
    }
    training = {
        "steps": 16,
        "batch": 2,
        "patch": 8,
        "balance": 1.0,
        "logger": [],
        "optimizer": {"type": "adam", "learning_rate": 0.03},
    }
    run = load_run({"unetkit": 1, "spec": spec, "data": data, "training": training})
    result = train_run(run, tmp_path / "run", machine=Machine("cpu"), progress=False)
    trained = Trained.load(tmp_path / "run" / "best.safetensors")
    assert trained.preprocessing.orientation == "LPS"
    assert trained.preprocessing.spacing == {"native": (), "median": (0.8, 0.9, 1.5)}.get(str(spacing), tuple(spacing))
    pairs = open_data(run.data).validation
    scores = score_model(trained.model, pairs, trained.preprocessing, metrics=("dice",))
    assert scores.mean("dice") == pytest.approx(result.values["validation"][-1][1], abs=1e-12)
    volumes: dict[str, NDArray[Any]] = {}
    classes: set[int] = set()
    for pair, found in label(trained.model, pairs, trained.preprocessing):
        name = pair.name.split("[")[0]
        if name not in volumes:
            written = labelled(trained, tmp_path / "images" / f"{name}.nii")
            volumes[name] = in_ras(written)[::-1, ::-1]  # as LPS
        volume = volumes[name]
        mine = volume if dims == 3 else volume[:, :, int(pair.name.split("[")[1][:-1])]
        assert_array_equal(mine, found)
        classes |= set(np.unique(found).tolist())
    assert classes == {0, 1}
