"""Export: trace the network, write the file, compare its outputs with the network, then move it into place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import ExportedProgram

from unetkit.errors import Fault
from unetkit.export.checksum import SUMS, sealed_onnx, write_sums
from unetkit.export.content import Content, InputScaling
from unetkit.export.formats import FORMATS, ExportError, Format, Run, check_supported
from unetkit.export.onnxfile import onnx_bytes, open_onnx
from unetkit.export.openvinofile import NAMES, open_openvino, write_openvino
from unetkit.export.sizes import Sizes, spread, taken, to_json
from unetkit.export.tracing import ScaleInput, traced
from unetkit.model import for_inference, plan_of
from unetkit.planning import Plan, Size
from unetkit.writing import placed

TOLERANCE = 1e-4
"""Largest accepted difference, as a fraction of the range of the output."""
FLOOR = 8 * 2.0**-23
"""Difference that is always accepted: eight rounding errors in single precision, of 1 or of the output.

The range of an untrained network, whose outputs hardly vary, may itself be a rounding error.
"""

STEPS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((0,), (1,), (3,)),
    2: ((0, 0), (1, 2), (3, 4)),
    3: ((0, 0, 0), (1, 2, 3), (3, 1, 0)),
}
"""Checked sizes by dims, in periods above the smallest along each axis; volumes grow fast, and with them the memory."""


class Check(NamedTuple):
    """The largest difference between the outputs of a file and its network at one size.

    `range` is that of the output, `largest` its largest magnitude, which determines the rounding error.
    """

    size: Size
    difference: float
    range: float
    largest: float = 1.0

    @property
    def allowed(self) -> float:
        """The largest accepted difference."""
        return max(TOLERANCE * self.range, FLOOR * max(1.0, self.largest))


class Exported(NamedTuple):
    """An exported model: its path, format, input sizes and scaling, and how it compares to the network."""

    path: Path
    format: Format
    sizes: Sizes
    levels: InputScaling | None
    checks: tuple[Check, ...]
    input: str = ""
    """The images that it takes, in words."""

    def json(self) -> dict[str, Any]:
        """The fields as plain values."""
        return {
            "input": self.input,
            "file": str(self.path),
            "format": self.format,
            "sizes": to_json(self.sizes),
            "checks": [one._asdict() for one in self.checks],
            "difference": max(one.difference for one in self.checks),
        }


def export(
    model: nn.Module,
    file: str | PathLike[str],
    to: Format,
    *,
    levels: InputScaling | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Exported:
    """Writes a network in another format, atomically, and compares the outputs of both.

    Outputs that exist in training only are left out.
    With `levels` the file scales its input itself; `metadata` are saved in it. Raises ExportError where the network
    cannot be exported, or where the outputs differ.
    """
    model = for_inference(model)
    plan = plan_of(model)
    if to not in FORMATS:
        raise ExportError(Fault("format", f"there is no format {to!r}", cure=f"Known: {', '.join(FORMATS)}."))
    path = Path(file)
    _check_path(path, to)
    check_supported(plan, to)
    sizes = taken(plan)
    content = Content.of(plan, sizes, levels, metadata or {})
    with _evaluating(model) as network:
        program = traced(network, plan, levels, sizes, for_torch=to == "torch")
        with placed(path) as growing:
            run = _write(program, content, to, growing)
            checks = tuple(compare(network, levels, run, size) for size in sizes_to_check(plan, sizes))
            refuse_difference(plan, checks, to)
    return Exported(path, to, sizes, levels, checks)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation mode on the CPU; afterwards the modes of all modules are restored."""
    network = model if all(weight.device.type == "cpu" for weight in model.parameters()) else deepcopy(model).cpu()
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield network
    finally:
        for module, training in modes:
            module.training = training


