"""The export formats, their errors, and what they do not support."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from unetkit.errors import Fault, UnetkitError
from unetkit.planning import Plan

Format = Literal["onnx", "openvino", "torch"]

FORMATS: tuple[Format, ...] = get_args(Format)
"""The names of the formats."""

Run = Callable[..., list[NDArray[Any]]]
"""Runs an exported model: images (N, C, *spatial), and vectors (N, values), to an array for each output."""


class ExportError(UnetkitError):
    """A network cannot be exported, or an exported model cannot be run."""


def needed(name: str) -> Any:
    """Imports a package of the extra `export`; raises ExportError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ExportError(
            Fault("missing-package", f"{name} is not installed: {error}", cure="pip install 'unetkit[export]'")
        ) from error


def check_supported(plan: Plan, to: Format) -> None:
    """Raises ExportError for circular padding in OpenVINO, and for an input with the name of an output."""
    for name in plan.inputs.keys() & plan.outputs.keys():
        message = f"{plan.spec.name} has an input and an output called {name}, which a file tells apart by name only"
        raise ExportError(Fault("export-inputs", message, f"inputs.{name}", "Rename one of them in the spec."))
    cure = "Choose padding_mode: zeros, reflect or replicate before training, or --to onnx."
    message = f"{plan.spec.name}: OpenVINO has no circular padding"
    faults = [
        Fault("export-operation", message, f"{call.scope}.{plan.nodes[index].name}", cure)
        for call in plan.calls
        for index in range(call.start, call.end)
        if to == "openvino" and (operation := plan.nodes[index].operation) is not None and operation.wraps
    ]
    if faults:
        raise ExportError(*faults)
