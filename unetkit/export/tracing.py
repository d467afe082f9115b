"""A network as torch.export sees it: from grey levels to outputs, with sizes that are symbols."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.nn.functional import max_pool2d
from torch.overrides import TorchFunctionMode

from unetkit import functional
from unetkit.errors import Fault
from unetkit.export.content import Levels
from unetkit.export.formats import ExportError
from unetkit.export.sizes import Sizes, dynamic, spread
from unetkit.planning import Plan

SizeSets = tuple[tuple[int, int, tuple[int, ...]], ...]


def traced(model: nn.Module, plan: Plan, levels: Levels | None, sizes: Sizes) -> ExportedProgram:
    """Returns the traced program of a network in evaluation mode: input `image`, output `output`.

    Raises ExportError where torch cannot trace it for all sizes.
    """
    image = torch.zeros(2, plan.spec.in_channels, *spread(sizes, (2,) * plan.dims))  # a batch of 1 would stay 1
    network = Exportable(model, levels and Scale(levels, plan.dims))
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own, on the ways of its tracer
            return torch.export.export(
                network,
                (image,),
                dynamic_shapes={"image": dynamic(sizes)},
                prefer_deferred_runtime_asserts_over_guards=True,
            )
    except (RuntimeError, ValueError, TypeError, AssertionError, AttributeError) as error:
        raise ExportError(
            Fault("export-trace", f"{plan.spec.name}: torch cannot trace this network for all sizes: {first(error)}")
        ) from error


def first(error: BaseException) -> str:
    """Returns the first line of what an error says, without what is there for the tracer's own developers."""
    return str(error).strip().partition("\n")[0]


class Scale(nn.Module):
    """Brings grey levels (N, C, *spatial) to those that a network was trained with: (x − mean) / std, per channel."""

    mean: Tensor
    std: Tensor

    def __init__(self, levels: Levels, dims: int) -> None:
        super().__init__()
        for name, values in levels._asdict().items():
            self.register_buffer(name, torch.tensor(values).reshape(-1, *(1,) * dims))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class Exportable(nn.Module):
    """A network with its scale before it, in operations that a trace knows for all sizes."""

    def __init__(self, network: nn.Module, scale: Scale | None) -> None:
        super().__init__()
        self.scale = scale or nn.Identity()
        self.network = traceable(network)

    def forward(self, image: Tensor) -> Tensor:
        with Traceable():
            output: Tensor = self.network(self.scale(image))
        return output


class Traceable(TorchFunctionMode):
    """Within it, a pooling whose trace would fix the size is done by one whose trace does not."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.nn.functional.max_pool1d or func is torch.max_pool1d:
            return max_pool1d(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def max_pool1d(x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, **rest: Any) -> Tensor:
    """Returns the pooled signal (N, C, length), by the pooling of images one sample high."""
    kernel, step, pad = (
        value if isinstance(value, int) else value[0] for value in (kernel_size, stride or kernel_size, padding)
    )
    pooled: Tensor = max_pool2d(x.unsqueeze(2), (1, kernel), (1, step), (0, pad), **rest)
    return pooled.squeeze(2)


def traceable(network: nn.Module) -> nn.Module:
    """Returns a network that shares the weights of another, with those functions that a trace knows for all sizes."""
    if not isinstance(network, fx.GraphModule):
        return network
    graph = fx.Graph()
    graph.output(graph.graph_copy(network.graph, {}))
    for node in graph.nodes:
        if node.op == "call_function":
            node.target = TRACEABLE.get(node.target, node.target)
    return fx.GraphModule(network, graph)


def pad_image(x: Tensor, size_sets: SizeSets, mode: str) -> Tensor:
    """Returns what `unetkit.functional.pad_image` does, for sizes with one remainder."""
    for axis, (start, period, (remainder,)) in enumerate(size_sets, start=2):
        size = x.shape[axis]
        least = torch.sym_max(size, start)
        whole = (least - remainder + period - 1) // period
        # Behind a number that only the running graph knows, sizes are multiples of it and a rest: simple to trace.
        count = torch.scalar_tensor(whole, dtype=torch.int64).item()
        torch._check(count >= 2)
        x = pad_axis(x, axis, count * period + remainder, mode)
    return x


def pad_axis(x: Tensor, axis: int, wanted: Any, mode: str) -> Tensor:
    """Returns x with as many samples along an axis as are wanted, the odd one at the far end."""
    size = x.shape[axis]
    position = torch.arange(wanted) - (wanted - size) // 2
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
    """Returns what `unetkit.functional.cut_padding` does."""
    for axis in range(2, y.dim()):
        excess = padded.shape[axis] - image.shape[axis]
        y = y.index_select(axis, torch.arange(y.shape[axis] - excess) + excess // 2)
    return y


TRACEABLE: dict[Any, Any] = {functional.pad_image: pad_image, functional.cut_padding: cut_padding}
"""What stands in a trace for functions that ask a size for its number."""
