"""Exports of networks with vectors beside the image: they are inputs of the file, by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")
pytest.importorskip("openvino")
import unetkit
from unetkit.export import ExportError, export, open_exported
from unetkit.tiling import InferenceError

INPUTS = {
    "time": {"channels": 1, "vector": True, "embed": "sinusoidal", "width": 16},
    "stain": {"channels": 3, "vector": True},
}
SPEC: dict[str, Any] = {
    "unetkit": 1,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [4, 8],
    "inputs": INPUTS,
    "block": [{"type": "residual", "condition": "time"}, {"type": "film", "condition": "stain"}],
}
NAMES = {"onnx": "model.onnx", "openvino": "model", "torch": "model.pt2"}


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return unetkit.build(SPEC, seed=0).eval()


@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_a_file_takes_vectors_and_computes_what_the_network_computes(
    to: Any, network: torch.nn.Module, tmp_path: Path
) -> None:
    exported = export(network, tmp_path / NAMES[to], to)
    assert all(check.difference <= check.allowed for check in exported.checks)
    image = torch.rand(1, 16, 24, generator=torch.Generator().manual_seed(0))
    with open_exported(exported.path) as runner:
        found = []
        for time in (0.0, 9.0):
            vectors = {"time": time, "stain": [0.0, time, 1.0]}
            runner.condition(vectors)
            found.append(runner(image).numpy())
            expected = unetkit.predict(network, image, None, vectors=vectors).numpy()
            assert np.abs(found[-1] - expected).max() < 1e-5
        assert np.abs(found[0] - found[1]).max() > 1e-3
        with pytest.raises(InferenceError, match="takes the vectors time, stain, here are time"):
            runner.condition({"time": 1.0})


def test_a_torch_program_takes_vectors_by_name_for_each_image_of_a_batch(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    export(network, tmp_path / "model.pt2", "torch")
    program = torch.export.load(tmp_path / "model.pt2").module()
    image, time, stain = torch.rand(3, 1, 16, 24), torch.rand(3, 1), torch.rand(3, 3)
    with torch.no_grad():
        assert torch.allclose(program(image, time=time, stain=stain), network(image, time, stain), atol=1e-6)


def test_an_onnx_file_names_its_inputs(network: torch.nn.Module, tmp_path: Path) -> None:
    import onnx

    export(network, tmp_path / "model.onnx", "onnx")
    inputs = onnx.load(tmp_path / "model.onnx").graph.input
    ranks = {one.name: len(one.type.tensor_type.shape.dim) for one in inputs}
    assert ranks == {"image": 4, "time": 2, "stain": 2}


def test_an_input_with_the_name_of_an_output_is_refused(tmp_path: Path) -> None:
    film = {"type": "residual", "condition": "output"}
    spec = SPEC | {"inputs": {"output": {"channels": 1, "vector": True}}, "block": film}
    with pytest.raises(ExportError, match="an input and an output called output"):
        export(unetkit.build(spec), tmp_path / "model.onnx", "onnx")