def _check_path(path: Path, to: Format) -> None:
    """Raises ExportError where a path is not suitable for a format."""
    suffix = {"onnx": ".onnx", "torch": ".pt2", "openvino": ""}[to]
    if suffix and path.suffix != suffix:
        raise ExportError(Fault("export-name", f"{path} has the wrong extension", cure=f"Use {suffix}."))
    if to == "openvino" and path.suffix in (".xml", ".bin"):
        message = f"{path}: OpenVINO has two files, {' and '.join(NAMES)}"
        raise ExportError(Fault("export-name", message, cure="Give the name of a folder."))
    if path.is_dir() and (to != "openvino" or any(inner.name not in (*NAMES, SUMS) for inner in path.iterdir())):
        raise ExportError(Fault("export-name", f"{path} is a folder with other files", cure="Choose another name."))


def _write(program: ExportedProgram, content: Content, to: Format, path: Path) -> Run:
    """Writes a program in a format, and returns the function that runs the written file."""
    if to == "torch":
        written = BytesIO()  # torch would abort the process on a full disk
        torch.export.save(program, written, extra_files={"unetkit.json": json.dumps(dict(content.metadata))})
        path.write_bytes(written.getbuffer())
        module = torch.export.load(path).module()  # trusted, because it was written just now
        return lambda *inputs: _run_program(module, content.plan, inputs)
    onnx = onnx_bytes(program, content)
    if to == "onnx":
        path.write_bytes(sealed_onnx(onnx))
        return open_onnx(path)[1]
    write_openvino(onnx, content, path)
    write_sums(path, NAMES)
    return open_openvino(path)[1]


def _run_program(program: nn.Module, plan: Plan, inputs: tuple[NDArray[Any], ...]) -> list[NDArray[Any]]:
    """The outputs of a torch program, whose vectors are given by name."""
    image, *vectors = map(torch.from_numpy, inputs)
    return [one.numpy() for one in _listed(program(image, **dict(zip(plan.vectors, vectors, strict=True))))]


def sizes_to_check(plan: Plan, sizes: Sizes) -> Iterator[Size]:
    """Yields three sizes, including the smallest, with axes of different lengths; or the only one."""
    for steps in STEPS[plan.dims] if any(not one.few for one in sizes) else STEPS[plan.dims][:1]:
        periods = steps
        if plan.pads:
            periods = tuple(
                count * inner.period + any(steps) for count, inner in zip(steps, plan.preferred_sizes, strict=True)
            )
        yield spread(sizes, periods)


def compare(network: nn.Module, levels: InputScaling | None, run: Run, size: Size) -> Check:
    """Compares the outputs of a file and its network for random noise."""
    plan, random = plan_of(network), torch.Generator().manual_seed(0)
    noise = torch.randn(1, plan.spec.in_channels, *size, generator=random)
    vectors = [torch.randn(1, count, generator=random) for count in plan.vectors.values()]
    scaled: Tensor = noise
    if levels is not None:
        scale = ScaleInput(levels, len(size))
        noise = noise * scale.std + scale.mean
        scaled = scale(noise)
    with torch.no_grad():
        expected = [one.numpy() for one in _listed(network(scaled, *vectors))]
        found = run(noise.numpy(), *(one.numpy() for one in vectors))
    shapes = [[tuple(one.shape) for one in outputs] for outputs in (found, expected)]
    if shapes[0] != shapes[1]:
        given, wanted = (" and ".join(map(str, each)) for each in shapes)
        raise ExportError(Fault("export-differs", f"for {tuple(noise.shape)} the file gives {given}, not {wanted}"))
    checks = [
        Check(size, float(np.abs(one - other).max()), float(np.ptp(other)), float(np.abs(other).max()))
        for one, other in zip(found, expected, strict=True)
    ]
    return max(checks, key=lambda check: check.difference / check.allowed)


def _listed(outputs: Any) -> list[Tensor]:
    """The outputs of a network, of which there may be one."""
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)


def refuse_difference(plan: Plan, checks: tuple[Check, ...], to: Format) -> None:
    """Raises ExportError where the outputs of a file and its network differ."""
    for check in checks:
        if not check.difference <= check.allowed:
            message = (
                f"{plan.spec.name}: at {'×'.join(map(str, check.size))} the {to} file differs by "
                f"{check.difference:.1e} from the network, whose outputs span {check.range:.1e}"
            )
            raise ExportError(Fault("export-differs", message, cure="Choose another format."))
