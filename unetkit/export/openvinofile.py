"""OpenVINO models: two files in a folder, converted from ONNX, run by OpenVINO on the CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter

from unetkit.errors import Fault, FileError
from unetkit.export.content import Content
from unetkit.export.formats import ExportError, Run, needed

NAMES = ("model.xml", "model.bin")
"""The graph and the weights."""

METADATA = TypeAdapter(dict[str, str])
KEY = "unetkit"
"""Key of the metadata in the runtime information, as JSON because XML does not preserve line breaks."""


def write_openvino(onnx: bytes, content: Content, folder: Path) -> None:
    """Converts an ONNX file to an OpenVINO model in a new folder, in single precision."""
    openvino = needed("openvino")
    try:
        model = openvino.Core().read_model(onnx)
    except RuntimeError as error:
        name, reason = content.plan.spec.name, str(error).strip().splitlines()[-1]
        raise ExportError(Fault("export-openvino", f"{name}: OpenVINO cannot read this network: {reason}")) from error
    model.set_rt_info(json.dumps(dict(content.metadata)), [KEY])
    folder.mkdir()
    try:
        openvino.save_model(model, folder / NAMES[0], compress_to_fp16=False)
    except RuntimeError as error:
        (folder / "room").write_bytes(bytes(len(onnx)))  # raises the error of the system, which OpenVINO hides
        raise OSError(f"OpenVINO: {str(error).strip().splitlines()[-1]}") from error


def open_openvino(folder: Path) -> tuple[dict[str, str], Run]:
    """The metadata of an OpenVINO model and the function that runs it; raises FileError where it is unreadable."""
    openvino = needed("openvino")
    core = openvino.Core()
    try:
        model = core.read_model(folder / NAMES[0])
        run = compiled_run(core, model)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise FileError(Fault("model-unreadable", f"{folder} cannot be read: {reason}")) from error
    metadata: dict[str, str] = {}
    if model.has_rt_info([KEY]):
        metadata = METADATA.validate_json(model.get_rt_info([KEY]).astype(str))  # raises ValueError
    return metadata, run


def compiled_run(core: Any, model: Any, number_type: str = "f32") -> Run:
    """The function that runs an OpenVINO model on the CPU, with as many threads as torch."""
    # By default OpenVINO uses bfloat16 where the CPU supports it.
    settings = {"INFERENCE_PRECISION_HINT": number_type, "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = core.compile_model(model, "CPU", settings)

    def run(*inputs: NDArray[Any]) -> list[NDArray[Any]]:
        found = compiled(list(inputs))
        return [found[index] for index in range(len(compiled.outputs))]

    return run
