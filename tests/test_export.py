"""Exported files compute what the network computes, carry its spec, and are written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unetkit
from tests.commandline import run
from unetkit.data import Normalization
from unetkit.export.exporting import TOLERANCE
from unetkit.train.labelling import Asked, file_labeller
from unetkit.train.modelfile import Trained

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
openvino = pytest.importorskip("openvino")

NAMES = {"onnx": "model.onnx", "openvino": "model", "torch": "model.pt2"}
SMALL = "channels=[4, 8, 8]"


def saved(folder: Path, *overrides: str) -> Path:
    model = unetkit.build(unetkit.load("unet-small", [SMALL, *overrides]), seed=1)
    return Trained(model, Normalization("dataset", (100.0,), (30.0,)), ("background", "grün", "2", "3")).save(
        folder / "model.safetensors"
    )


@pytest.fixture(scope="module", params=["odd_sizes=error", "odd_sizes={type: pad, mode: zeros}"])
def shipment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model file and what was exported from it."""
    folder = tmp_path_factory.mktemp("shipment")
    model = saved(folder, request.param)
    for to in ("onnx", "openvino"):
        run("export", model, "--to", to, "-o", folder / NAMES[to])
    return folder


@pytest.mark.parametrize("to", ["onnx", "openvino"])
@pytest.mark.parametrize("tile", [32, "auto"])
def test_an_exported_file_predicts_what_the_model_file_predicts(shipment: Path, to: str, tile: int | str) -> None:
    image = np.random.default_rng(0).integers(0, 255, (1, 75, 52)).astype(np.uint16)
    np.save(shipment / "image.npy", image[0])
    found: list[Any] = []
    for file in ("model.safetensors", NAMES[to]):
        with file_labeller(shipment / file, Asked(tile=tile, probabilities=True)) as labeller:
            found.append(np.load(labeller.label(shipment / "image.npy", shipment / "out")))
    assert found[0].shape == (4, 75, 52)
    assert np.abs(found[0] - found[1]).max() < TOLERANCE * np.ptp(found[0])
