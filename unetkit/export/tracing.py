"""Traces a network with symbolic sizes for torch.export."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from unetkit import functional as own
from unetkit.errors import Fault
from unetkit.export.content import InputScaling
from unetkit.export.formats import ExportError
from unetkit.export.sizes import Sizes, dynamic, spread
from unetkit.geometry import SizeSet
from unetkit.planning import Plan, propagate

_SizeSets = tuple[tuple[int, int, tuple[int, ...]], ...]


def traced(
    model: nn.Module, plan: Plan, levels: InputScaling | None, sizes: Sizes, *, for_torch: bool = False
) -> ExportedProgram:
    """The program of a network in evaluation mode: inputs `image` and vectors by name, and its outputs.

    Formats other than torch compute means axis by axis (see `mean`). Raises ExportError where torch cannot trace the
    network for all sizes.
    """
    image = torch.zeros(2, plan.spec.in_channels, *spread(sizes, (2,) * plan.dims))  # a batch of 1 would stay 1
    vectors = {name: torch.zeros(2, count) for name, count in plan.vectors.items()}
    shapes = dynamic(sizes)
    replaced = _POOLING if for_torch else _POOLING | _MEANS
    network = Exportable(model, levels and ScaleInput(levels, plan.dims), replaced, _windowed(plan, sizes))
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's tracer
            return torch.export.export(
                network,
                (image,),
                vectors,
                dynamic_shapes={"image": shapes}
                | ({"vectors": {name: {0: shapes[0]} for name in vectors}} if vectors else {}),
                prefer_deferred_runtime_asserts_over_guards=True,
            )
    except (RuntimeError, ValueError, TypeError, AssertionError, AttributeError) as error:
        raise ExportError(
            Fault(
                "export-trace", f"{plan.spec.name}: torch cannot trace this network for all sizes: {_first_line(error)}"
            )
        ) from error


def _windowed(plan: Plan, sizes: Sizes) -> dict[int, SizeSet]:
    """The sizes along each axis along which windows divide maps."""
    return {
        axis: one
        for axis, one in enumerate(sizes, start=2)
        if one.period > 1 and propagate.period(plan.nodes, axis - 2) > 1
    }


def _first_line(error: BaseException) -> str:
    """The first line of an error message, without the tracer's debugging information."""
    return str(error).strip().partition("\n")[0]


