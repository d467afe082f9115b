"""Trained networks with several outputs: a map of each is predicted, tiled and scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import unetkit
from tests.support.photos import discs, write_photos
from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import OutputRecord, plain_signature
from unetkit.errors import FileError, SizeError
from unetkit.trained import PredictListener, PredictOptions, Trained, evaluate, export_model, predict_files
from unetkit.trained.card import CardOptions, make_card, write_card
from unetkit.trained.card.about import About

VALUES: dict[str, Any] = {
    "unetkit": 1,
    "in_channels": 1,
    "channels": [4, 8],
    "heads": {
        "mask": {"channels": 2},
        "parts": {"channels": 2},
        "distance": {"channels": 1},
        "coarse": {"channels": 2, "at": 1, "when": "training"},
    },
}
REGIONS = {"type": "regions", "regions": {"all": [0, 1], "disc": [1]}}


def network(**others: Any) -> Trained:
    """An untrained network for classes, regions and distances of discs."""
    torch.manual_seed(0)
    signature = plain_signature(Normalization("dataset", (100.0,), (50.0,)), ("background", "disc"), 1)
    outputs = (
        OutputRecord(name="mask", kind="classes", names=("background", "disc"), target={"type": "classes"}),
        OutputRecord(name="parts", kind="regions", names=("all", "disc"), target=REGIONS),
        OutputRecord(name="distance", kind="values", names=("distance",), target={"type": "distance"}),
    )
    model = unetkit.build(VALUES | others, seed=0).eval()
    return Trained(model, signature.model_copy(update={"outputs": outputs}))


def image() -> Any:
    return discs(1)[0].image


@pytest.mark.parametrize("tile", [None, 24, "auto"])
def test_tiles_give_every_output_of_the_whole_image(tile: Any) -> None:
    model = network().model
    whole = unetkit.predict(model, image(), None)
    tiled = unetkit.predict(model, image(), tile)
    assert tiled._fields == ("mask", "parts", "distance")
    assert [one.shape[0] for one in tiled] == [2, 2, 1]
    for name, found in tiled._asdict().items():
        np.testing.assert_allclose(found, getattr(whole, name), atol=1e-5)
    aligned = image()[:, :, :32]
    with torch.no_grad():
        direct = model(torch.from_numpy(aligned[None]))
    np.testing.assert_allclose(unetkit.predict(model, aligned, None).distance, direct.distance[0].numpy(), atol=1e-5)


def test_outputs_on_other_samples_are_not_tiled() -> None:
    heads = {"mask": {"channels": 2}, "coarse": {"channels": 1, "at": 1}}
    model = unetkit.build(VALUES | {"heads": heads})
    with pytest.raises(SizeError, match="the outputs mask and coarse have other samples"):
        unetkit.predict(model, image())


def test_a_map_of_each_output_is_written(tmp_path: Path) -> None:
    trained = network()
    file = trained.save(tmp_path / "model.safetensors")
    np.save(tmp_path / "disc.npy", image()[0])
    outputs = unetkit.predict(trained.model, (image() - 100) / 50)
    paths = predict_files(file, [tmp_path / "disc.npy"], tmp_path / "out")
    assert [str(path.relative_to(tmp_path / "out")) for path in paths] == [
        "mask/disc.npy",
        "parts/disc.npy",
        "distance/disc.npy",
    ]
    mask, parts, distance = (np.load(path) for path in paths)
    assert np.array_equal(mask, outputs.mask.argmax(0))
    assert np.array_equal(parts, outputs.parts > 0) and parts.shape == (2, 40, 33)
    np.testing.assert_allclose(distance, outputs.distance, atol=1e-5)
    options = PredictOptions(probabilities=True)
    shares = [np.load(path) for path in predict_files(file, [tmp_path / "disc.npy"], tmp_path / "shares", options)]
    np.testing.assert_allclose(shares[1], 1 / (1 + np.exp(-outputs.parts)), rtol=1e-4)
    np.testing.assert_allclose(shares[0].sum(0), 1, rtol=1e-5)
    np.testing.assert_allclose(shares[2], distance, atol=1e-5)


@pytest.mark.parametrize(
    ("tile", "samples", "told"),
    [("auto", 1, []), ("stream", 1 << 19, ["at once"]), ("stream", 1, ["in strips of 8 rows"]), (24, 1, [])],
)
def test_it_is_told_how_an_image_is_cut(
    tile: Any, samples: int, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unetkit.tiling.strips._SAMPLES", samples)
    file = network().save(tmp_path / "model.safetensors")
    np.save(tmp_path / "disc.npy", image()[0])
    ways = list[str]()
    listener = PredictListener()
    monkeypatch.setattr(listener, "cut", ways.append)
    predict_files(file, [tmp_path / "disc.npy"], tmp_path / "out", PredictOptions(tile=tile), listener=listener)
    assert ways == told


def test_each_output_is_scored_by_what_it_predicts(tmp_path: Path) -> None:
    file = network().save(tmp_path / "model.safetensors")
    data = write_photos(tmp_path / "photos")
    found = evaluate(file, str(data), output=tmp_path / "scores")
    values = json.loads((tmp_path / "scores" / "summary.json").read_text("utf-8"))
    assert values["classes"] == ["background", "disc"]
    assert values["outputs"]["parts"]["classes"] == ["all", "disc"]
    assert set(values["outputs"]["distance"]["mean"]) == {"mae", "rmse"}
    assert found.json()["outputs"]["distance"]["rows"][0]["class"] == "distance"
    assert {file.name for file in (tmp_path / "scores").iterdir()} == {
        "scores.csv",
        "scores-parts.csv",
        "scores-distance.csv",
        "summary.json",
        "worst.png",
    }


def test_a_card_lists_the_outputs(tmp_path: Path) -> None:
    trained = network()
    history = {"outputs": {"mask": {"mean": {"dice": 0.5}}, "distance": {"mean": {"mae": 0.25, "rmse": None}}}}
    rows = [{"image": "a", "class": "disc", "dice": 0.5}]
    values = {"steps": 1, "scores": {"split": "test", "images": rows}} | history
    file = Trained(trained.model, trained.signature, training=values).save(tmp_path / "model.safetensors")
    write_card(make_card(file, CardOptions(About(), samples=0)), tmp_path / "card")
    text = (tmp_path / "card" / "README.md").read_text("utf-8")
    assert "| parts | regions | all, disc |" in text
    assert "| distance | mae 0.250, rmse – |" in text


def test_a_signature_of_other_outputs_is_refused(tmp_path: Path) -> None:
    trained = network()
    fewer = trained.signature.model_copy(update={"outputs": trained.signature.outputs[:2]})
    file = Trained(trained.model, fewer).save(tmp_path / "model.safetensors")
    with pytest.raises(FileError, match="a network with the outputs mask, parts, distance"):
        Trained.load(file)


@pytest.mark.parametrize("to", ["onnx", "openvino", "torch"])
def test_exports_have_every_output_of_inference(to: Any, tmp_path: Path) -> None:
    trained = network()
    name = {"onnx": "model.onnx", "openvino": "model", "torch": "model.pt2"}[to]
    file = trained.save(tmp_path / "model.safetensors")
    exported = export_model(file, tmp_path / name, to)
    assert max(check.difference / check.allowed for check in exported.checks) <= 1
    if to == "torch":
        return  # is not run by unetkit
    np.save(tmp_path / "disc.npy", image()[0])
    own, others = (
        [np.load(path) for path in predict_files(model, [tmp_path / "disc.npy"], tmp_path / out)]
        for model, out in ((file, "own"), (tmp_path / name, "exported"))
    )
    assert len(own) == 3
    for one, other in zip(own, others, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
