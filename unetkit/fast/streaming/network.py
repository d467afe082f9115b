"""Runs a network over a whole image in strips of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.fast.network import OptimizedNetwork
from unetkit.fast.normalization import FastNorm
from unetkit.fast.plan import OptimizedPlan
from unetkit.fast.streaming.buffers import Rows, Store
from unetkit.fast.streaming.division import divided
from unetkit.fast.streaming.graph import RowGraph
from unetkit.fast.streaming.schedule import Computed, Event, Given, Released, events, last_reads
from unetkit.fast.streaming.steps import Step, extended, step
from unetkit.fast.streaming.sums import Largest, Moments
from unetkit.model import for_inference
from unetkit.model.interface import CHANNELS_LAST, plan_of
from unetkit.planning.spatial_graph import Size

ReadRows = Callable[[int, int], Tensor]
"""Rows low … high − 1 of the image as the network sees it, (1, channels, rows, …)."""
Found = tuple[str, int, Tensor]
"""The name of an output, the number of its first row here, and rows of it (1, channels, rows, …)."""


class StreamedNetwork:
    """A network that computes images of one size in strips of rows, each row of each map once.

    `size` is that of the image as it enters the network, after padding. Rows lie along `axis`, which comes first in all
    that is read and given. Operations that depend on the whole image through mean, variance or maximum end a pass: maps
    that later passes read wait in memory, or in files in `folder`.
    Raises StreamingError where the network cannot be computed so.
    """

    def __init__(
        self, model: nn.Module, size: Size, *, strip: int = 32, axis: int = 0, folder: Path | None = None
    ) -> None:
        if not isinstance(model, OptimizedNetwork):
            model = for_inference(model)
            model = OptimizedNetwork(model, OptimizedPlan(plan_of(model), {}))
        self.network = model
        self.plan = model.plan
        self.graph = RowGraph(self.plan, size, axis)
        self.strip, self.folder = strip, folder
        self.device = next((one.device for one in model.parameters()), torch.device("cpu"))
        self.heights: dict[int, int] = {}
        """By node the most rows that were held at once, of the last image."""

    def __call__(self, read: ReadRows, vectors: Sequence[Tensor] = ()) -> Iterator[Found]:
        """Yields the outputs in rows, in float32, each row once, those of one output in order."""
        run = _Run(self, read, vectors)
        try:
            for number in range(len(self.graph.passes)):
                yield from run.one_pass(number)
        finally:
            run.close()
        self.heights = run.heights


class _Run:
    """One image on its way through the network."""

    def __init__(self, network: StreamedNetwork, read: ReadRows, vectors: Sequence[Tensor]) -> None:
        self.network, self.graph, self.image = network, network.graph, read
        self.stores: dict[int, Store] = {}
        self.sums: dict[int, Moments | Largest] = {}
        self.heights: dict[int, int] = {}
        plan = network.plan
        self.vectors = dict(zip(list(plan.inputs.values())[1:], vectors, strict=True))
        self.outputs: dict[int, list[str]] = {}
        for name, node in plan.outputs.items():
            self.outputs.setdefault(node, []).append(name)
        self.rows: dict[int, Rows] = {}
        self.steps: dict[int, Step] = {}

    def one_pass(self, number: int) -> Iterator[Found]:
        graph, what = self.graph, self.graph.passes[number]
        self.rows = {index: Rows() for index in (*what.sources, *what.nodes)}
        self.steps = {index: self._step(index) for index in what.nodes}
        for index in what.stored:
            self.stores[index] = Store(graph.nodes[index].channels, graph.sizes[index], self.network.folder)
        summed: dict[int, list[Moments | Largest]] = {}
        for index in what.sums:
            strip, (source, _) = graph.strips[index], graph.inputs[index][0]
            assert strip is not None, "it is computed"
            channels = graph.nodes[source].channels
            self.sums[index] = Largest(channels) if strip.kind == "maximum" else Moments(channels)
            summed.setdefault(source, []).append(self.sums[index])
        for event in self._events(number):
            with torch.inference_mode():
                if isinstance(event, Released):
                    self.rows[event.node].release(event.low)
                    continue
                rows = self._given(event) if isinstance(event, Given) else self._computed(event)
                for one in summed.get(event.node, ()):
                    one.add(rows)
                if event.node in what.stored:
                    self.stores[event.node].write(event.low, rows)
                found = rows.float() if event.node in self.outputs else None
                self.rows[event.node].append(rows)
                del rows
            if found is not None and not isinstance(event, Given):
                for name in self.outputs[event.node]:
                    yield name, event.low, found
        for index, held in self.rows.items():
            self.heights[index] = max(self.heights.get(index, 0), held.highest)
        self._close(number)

    def _events(self, number: int) -> Iterator[Event]:
        """What happens in a pass, in parts that join few rows."""
        for event in events(self.graph, number, self.network.strip):
            if isinstance(event, Computed):
                yield from divided(self.graph, event, self.rows)
            else:
                yield event

    def _step(self, index: int) -> Step:
        strip = self.graph.strips[index]
        if strip is None or strip.kind != "moments":
            return step(self.network.network, self.graph, index)
        norm: Any = self.network.network.steps[str(index)]
        sums = self.sums[index]
        assert isinstance(sums, Moments), "a norm has moments"
        scale, shift = (
            each.to(self.network.device, torch.float32).reshape(-1, *(1,) * self.graph.plan.dims)
            for each in sums.scaled(norm, strip.groups or len(sums.mean))
        )
        then = norm.activation if isinstance(norm, FastNorm) else nn.Identity()
        return lambda _, rows: then(torch.addcmul(shift, rows[0], scale))

    def _given(self, event: Given) -> Tensor:
        index = event.node
        if index in self.stores:
            rows = self.stores[index].read(event.low, event.high)
        elif index in self.sums:
            sums = self.sums[index]
            value = sums.mean if isinstance(sums, Moments) else sums.value
            rows = value.float().reshape(1, -1, *(1,) * self.graph.plan.dims)
        elif index in self.vectors:
            rows = self.vectors[index]
        else:
            rows = self.image(event.low, event.high).float()
        return self._fitting(rows.to(self.network.device))

    def _computed(self, event: Computed) -> Tensor:
        index, graph = event.node, self.graph
        strip = graph.strips[index]
        assert strip is not None, "it is computed"
        rows: list[Any] = []
        for (source, _), wanted in zip(graph.inputs[index], event.reads, strict=True):
            if wanted is None or not wanted.length:
                rows.append(None)
                continue
            low, high = graph.within(index, source, wanted)
            found = self.rows[source].read(low, high)
            full = wanted if wanted.bounded else type(wanted)(0, graph.rows[source] - 1)
            rows.append(extended(found, full, graph.rows[source], strip.fill, self._maker(source)))
        return self.steps[index](event, rows)

    def _maker(self, source: int) -> Callable[[int], Tensor]:
        """What makes rows of a map."""
        graph = self.graph
        channels, across = graph.nodes[source].channels, graph.sizes[source][1:]
        fitting = CHANNELS_LAST.get(graph.plan.dims, torch.contiguous_format)
        return lambda rows: torch.empty((1, channels, rows, *across), device=self.network.device, memory_format=fitting)

    def _fitting(self, rows: Tensor) -> Tensor:
        dims = self.graph.plan.dims
        if dims == 1:
            return rows
        fitting = torch.empty(rows.shape, dtype=rows.dtype, device="meta", memory_format=CHANNELS_LAST[dims])
        # of one channel both formats are the same numbers, and the strides alone tell torch which it is
        return rows.contiguous(memory_format=CHANNELS_LAST[dims]).as_strided(rows.shape, fitting.stride())

    def _close(self, number: int) -> None:
        """Lets go of maps that no later pass reads."""
        last = last_reads(self.graph)
        for index in [index for index in self.stores if last.get(index, 0) <= number]:
            self.stores.pop(index).close()

    def close(self) -> None:
        """Lets go of all maps."""
        self._close(len(self.graph.passes))
