"""What cannot be exported, operation by operation; all else that unetkit ships with was tried and can."""

from __future__ import annotations

from unetkit.errors import Fault
from unetkit.export.formats import ExportError, Format
from unetkit.operations.operation import Operation
from unetkit.planning import Plan


def reason(operation: Operation, to: Format) -> str:
    """Returns why a format has no form of an operation; nothing where it has one."""
    return "OpenVINO has no circular padding" if to == "openvino" and operation.wraps else ""


def refuse_unsupported(plan: Plan, to: Format) -> None:
    """Raises ExportError with every operation of the network that a format has no form of, and its level."""
    faults = [
        Fault("export-operation", f"{plan.spec.name}: {why}", f"{span.scope}.{plan.nodes[index].name}", CURE)
        for span in plan.spans
        for index in range(span.start, span.end)
        if (operation := plan.nodes[index].operation) is not None and (why := reason(operation, to))
    ]
    if faults:
        raise ExportError(*faults)


CURE = "Choose padding_mode: zeros, reflect or replicate before training, or --to onnx."
"""What to do about circular padding, the only operation that is missing anywhere."""