class ScaleInput(nn.Module):
    """Normalizes images (N, C, *spatial): (x − mean) / std for each channel."""

    mean: Tensor
    std: Tensor

    def __init__(self, levels: InputScaling, dims: int) -> None:
        super().__init__()
        for name, values in levels._asdict().items():
            self.register_buffer(name, torch.tensor(values).reshape(-1, *(1,) * dims))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class Exportable(nn.Module):
    """A network after its input scaling, in operations that can be traced for all sizes.

    `windowed` has the sizes along each axis along which windows divide maps.
    """

    def __init__(
        self,
        network: nn.Module,
        scale: ScaleInput | None,
        replaced: Mapping[Any, Any],
        windowed: Mapping[int, SizeSet],
    ) -> None:
        super().__init__()
        self.windowed = windowed
        self.scale = scale or nn.Identity()
        self.network = _traceable(network)
        self.replaced = replaced

    def forward(self, image: Tensor, **vectors: Tensor) -> Any:
        for axis, one in self.windowed.items():
            (remainder,) = one.remainders
            # With a data-dependent count, torch knows that windows divide each map, and that there may be just one.
            count: Any = torch.scalar_tensor(image.shape[axis] // one.period, dtype=torch.int64).item()
            torch._check(count >= one.start // one.period)
            image = image.narrow(axis, 0, count * one.period + remainder)
        further = [vector.reshape(*vector.shape, *(1,) * (image.dim() - 2)) for vector in vectors.values()]
        with Replacing(self.replaced):
            outputs = self.network(self.scale(image), *further)
        return outputs if isinstance(outputs, Tensor) else tuple(outputs)


class Replacing(TorchFunctionMode):
    """A context that replaces some functions of torch."""

    def __init__(self, replaced: Mapping[Any, Any]) -> None:
        super().__init__()
        self.replaced = replaced

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self.replaced.get(func, func)(*args, **(kwargs or {}))


def max_pool1d(x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, **rest: Any) -> Tensor:
    """Max pooling of signals (N, C, length) as 2D pooling with height 1."""
    kernel, step, pad = (
        value if isinstance(value, int) else value[0] for value in (kernel_size, stride or kernel_size, padding)
    )
    pooled: Tensor = functional.max_pool2d(x.unsqueeze(2), (1, kernel), (1, step), (0, pad), **rest)
    return pooled.squeeze(2)


def instance_norm(*args: Any, **kwargs: Any) -> Tensor:
    """Instance normalization of x (N, C, *spatial)."""
    given = signature(functional.instance_norm).bind(*args, **kwargs)
    given.apply_defaults()
    values = given.arguments
    if not values["use_input_stats"]:
        return functional.instance_norm(*args, **kwargs)
    return scaled(_standard(values["input"], values["eps"]), values["weight"], values["bias"])


def group_norm(
    x: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Group normalization of x (N, C, *spatial)."""
    grouped = x.reshape(x.shape[0], num_groups, x.shape[1] // num_groups, *x.shape[2:])
    return scaled(_standard(grouped, eps).reshape(x.shape), weight, bias)


def _standard(x: Tensor, eps: float) -> Tensor:
    """x with mean 0 and variance 1 over all axes but the first two."""
    centred = x - mean(x)
    return centred * torch.rsqrt(mean(centred * centred) + eps)


def mean(x: Tensor) -> Tensor:
    """The mean over all axes but the first two, one after the other.

    Runtimes sum sequentially in single precision, which loses four digits over a million samples. The division between
    the sums prevents them from merging the sums into one.
    """
    for axis in reversed(range(2, x.dim())):
        x = x.sum(axis, keepdim=True) / x.shape[axis]
    return x


def scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x times a weight for each channel, plus a bias."""
    shape = (-1, *(1,) * (x.dim() - 2))
    if weight is not None:
        x = x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def _pooled_by(usual: Any, dims: int) -> Any:
    """Adaptive average pooling: a mean if the output has one sample, else torch's function."""

    def pool(x: Tensor, output_size: Any) -> Tensor:
        whole = output_size in (1, (1,) * dims, [1] * dims)
        found: Tensor = mean(x) if whole and x.dim() == dims + 2 else usual(x, output_size)
        return found

    return pool


_POOLING: dict[Any, Any] = {functional.max_pool1d: max_pool1d, torch.max_pool1d: max_pool1d}
"""Replacements for pooling whose trace would fix the size."""

_MEANS: dict[Any, Any] = {
    functional.instance_norm: instance_norm,
    functional.group_norm: group_norm,
    functional.adaptive_avg_pool1d: _pooled_by(functional.adaptive_avg_pool1d, 1),
    functional.adaptive_avg_pool2d: _pooled_by(functional.adaptive_avg_pool2d, 2),
    functional.adaptive_avg_pool3d: _pooled_by(functional.adaptive_avg_pool3d, 3),
}
"""Replacements for functions with means over whole images."""


def _traceable(network: nn.Module) -> nn.Module:
    """A copy of a network with shared weights and functions that can be traced for all sizes."""
    if not isinstance(network, fx.GraphModule):
        return network
    graph = fx.Graph()
    graph.output(graph.graph_copy(network.graph, {}))
    for node in graph.nodes:
        if node.op == "call_function":
            node.target = _TRACEABLE.get(node.target, node.target)
    return fx.GraphModule(network, graph)


def pad_image(x: Tensor, size_sets: _SizeSets, mode: str) -> Tensor:
    """Traceable `unetkit.functional.pad_image` for sizes with one remainder."""
    for axis, (start, period, (remainder,)) in enumerate(size_sets, start=2):
        size = x.shape[axis]
        least = torch.sym_max(size, start)
        whole = (least - remainder + period - 1) // period
        # With a data-dependent count, sizes are a multiple of it plus a constant, which is simple to trace.
        count = torch.scalar_tensor(whole, dtype=torch.int64).item()
        torch._check(count >= 2)
        x = pad_axis(x, axis, count * period + remainder, mode)
    return x


def pad_axis(x: Tensor, axis: int, target: Any, mode: str) -> Tensor:
    """Pads x along an axis to a size, with the odd sample at the end."""
    size = x.shape[axis]
    position = torch.arange(target) - (target - size) // 2
    if mode == "reflect":
        period = torch.scalar_tensor(torch.sym_max(2 * (size - 1), 1), dtype=torch.int64)
        folded = position % period
        index = torch.minimum(folded, period - folded)
    else:
        index = position.clamp(0, size - 1)
    y = x.index_select(axis, index)
    if mode == "zeros":
        inside = (position >= 0) & (position < size)
        y = torch.where(inside.reshape([-1 if i == axis else 1 for i in range(x.dim())]), y, 0)
    return y


def cut_padding(y: Tensor, padded: Tensor, image: Tensor) -> Tensor:
    """Traceable `unetkit.functional.cut_padding`."""
    for axis in range(2, y.dim()):
        excess = padded.shape[axis] - image.shape[axis]
        y = y.index_select(axis, torch.arange(y.shape[axis] - excess) + excess // 2)
    return y


_TRACEABLE: dict[Any, Any] = {own.pad_image: pad_image, own.cut_padding: cut_padding}
"""Replacements for functions that convert sizes to numbers."""
