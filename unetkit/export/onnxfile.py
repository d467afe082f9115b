"""ONNX files: written by torch, run by onnxruntime."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch.export import ExportedProgram

from unetkit.errors import Fault, FileError
from unetkit.export.content import Content
from unetkit.export.formats import ExportError, Run, needed
from unetkit.wording import gigabytes

_LIMIT = 2**31
"""Largest size of a protobuf file in bytes."""


def onnx_bytes(program: ExportedProgram, content: Content) -> bytes:
    """The ONNX file of a program: inputs and outputs by their names, metadata in `metadata_props`."""
    needed("onnx"), needed("onnxscript")
    name = content.plan.spec.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter
        try:
            made = torch.onnx.export(
                program,
                input_names=[*content.plan.inputs],
                output_names=[*content.plan.outputs],
                dynamo=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            reason = str(error.__cause__ or error).strip().partition("\n")[0]
            raise ExportError(
                Fault("export-onnx", f"{name}: torch cannot write this network as ONNX: {reason}")
            ) from error
    assert made is not None, "with dynamo, torch returns a program"
    proto = made.model_proto
    for key, value in content.metadata.items():
        proto.metadata_props.add(key=key, value=value)
    if proto.ByteSize() >= _LIMIT:
        message = f"{name}: {gigabytes(proto.ByteSize())} exceed the limit of an ONNX file, 2 GB"
        raise ExportError(Fault("export-onnx", message, cure="Use --to openvino or --to torch."))
    return bytes(proto.SerializeToString())


def open_onnx(path: Path) -> tuple[dict[str, str], Run]:
    """The metadata of an ONNX file and the function that runs it; raises FileError where it is unreadable."""
    needed("onnxruntime")
    try:
        session = open_session(str(path))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise FileError(Fault("model-unreadable", f"{path} cannot be read: {reason}")) from error
    return dict(session.get_modelmeta().custom_metadata_map), session_run(session)


def open_session(model: str | bytes) -> Any:
    """A session of onnxruntime on the CPU, with as many threads as torch, for a file or its content."""
    runtime = needed("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.enable_cpu_mem_arena = False  # it would keep several times the peak memory of a tile
    options.log_severity_level = 4
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def session_run(session: Any) -> Run:
    """The function that runs a session."""
    names = [one.name for one in session.get_inputs()]

    def run(*inputs: NDArray[Any]) -> list[NDArray[Any]]:
        return list(session.run(None, dict(zip(names, inputs, strict=True))))

    return run
