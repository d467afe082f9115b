"""Backends that read ONNX: onnxruntime and OpenVINO, on the CPU."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unetkit.backends.backend import Request
from unetkit.backends.quantization import quantized
from unetkit.errors import Fault, UnetkitError
from unetkit.export.content import Content
from unetkit.export.formats import Format, Run, check_supported
from unetkit.export.onnxfile import onnx_bytes, open_session, session_run
from unetkit.export.openvinofile import compiled_run
from unetkit.export.sizes import restricted, taken
from unetkit.export.tracing import traced
from unetkit.model.interface import InputCheck, named_outputs
from unetkit.planning import Plan

_SHAPES = 4
"""Sizes for which OpenVINO keeps a compiled model: a compiled size is quicker than any size."""
_PRECISION = {"fp32": "f32", "int8": "f32", "bf16": "bf16", "fp16": "f16"}


class OnnxruntimeBackend:
    """onnxruntime, in float32 or with 8-bit integers."""

    name = "onnxruntime"
    format: Format = "onnx"
    dtypes: tuple[str, ...] = ("fp32", "int8")

    def obstacle(self, request: Request) -> str:
        if request.dtype not in self.dtypes:
            return f"it has no {request.dtype}"
        if request.device.type != "cpu":
            return "it runs on the CPU only"
        missing = [name for name in ("onnx", "onnxscript", "onnxruntime", self.name) if find_spec(name) is None]
        return f"{missing[0]} is not installed (pip install 'unetkit[export]')" if missing else ""

    def slow_to_make(self, request: Request) -> bool:
        return False

    def make(self, request: Request) -> ExportedNetwork:
        plan = request.plan
        check_supported(plan, self.format)
        sizes = taken(plan)
        training = request.model.training
        try:
            program = traced(request.model.eval(), plan, None, sizes)
        finally:
            request.model.train(training)
        onnx = onnx_bytes(program, Content.of(plan, sizes, None, {}))
        if request.dtype == "int8":
            onnx = quantized(onnx, request)
        return ExportedNetwork(restricted(plan, sizes), self.run(onnx, request))

    def run(self, onnx: bytes, request: Request) -> Run:
        """The function that runs the content of an ONNX file."""
        return session_run(open_session(onnx))


class OpenvinoBackend(OnnxruntimeBackend):
    """OpenVINO, in float32, in bfloat16 where the processor has it, or with 8-bit integers."""

    name = "openvino"
    format: Format = "openvino"
    dtypes = ("fp32", "bf16", "int8")

    def run(self, onnx: bytes, request: Request) -> Run:
        import openvino

        core = openvino.Core()
        core.set_property({"ENABLE_MMAP": False})
        if request.dtype == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise UnetkitError(Fault("dtype", "OpenVINO has no bfloat16 on this processor", cure="Use fp32."))
        model, name = core.read_model(onnx), request.plan.spec.name
        known: dict[tuple[tuple[int, ...], ...], Run] = {}

        def run(*inputs: NDArray[Any]) -> list[NDArray[Any]]:
            shapes = tuple(one.shape for one in inputs)
            if shapes not in known:
                if len(known) == _SHAPES:
                    del known[next(iter(known))]
                fixed = model.clone()
                try:
                    fixed.reshape({place: list(shape) for place, shape in zip(fixed.inputs, shapes, strict=True)})
                    known[shapes] = compiled_run(core, fixed, _PRECISION[request.dtype])
                except RuntimeError as error:
                    reason = str(error).strip().splitlines()[-1]
                    raise UnetkitError(Fault("openvino", f"{name}: OpenVINO cannot run it: {reason}")) from error
            return known[shapes](*inputs)

        return run


class ExportedNetwork(nn.Module):
    """A network that another runtime computes: inputs and outputs are those of the network, on the CPU."""

    def __init__(self, plan: Plan, run: Run) -> None:
        super().__init__()
        self.plan, self.spec, self.run = plan, plan.spec, run
        self.register_forward_pre_hook(InputCheck(plan))
        self.eval()

    def train(self, mode: bool = True) -> ExportedNetwork:
        """Stays in evaluation mode."""
        return super().train(False)

    def forward(self, image: Tensor, *vectors: Tensor) -> Any:
        """The output (N, out_channels, *spatial), float32, or a named tuple of the outputs."""
        arrays = [
            np.ascontiguousarray(one.detach().float().numpy()) for one in (image, *(v.flatten(1) for v in vectors))
        ]
        outputs = [torch.from_numpy(np.array(one)) for one in self.run(*arrays)]
        return named_outputs(tuple(self.plan.outputs), outputs)
