"""Runs an optimised plan: one step after the other, each signal released after its last use."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from unetkit import functional
from unetkit.fast.convolution import FastConvolution
from unetkit.fast.late import LateMap, LatePadding, LateUpsampling
from unetkit.fast.normalization import FastNorm
from unetkit.fast.plan import OptimizedPlan
from unetkit.model.blocks import layer_target
from unetkit.model.interface import CHANNELS_LAST, InputCheck, memory_format, named_outputs
from unetkit.operations.fast import (
    is_absorbed,
    is_computed_late,
    is_late,
    is_normalized_in_place,
    is_winograd,
    passes_rows_on,
)
from unetkit.planning import Plan
from unetkit.planning.memory import overwriting


class OptimizedNetwork(nn.Module):
    """What `optimize` returns: the same function as the network that it was made of, for inference alone.

    It shares the weights that no pass changed. Numbers are `dtype` inside; the output is float32.
    """

    def __init__(self, model: nn.Module, plan: OptimizedPlan, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.plan: Plan = plan
        self.spec = plan.spec
        self.dtype = dtype
        self.steps = nn.ModuleDict()
        self.order = _order(plan)
        over_inputs, added = overwriting(plan), _added(model, plan)
        for index, scope in self.order:
            step = _step(model, plan, index, scope, added.get(index, _Added()), index in over_inputs)
            self.steps[str(index)] = step if dtype == torch.float32 else deepcopy(step).to(dtype)
        self.releases = _last_uses(plan)
        self.register_forward_pre_hook(InputCheck(plan))
        self.eval()

    def train(self, mode: bool = True) -> OptimizedNetwork:
        """Stays in evaluation mode: what was folded cannot be trained."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, image: Tensor, *vectors: Tensor) -> Any:
        """The output (N, out_channels, *spatial), float32, or a named tuple of the outputs."""
        plan = self.plan
        x = image.to(self.dtype, memory_format=memory_format(plan))
        mode = plan.spec.odd_sizes.padding
        if mode:
            x = functional.pad_image(x, plan.padding_rule, mode)
        padded_like = torch.empty_like(x, device="meta")  # of its size alone: the image is released after its last use
        written_over = {} if torch.compiler.is_compiling() else plan.written_over  # a compiler has memory of its own
        signals: dict[int, Any] = {0: x}
        del x
        for index, vector in zip(list(plan.inputs.values())[1:], vectors, strict=True):
            signals[index] = vector.to(self.dtype)
        for index, _ in self.order:
            done = self.releases.get(index, ())
            inputs = [signals[source] for source in plan.nodes[index].inputs]
            over = {}
            if index in written_over:
                kept = [image, *(signal for source, signal in signals.items() if source not in done)]
                over["over"] = self._free(index, inputs[0], kept)
                del kept
            signals[index] = self.steps[str(index)](*inputs, **over)
            for source in done:
                del signals[source]
            del inputs, over
        outputs = [self._output(name, signals[node], padded_like, image) for name, node in plan.outputs.items()]
        return named_outputs(tuple(plan.outputs), outputs)

    def _free(self, index: int, parts: tuple[Tensor | LateMap, ...], kept: list[Any]) -> Tensor | None:
        """The part of a concatenation over which a convolution writes its output; None where others share its memory.

        A layer may give its input on as it is, so that what nothing reads may be what another signal is.
        """
        (joined,) = self.plan.nodes[index].inputs
        number = self.plan.nodes[joined].inputs.index(self.plan.written_over[index])
        part = parts[number]
        others = {place for one in (*kept, *parts[:number], *parts[number + 1 :]) for place in _places(one)}
        if not isinstance(part, Tensor) or part.requires_grad or _places(part) & others:
            return None
        fitting = CHANNELS_LAST[self.plan.dims] if self.plan.dims > 1 else torch.contiguous_format
        return part if part.is_contiguous(memory_format=fitting) else None

    def _output(self, name: str, output: Tensor, padded: Tensor, image: Tensor) -> Tensor:
        if self.plan.pads and self.plan.is_full(name):
            output = functional.cut_padding(output, padded, image)
        return output.float()


def _places(signal: Any) -> set[int]:
    """Where the memory of a signal begins; several where it has parts."""
    if isinstance(signal, tuple):
        return set().union(*map(_places, signal))
    tensor: Tensor = signal.x if isinstance(signal, LateMap) else signal
    return {tensor.untyped_storage().data_ptr()}


class _Function(nn.Module):
    """A function of tensors with its further arguments."""

    def __init__(self, function: Any, arguments: dict[str, Any], joins: bool) -> None:
        super().__init__()
        self.function, self.arguments, self.joins = function, arguments, joins

    def forward(self, *inputs: Tensor) -> Any:
        given = (inputs,) if self.joins else inputs
        return self.function(*given, **self.arguments)


class _Parts(nn.Module):
    """Several maps as one signal, joined by what reads it."""

    def forward(self, *parts: Tensor) -> tuple[Tensor, ...]:
        return parts


