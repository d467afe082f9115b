"""The layers of a file and of a plan: the shapes of their tensors, which are what can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from unetkit.checkpoint import StateDict, TensorRecord
from unetkit.checkpoint.layers import COUNTER, ForeignLayer, joined, layers
from unetkit.operations import Operation
from unetkit.planning import Plan

Axes = tuple[int, ...]


class PlannedLayer(NamedTuple):
    """A layer of a plan; `shapes` is empty where only its number of parameters is known.

    `slot`, `level` and `side` say where its call is. `out` is the axis of a convolution's weight with its output
    channels. `condition` is the vector or the sequence beside the image that it reads, by name.
    """

    name: str
    shapes: tuple[tuple[str, Axes], ...]
    elements: int
    slot: str
    level: int
    side: str
    out: int
    condition: str = ""

    @property
    def form(self) -> tuple[tuple[str, Axes], ...]:
        """Its shapes, where a 1×1 convolution is a linear layer."""
        return ForeignLayer(self.name, self.shapes).form


def kind(shapes: tuple[tuple[str, Axes], ...]) -> tuple[tuple[str, Axes], ...]:
    """Shapes without numbers of channels: the names of the tensors, and the kernels."""
    return tuple((leaf, (len(shape[:2]), *shape[2:])) for leaf, shape in shapes)


def weight(shapes: tuple[tuple[str, Axes], ...]) -> Axes:
    """The shape of the weight of a convolution or a linear layer; empty for other layers."""
    found = dict(shapes).get("weight", ())
    return found if len(found) > 1 else ()


def elements(shapes: tuple[tuple[str, Axes], ...]) -> int:
    """The number of elements of tensors, without running values."""
    return sum(prod(shape) for leaf, shape in shapes if not leaf.startswith("running_"))


def file_layers(state: StateDict) -> list[ForeignLayer]:
    """The layers of a file in its order, without those that share their memory with an earlier one."""
    records: dict[str, list[tuple[str, TensorRecord]]] = {}
    for name, record in state.tensors.items():
        layer, _, leaf = name.rpartition(".")
        if leaf != COUNTER:
            records.setdefault(layer, []).append((leaf, record))
    firsts: dict[tuple[Any, ...], str] = {}
    copied = set()
    for layer, found in records.items():
        key = tuple(sorted(found, key=lambda one: one[0]))
        if all(record.storage.size for _, record in found) and firsts.setdefault(key, layer) != layer:
            copied.add(layer)
    return list(joined([layer for layer in layers(state.tensors) if layer.name not in copied]))


def planned_layers(plan: Plan) -> list[PlannedLayer]:
    """The layers of a plan in execution order; calls that share weights have them once."""
    found: dict[str, PlannedLayer] = {}
    for call in plan.calls:
        place, beside = call.position, dict(zip(call.inputs[::-1], call.conditions[::-1], strict=False))
        for index in range(call.start, call.end):
            node = plan.nodes[index]
            inputs = tuple(plan.nodes[source].channels for source in node.inputs)
            if node.operation is None or f"{call.scope}.{node.name}" in found:
                continue
            name, shapes = f"{call.scope}.{node.name}", _shapes(node.operation, inputs, plan.dims)
            count = node.operation.parameters(inputs)
            if shapes or count:
                out = int(_is_transposed(node.operation, inputs, plan.dims))
                condition = next((beside[source] for source in node.inputs if source in beside), "")
                found[name] = PlannedLayer(name, shapes, count, place.slot, place.level, place.side, out, condition)
    return list(found.values())


def _shapes(operation: Operation, inputs: Axes, dims: int) -> tuple[tuple[str, Axes], ...]:
    """The shapes of the tensors of an operation's torch layer, sorted by name; none for other layers than these."""
    if operation.stateless:
        return ()
    layer = operation.layer(inputs, dims)
    values = dict(zip(layer.arg_names, layer.args, strict=False)) | layer.kwargs
    shapes = _TENSORS.get(layer.name.rstrip("123d"), _unknown)(layer.args, values, dims)
    return tuple(sorted(shapes))


def _is_transposed(operation: Operation, inputs: Axes, dims: int) -> bool:
    return operation.layer(inputs, dims).name.startswith("nn.ConvTranspose")


def _kernel(size: int | Axes, dims: int) -> Axes:
    return (size,) * dims if isinstance(size, int) else size


def _biased(values: dict[str, Any], out: int) -> Iterator[tuple[str, Axes]]:
    if values.get("bias", True):
        yield "bias", (out,)


def _convolution(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    yield "weight", (args[1], args[0] // values.get("groups", 1), *_kernel(args[2], dims))
    yield from _biased(values, args[1])


def _transposed(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    yield "weight", (args[0], args[1] // values.get("groups", 1), *_kernel(args[2], dims))
    yield from _biased(values, args[1])


def _affine(values: dict[str, Any], channels: int, default: bool) -> Iterator[tuple[str, Axes]]:
    if values.get("affine", default):
        yield from (("weight", (channels,)), ("bias", (channels,)))


def _batch_norm(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    yield from _affine(values, args[0], default=True)
    yield from (("running_mean", (args[0],)), ("running_var", (args[0],)))


def _instance_norm(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    return _affine(values, args[0], default=False)


def _group_norm(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    return _affine(values, args[1], default=True)


def _channel_norm(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    return _affine(values, args[0], default=True)


def _prelu(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    yield "weight", (values.get("num_parameters", args[0] if args else 1),)


def _unknown(args: Axes, values: dict[str, Any], dims: int) -> Iterator[tuple[str, Axes]]:
    yield from ()


_TENSORS = {
    "nn.Conv": _convolution,
    "nn.ConvTranspose": _transposed,
    "nn.BatchNorm": _batch_norm,
    "nn.InstanceNorm": _instance_norm,
    "nn.GroupNorm": _group_norm,
    "nn.PReLU": _prelu,
    "functional.ChannelNorm": _channel_norm,
}
"""The tensors of layers by the name of the layer, without its number of axes."""
