"""What computes some rows of one node from rows of its inputs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from unetkit.fast.late import LateUpsampling
from unetkit.fast.network import OptimizedNetwork
from unetkit.fast.streaming.graph import RowGraph
from unetkit.fast.streaming.schedule import Computed
from unetkit.fast.streaming.turning import fresh, turned
from unetkit.geometry import Interval
from unetkit.operations.taps import Resize

Step = Callable[[Computed, list[Any]], Tensor]
"""Computes the rows of an event from those of each input, of which None stands for one whose size alone counts."""


def step(network: OptimizedNetwork, graph: RowGraph, index: int) -> Step:
    """What computes rows of a node, with what it keeps from one strip to the next."""
    strip, node = graph.strips[index], graph.nodes[index]
    assert strip is not None and node.operation is not None, "it is computed"
    module: Any = network.steps[str(index)]
    if graph.is_turned:
        module = turned(module, graph, index)
    elif isinstance(module, LateUpsampling):
        module = module.rows
    if strip.kind == "overlap":
        return _Overlapping(module, node.operation, graph, index)
    if strip.operation != node.operation:
        module = _unpadded(graph, index, module)
    if strip.kind == "taps":
        resize: Resize = node.operation.resize(tuple(graph.rows[source] for source in node.inputs))  # type: ignore[attr-defined]  # those with taps have it
        return partial(_resized, module, graph, index, resize)
    return partial(_sliced, module, graph, index)


def _unpadded(graph: RowGraph, index: int, module: Any) -> Any:
    """A module without padding along the first axis, with the same weights."""
    strip = graph.strips[index]
    assert strip is not None, "it is computed"
    operation: Any = strip.operation
    if hasattr(module, "weight"):
        made = copy.copy(module)  # shares the weights
        made.padding = tuple(operation.padding)
        for name in ("around", "_reversed_padding_repeated_twice"):
            if hasattr(made, name):
                setattr(made, name, [*getattr(made, name)[:-2], 0, 0])
        return made
    return fresh(graph, index, operation)


def _sliced(module: Any, graph: RowGraph, index: int, event: Computed, rows: list[Any]) -> Tensor:
    """Calls a layer on the rows, and cuts the wanted ones."""
    strip = graph.strips[index]
    assert strip is not None, "it is computed"
    stub = _stub(graph, index, event, rows)
    found: Tensor = module(*_grouped(graph, index, [stub if one is None else one for one in rows]))
    if not strip.per_row:
        return found
    (source, _), wanted = graph.inputs[index][0], event.reads[0]
    assert wanted is not None, "it reads its first input"
    start = graph.within(index, source, wanted)[0] if strip.fill == "none" else wanted.low
    return found.narrow(2, event.low - start * strip.per_row, event.high - event.low)


def _grouped(graph: RowGraph, index: int, rows: list[Any]) -> list[Any]:
    """The inputs of a layer, where the parts of a map that is not joined come as one input."""
    numbers = [number for _, number in graph.inputs[index]]
    return [
        rows[numbers.index(number)]
        if numbers.count(number) == 1
        else tuple(one for one, own in zip(rows, numbers, strict=True) if own == number)
        for number in dict.fromkeys(numbers)
    ]


def _stub(graph: RowGraph, index: int, event: Computed, rows: list[Any]) -> Tensor:
    """A map whose size alone counts: the rows to compute, without memory of its own."""
    size = event.high - event.low, *graph.sizes[index][1:]
    first: Tensor = next(one for one in rows if one is not None)
    return first.new_empty(()).expand(1, 1, *size)


class _Overlapping:
    """A transposed convolution: each row that it reads adds to several, of which the last wait for the next strip."""

    def __init__(self, module: Any, operation: Any, graph: RowGraph, index: int) -> None:
        self.kernel, self.stride, self.padding = operation.kernel[0], operation.stride[0], operation.padding[0]
        self.module = copy.copy(module)  # shares the weights
        self.module.padding = (0, *operation.padding[1:])
        self.module.output_padding = (0, *operation.extra[1:])
        self.bias = None if module.bias is None else module.bias.detach().reshape(-1, *(1,) * graph.plan.dims)
        self.module._parameters = {**module._parameters, "bias": None}
        shape = graph.nodes[index].channels, graph.sizes[index][1:]
        self.tail, self.place = self.module.weight.new_zeros(1, shape[0], 0, *shape[1]), 0
        """Sums that later rows add to, and the place of the first, counted from the padding."""

    def __call__(self, event: Computed, rows: list[Any]) -> Tensor:
        (x,), (wanted,) = rows, event.reads
        assert wanted is not None, "it reads its input"
        start, end = wanted.low * self.stride, (wanted.low + wanted.length) * self.stride
        first, last = event.low + self.padding, event.high + self.padding
        found = self.tail
        if x is not None:  # else all rows were read before
            made = self.module(x)
            found = _longer(made, max(0, self.place + found.shape[2] - start - made.shape[2]), start - self.place)
            found[:, :, : self.tail.shape[2]] += self.tail
        found = _longer(found, max(0, max(last, end) - self.place - found.shape[2]))
        given = found[:, :, first - self.place : last - self.place]
        kept = min(last, end)  # no later row adds to those before
        self.tail, self.place = found[:, :, kept - self.place :].clone(), kept
        return given if self.bias is None else given + self.bias


def _longer(x: Tensor, after: int, before: int = 0) -> Tensor:
    """The map with rows of zeros at its ends."""
    return functional.pad(x, [*(0, 0) * (x.dim() - 3), before, after]) if before or after else x


def _resized(module: Any, graph: RowGraph, index: int, resize: Resize, event: Computed, rows: list[Any]) -> Tensor:
    """Interpolates along the first axis by sums of rows, and along the others by the layer.

    Positions and weights are computed as torch does it, in float32.
    """
    x, wanted = rows[0], event.reads[0]
    assert wanted is not None, "it reads its first input"
    (source, _), size = graph.inputs[index][0], graph.rows[graph.inputs[index][0][0]]
    first = graph.within(index, source, wanted)[0]
    total: Any = None
    for places, weights in _taps(resize, event.low, event.high):
        taken = x.index_select(2, places.clamp(0, size - 1).to(x.device) - first)
        if weights is not None:
            taken = taken * weights.to(x.device).reshape(-1, *(1,) * (x.dim() - 3))
        total = taken if total is None else total.add_(taken)
    if x.dim() == 3:
        return total  # type: ignore[no-any-return]
    stub = _stub(graph, index, event, [total])
    return module(total, stub) if len(rows) > 1 else module(total)  # type: ignore[no-any-return]


def _taps(resize: Resize, low: int, high: int) -> list[tuple[Tensor, Tensor | None]]:
    """The rows that each output reads, and their weights."""
    if resize.method == "nearest":
        return [(torch.tensor([resize.nearest(row) for row in range(low, high)]), None)]
    position = _positions(resize, torch.arange(low, high))
    below = position.floor()
    share = position - below
    place = below.long()
    if resize.method == "linear":
        return [(place, 1 - share), (torch.where(share > 0, place + 1, place), share)]
    near = [_cubic_near(share), _cubic_near(1 - share)]
    far = [_cubic_far(share + 1), _cubic_far(2 - share)]
    found = [(place - 1, far[0]), (place, near[0]), (place + 1, near[1]), (place + 2, far[1])]
    exact = share == 0  # reads that sample alone
    return [(torch.where(exact, place, at), weight) for at, weight in found]


def _positions(resize: Resize, rows: Tensor) -> Tensor:
    """Where outputs lie among the samples of the input, in float32."""
    rows = rows.float()
    single = partial(torch.tensor, dtype=torch.float32)
    if resize.align_corners:
        return rows * (single(resize.before - 1) / single(max(1, resize.after - 1)))
    scale = single(1 / resize.factor) if resize.factor else single(resize.before) / single(resize.after)
    position = scale * (rows + 0.5) - 0.5
    return position if resize.method == "cubic" else position.clamp(min=0)


_A = -0.75


def _cubic_near(x: Tensor) -> Tensor:
    """The weight of a sample at a distance of at most 1."""
    return ((_A + 2) * x - (_A + 3)) * x * x + 1


def _cubic_far(x: Tensor) -> Tensor:
    """The weight of a sample at a distance from 1 to 2."""
    return ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A


def extended(x: Tensor | None, rows: Interval, size: int, fill: str, like: Any) -> Tensor:
    """The rows of a map with those beyond its ends; `x` are the ones that `inside` tells."""
    before = max(0, min(-rows.low, rows.length))
    after = max(0, min(rows.high - size + 1, rows.length))
    if fill == "none" or not (before or after):
        assert x is not None, "rows inside are there"
        return x
    value = -torch.inf if fill == "lowest" else 0.0
    if fill in ("zeros", "lowest"):
        if x is None:
            made: Tensor = like(rows.length)
            return made.fill_(value)
        return functional.pad(x, [*(0, 0) * (x.dim() - 3), before, after], value=value)
    assert x is not None, "rows beyond are made of those inside"
    place = torch.arange(rows.low, rows.high + 1)
    place = _folded(place, size) if fill == "reflect" else place.clamp(0, size - 1)
    place = place - place.min()
    return x.index_select(2, place.to(x.device))


def _folded(place: Tensor, size: int) -> Tensor:
    """Places mirrored at both ends."""
    period = max(1, 2 * (size - 1))
    place = place % period
    return torch.minimum(place, period - place)
