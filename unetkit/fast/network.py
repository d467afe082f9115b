"""Runs an optimised plan: one step after the other, each signal released after its last use."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from unetkit import functional as own
from unetkit.fast.plan import OptimizedPlan
from unetkit.fast.winograd import transformed_kernel, winograd
from unetkit.model.blocks import layer_target
from unetkit.model.interface import CHANNELS_LAST, InputCheck, named_outputs
from unetkit.operations.fast import is_absorbed, is_late, is_winograd
from unetkit.planning import Plan
from unetkit.planning.memory import overwriting

_STRIP_BYTES = 8_000_000
"""Output of a convolution of several parts that is computed at once."""


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
        over_inputs = overwriting(plan)
        for index, scope in self.order:
            step = _step(model, plan, index, scope, index in over_inputs)
            self.steps[str(index)] = step if dtype == torch.float32 else deepcopy(step).to(dtype)
        self.releases = _last_uses(plan)
        self.register_forward_pre_hook(InputCheck(plan))
        self.eval()

    def train(self, mode: bool = True) -> OptimizedNetwork:
        """Stays in evaluation mode: what was folded cannot be trained."""
        return super().train(False)

    def forward(self, image: Tensor, *vectors: Tensor) -> Any:
        """The output (N, out_channels, *spatial), float32, or a named tuple of the outputs."""
        plan = self.plan
        x = image.to(self.dtype, memory_format=self._format)
        if plan.pads:
            sets = tuple((sizes.start, sizes.period, sizes.remainders) for sizes in plan.preferred_sizes)
            x = own.pad_image(x, sets, plan.spec.odd_sizes.padding or "reflect")
        padded_like = x[:, :1]
        signals: dict[int, Any] = {0: x}
        del x
        for index, vector in zip(list(plan.inputs.values())[1:], vectors, strict=True):
            signals[index] = vector.to(self.dtype)
        for index, _ in self.order:
            signals[index] = self.steps[str(index)](*(signals[source] for source in plan.nodes[index].inputs))
            for done in self.releases.get(index, ()):
                del signals[done]
        outputs = [self._output(name, signals[node], padded_like, image) for name, node in plan.outputs.items()]
        return named_outputs(tuple(plan.outputs), outputs)

    @property
    def _format(self) -> torch.memory_format:
        return CHANNELS_LAST[self.plan.dims] if self.plan.channels_last else torch.contiguous_format

    def _output(self, name: str, output: Tensor, padded: Tensor, image: Tensor) -> Tensor:
        if self.plan.pads and self.plan.is_full(name):
            output = own.cut_padding(output, padded, image)
        return output.float()


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


class _Convolution(nn.Module):
    """A convolution with weights of its own, of one map or of several that are not joined."""

    def __init__(self, layer: nn.Module, weight: Tensor, bias: Tensor | None, by_winograd: bool) -> None:
        super().__init__()
        self.dims = weight.dim() - 2
        self.stride, self.padding, self.dilation = layer.stride, layer.padding, layer.dilation
        self.groups, self.mode = layer.groups, layer.padding_mode
        self.around = layer._reversed_padding_repeated_twice  # type: ignore[union-attr]
        self.convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[self.dims - 1]
        self.by_winograd = by_winograd
        if by_winograd:
            weight = transformed_kernel(weight)
        elif self.dims > 1:
            weight = weight.to(memory_format=CHANNELS_LAST[self.dims])
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        parts = (x,) if isinstance(x, Tensor) else x
        if self.by_winograd:
            return winograd(parts, self.weight, self.bias, self.padding)
        if len(parts) == 1:
            padding = self.padding
            if self.mode != "zeros":
                parts, padding = (functional.pad(parts[0], self.around, mode=self.mode),), 0
            return self.convolve(parts[0], self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return self._sum(parts)

    def _sum(self, parts: Sequence[Tensor]) -> Tensor:
        """The sum of the convolutions of all parts, in strips along the first axis so that little is held twice."""
        kernels = self.weight.split([part.shape[1] for part in parts], dim=1)
        kernel, stride, padding, step = (
            self.weight.shape[2],
            self.stride[0],
            self.padding[0],
            self.dilation[0],
        )
        size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(
                parts[0].shape[2:], self.padding, self.dilation, self.weight.shape[2:], self.stride, strict=True
            )
        ]
        shape = (len(parts[0]), self.weight.shape[0], *size)
        fitting = CHANNELS_LAST[self.dims] if self.dims > 1 else torch.contiguous_format
        output = torch.empty(shape, dtype=parts[0].dtype, device=parts[0].device, memory_format=fitting)
        rows = max(1, _STRIP_BYTES * size[0] // (output.numel() * output.element_size()))
        for first in range(0, size[0], rows):
            strip = output.narrow(2, first, min(rows, size[0] - first))
            low = first * stride - padding
            high = (first + strip.shape[2] - 1) * stride - padding + step * (kernel - 1) + 1
            for number, (part, weight) in enumerate(zip(parts, kernels, strict=True)):
                read = _rows(part, low, high)
                bias = None if number else self.bias
                found = self.convolve(read, weight, bias, self.stride, (0, *self.padding[1:]), self.dilation)
                strip.add_(found) if number else strip.copy_(found)
        return output


def _rows(x: Tensor, low: int, high: int) -> Tensor:
    """The rows `low` … high − 1 along the first spatial axis, zeros where there are none."""
    size = x.shape[2]
    inside = x.narrow(2, min(max(low, 0), size), max(0, min(high, size) - max(low, 0)))
    before, after = max(0, min(-low, high - low)), max(0, high - max(size, low))
    if not before and not after:
        return inside
    return functional.pad(inside, (*(0, 0) * (x.dim() - 3), before, after))


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


def _step(model: nn.Module, plan: OptimizedPlan, index: int, scope: str, in_place: bool) -> nn.Module:
    """What computes a node."""
    node = plan.nodes[index]
    operation = node.operation
    assert operation is not None, "an input is no step"
    if is_absorbed(operation):
        return nn.Identity()
    if is_late(operation):
        return _Parts()
    original = plan.original.nodes[index].operation
    layer = plan.original.layer(index)
    target = layer_target(layer, original)
    if not layer.is_module:
        return _Function(target, dict(layer.kwargs), layer.joins)
    if in_place:
        return target(*layer.args, **layer.kwargs, inplace=True)  # type: ignore[no-any-return]
    module = model.get_submodule(f"{scope}.{node.name}")
    late = any(is_late(each.operation) for each in (plan.nodes[i] for i in node.inputs) if each.operation is not None)
    norm = _norm_after(model, plan, index)
    if operation == original and norm is None and not late:
        return module
    weight, bias = _folded(module, norm) if norm is not None else (module.weight.detach(), module.bias)
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        return _transposed(module, weight, bias)
    return _Convolution(module, weight, None if bias is None else bias.detach(), is_winograd(operation))


def _norm_after(model: nn.Module, plan: OptimizedPlan, index: int) -> nn.Module | None:
    """The norm that was folded into a convolution."""
    for later, scope in _order(plan):
        node, before = plan.nodes[later], plan.original.nodes[later].operation
        absorbed = node.operation is not None and is_absorbed(node.operation)
        if absorbed and node.inputs == (index,) and before is not None and before.replaces_bias:
            return model.get_submodule(f"{scope}.{node.name}")
    return None


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
