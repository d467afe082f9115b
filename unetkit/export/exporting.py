"""Export: trace, write, run what was written beside the network itself, and only then put it in its place."""

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
from torch import Tensor, nn
from torch.export import ExportedProgram

from unetkit.errors import Fault
from unetkit.export.checksum import SUMS, sealed_onnx, write_sums
from unetkit.export.content import Content, InputScaling
from unetkit.export.formats import FORMATS, ExportError, Format, Run
from unetkit.export.onnxfile import onnx_bytes, open_onnx
from unetkit.export.openvinofile import NAMES, open_openvino, write_openvino
from unetkit.export.sizes import Sizes, spread, taken, to_json
from unetkit.export.tracing import ScaleInput, traced
from unetkit.export.unsupported import refuse_unsupported
from unetkit.model import plan_of
from unetkit.planning import Plan, Size
from unetkit.writing import placed

TOLERANCE = 1e-4
"""The largest difference from the network itself, as a part of the range of its output."""
FLOOR = 8 * 2.0**-23
"""A difference that counts as none whatever the range: eight roundings of single precision, of 1 or of the output.

A network whose outputs hardly differ, such as one that has learned nothing, has a range that is rounding itself.
"""

STEPS = (0, 1, 3)
"""How many periods above the least size a file is checked at; each axis is a period longer than the one before."""


class Check(NamedTuple):
    """How far a file and the network are apart at one size: the largest difference, and the range of the output.

    `largest` is the output's largest magnitude, on which the rounding of its numbers depends.
    """

    size: Size
    difference: float
    range: float
    largest: float = 1.0

    @property
    def allowed(self) -> float:
        """The largest difference that a file may have."""
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
    """Writes a network as a file of another program, whole or not at all, and returns how the two compare.

    `levels` become a part of the file, so that it takes images in grey levels; `metadata` are kept in it. Raises
    ExportError where the network has no such form, or where the file computes something else than the network.
    """
    plan = plan_of(model)
    if to not in FORMATS:
        raise ExportError(Fault("format", f"there is no format {to!r}", cure=f"Known: {', '.join(FORMATS)}."))
    path = Path(file)
    refuse_place(path, to)
    refuse_unsupported(plan, to)
    sizes = taken(plan)
    content = Content.of(plan, sizes, levels, metadata or {})
    with evaluating(model) as network:
        program = traced(network, plan, levels, sizes, for_torch=to == "torch")
        with placed(path) as growing:
            run = write(program, content, to, growing)
            checks = tuple(
                compare(network, levels, run, (plan.spec.in_channels, *size)) for size in sizes_to_check(plan, sizes)
            )
            refuse_difference(plan, checks, to)
    return Exported(path, to, sizes, levels, checks)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Gives the network in evaluation mode on the CPU; afterwards every module is in the mode that it was in."""
    network = model if all(weight.device.type == "cpu" for weight in model.parameters()) else deepcopy(model).cpu()
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield network
    finally:
        for module, training in modes:
            module.training = training


def refuse_place(path: Path, to: Format) -> None:
    """Raises ExportError where a file of this format cannot be put to a path without harm."""
    suffix = {"onnx": ".onnx", "torch": ".pt2", "openvino": ""}[to]
    if suffix and path.suffix != suffix:
        raise ExportError(Fault("export-name", f"{path} is no name for this format", cure=f"Let it end with {suffix}."))
    if to == "openvino" and path.suffix in (".xml", ".bin"):
        message = f"{path}: OpenVINO has two files, {' and '.join(NAMES)}"
        raise ExportError(Fault("export-name", message, cure="Give the name of a folder for them."))
    if path.is_dir() and (to != "openvino" or any(inner.name not in (*NAMES, SUMS) for inner in path.iterdir())):
        raise ExportError(
            Fault("export-name", f"{path} is a folder with other things in it", cure="Give a name that is not there.")
        )


def write(program: ExportedProgram, content: Content, to: Format, path: Path) -> Run:
    """Writes a program in a format, and returns what runs that which was written."""
    if to == "torch":
        written = BytesIO()  # for torch ends the process where it writes to a disk that is full
        torch.export.save(program, written, extra_files={"unetkit.json": json.dumps(dict(content.metadata))})
        path.write_bytes(written.getbuffer())
        module = torch.export.load(path).module()  # it was written just now, so that it can be trusted
        return lambda image: module(torch.from_numpy(image)).numpy()
    onnx = onnx_bytes(program, content)
    if to == "onnx":
        path.write_bytes(sealed_onnx(onnx))
        return open_onnx(path)[1]
    write_openvino(onnx, content, path)
    write_sums(path, NAMES)
    return open_openvino(path)[1]


def sizes_to_check(plan: Plan, sizes: Sizes) -> Iterator[Size]:
    """Yields three sizes with axes of different lengths, the least of all among them."""
    for steps in STEPS:
        longer = steps and 1
        periods = tuple(steps + longer * axis for axis in range(plan.dims))
        if plan.pads:
            periods = tuple(
                count * inner.period + longer for count, inner in zip(periods, plan.preferred_sizes, strict=True)
            )
        yield spread(sizes, periods)


def compare(network: nn.Module, levels: InputScaling | None, run: Run, shape: Size) -> Check:
    """Returns how far a file and the network are apart, on noise in grey levels."""
    noise = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    scaled: Tensor = noise
    if levels is not None:
        scale = ScaleInput(levels, len(shape) - 1)
        noise = noise * scale.std + scale.mean
        scaled = scale(noise)
    with torch.no_grad():
        expected = network(scaled).numpy()
        found = np.asarray(run(noise.numpy()))
    if found.shape != expected.shape:
        raise ExportError(
            Fault("export-differs", f"for {tuple(noise.shape)} the file gives {found.shape}, not {expected.shape}")
        )
    largest = float(np.abs(expected).max())
    return Check(shape[1:], float(np.abs(found - expected).max()), float(np.ptp(expected)), largest)


def refuse_difference(plan: Plan, checks: tuple[Check, ...], to: Format) -> None:
    """Raises ExportError where a file computes something else than the network."""
    for check in checks:
        if not check.difference <= check.allowed:
            message = (
                f"{plan.spec.name}: at {'×'.join(map(str, check.size))} the {to} file differs by "
                f"{check.difference:.1e} from the network, whose outputs span {check.range:.1e}"
            )
            raise ExportError(Fault("export-differs", message, cure="Choose another format."))
