"""Image files are predicted by other number types and backends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import unetkit
from tests.support.photos import discs
from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import plain_signature
from unetkit.errors import UnetkitError
from unetkit.trained import PredictListener, PredictOptions, Trained, predict_files


class Listener(PredictListener):
    reason = ""

    def chosen(self, reason: str) -> None:
        self.reason = reason


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An untrained network for two classes, and an image beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    torch.manual_seed(0)
    np.save(tmp_path / "disc.npy", discs(1)[0].image[0])
    signature = plain_signature(Normalization("dataset", (100.0,), (50.0,)), ("background", "disc"), 1)
    values = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}
    return Trained(unetkit.build(values, seed=0).eval(), signature).save(tmp_path / "model.safetensors")


def test_integers_are_calibrated_on_the_images(model: Path, tmp_path: Path) -> None:
    images, listener = [tmp_path / "disc.npy"], Listener()
    options = PredictOptions(probabilities=True, fast=True, dtype="int8", backend="onnxruntime")
    (found,) = predict_files(model, images, tmp_path / "int8", options, listener=listener)
    (wanted,) = predict_files(model, images, tmp_path / "fp32", PredictOptions(probabilities=True))
    assert listener.reason == "as asked"
    difference = np.abs(np.load(found) - np.load(wanted)).max()
    assert 0 < difference < 0.1


@pytest.mark.parametrize(
    ("options", "cure"),
    [(PredictOptions(dtype="int8"), "--fast"), (PredictOptions(backend="openvino"), "--fast")],
    ids=["int8", "backend"],
)
def test_backends_need_an_optimised_network(options: PredictOptions, cure: str, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UnetkitError, match=cure):
        predict_files(model, [tmp_path / "disc.npy"], tmp_path / "out", options)