def _order(plan: Plan) -> list[tuple[int, str]]:
    """The nodes in execution order, each with the scope of its call, without inputs."""
    calls = [call for call in plan.calls if not plan.is_input(call)]
    return [(index, call.scope) for call in calls for index in range(call.start, call.end)]


def _last_uses(plan: Plan) -> dict[int, list[int]]:
    """By node the signals that nothing reads after it."""
    last: dict[int, int] = {}
    for index, node in enumerate(plan.nodes):
        last[index] = index
        last |= dict.fromkeys(node.inputs, index)
    found: dict[int, list[int]] = {}
    for index, by in last.items():
        if index not in plan.outputs.values() and (by != index or index):
            found.setdefault(by, []).append(index)
    return found


class _Added(NamedTuple):
    """What a convolution or an instance norm does too."""

    norm: nn.Module | None = None
    activation: nn.Module | None = None
    """In place."""


def _step(model: nn.Module, plan: OptimizedPlan, index: int, scope: str, added: _Added, in_place: bool) -> nn.Module:
    """What computes a node."""
    node = plan.nodes[index]
    operation = node.operation
    assert operation is not None, "an input is no step"
    if is_absorbed(operation):
        return nn.Identity()
    if is_late(operation):
        return _Parts()
    if is_computed_late(operation):
        if passes_rows_on(operation):
            return LatePadding()
        upsampling: Any = model.get_submodule(f"{scope}.{node.name}")
        return LateUpsampling(
            upsampling if added.norm is None else _transposed(upsampling, *_folded(upsampling, added.norm))
        )
    original = plan.original.nodes[index].operation
    layer = plan.original.layer(index)
    target = layer_target(layer, original)
    if not layer.is_module:
        return _Function(target, dict(layer.kwargs), layer.joins)
    if is_normalized_in_place(operation):
        return FastNorm(model.get_submodule(f"{scope}.{node.name}"), added.activation, in_place=in_place)
    if in_place:
        return target(*layer.args, **layer.kwargs, inplace=True)  # type: ignore[no-any-return]
    module: Any = model.get_submodule(f"{scope}.{node.name}")
    late = any(is_late(each.operation) for each in (plan.nodes[i] for i in node.inputs) if each.operation is not None)
    # torch is slow at some convolutions of volumes that oneDNN itself is quick at
    convolves = plan.channels_last and isinstance(module, nn.Conv2d | nn.Conv3d)
    if operation == original and added == _Added() and not late and not convolves:
        return module  # type: ignore[no-any-return]
    weight, bias = _folded(module, added.norm) if added.norm is not None else (module.weight.detach(), module.bias)
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        return _transposed(module, weight, bias)
    bias = None if bias is None else bias.detach()
    return FastConvolution(module, weight, bias, by_winograd=is_winograd(operation), activation=added.activation)


def _added(model: nn.Module, plan: OptimizedPlan) -> dict[int, _Added]:
    """The norms and activations that are part of other operations, by the node of these."""
    found: dict[int, _Added] = {}
    for index, scope in _order(plan):
        node, original = plan.nodes[index], plan.original.nodes[index].operation
        if original is None or node.operation is None or not is_absorbed(node.operation):
            continue
        source = node.inputs[0]
        while (operation := plan.nodes[source].operation) is not None and is_absorbed(operation):
            source = plan.nodes[source].inputs[0]
        before = found.get(source, _Added())
        if original.replaces_bias:
            found[source] = before._replace(norm=model.get_submodule(f"{scope}.{node.name}"))
        elif original.activation:
            layer = plan.original.layer(index)
            made = layer_target(layer, original)(*layer.args, **layer.kwargs, inplace=True)
            found[source] = before._replace(activation=made)
    return found


def _folded(module: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution and the batch norm after it, computed in float64."""
    scale = 1 / (norm.running_var.double() + norm.eps).sqrt()
    if norm.weight is not None:
        scale = scale * norm.weight.detach().double()
    shift = -norm.running_mean.double() * scale
    if norm.bias is not None:
        shift = shift + norm.bias.detach().double()
    if module.bias is not None:
        shift = shift + module.bias.detach().double() * scale
    axis = 1 if module.transposed else 0
    shape = [-1 if number == axis else 1 for number in range(module.weight.dim())]
    weight = module.weight.detach().double() * scale.reshape(shape)
    return weight.to(module.weight.dtype), shift.to(module.weight.dtype)


def _transposed(module: Any, weight: Tensor, bias: Tensor) -> nn.Module:
    """A transposed convolution with other weights."""
    with torch.device("meta"):
        made = type(module)(
            module.in_channels,
            module.out_channels,
            module.kernel_size,
            stride=module.stride,
            padding=module.padding,
            output_padding=module.output_padding,
            groups=module.groups,
            bias=True,
            dilation=module.dilation,
        )
    made.weight, made.bias = nn.Parameter(weight, requires_grad=False), nn.Parameter(bias, requires_grad=False)
    return made  # type: ignore[no-any-return]
