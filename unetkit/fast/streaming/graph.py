"""The rows of a network's maps at one size: which rows of its inputs each operation needs, and in which pass."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from math import prod
from typing import NamedTuple

from unetkit.errors import Fault, UnetkitError
from unetkit.geometry import Interval
from unetkit.operations import Operation
from unetkit.operations.fast import is_late
from unetkit.operations.strip import Strip
from unetkit.planning import Plan
from unetkit.planning.spatial_graph import Size
from unetkit.signal import Node


class StreamingError(UnetkitError):
    """A network cannot be computed in strips."""


class Pass(NamedTuple):
    """What is computed while the image passes once.

    A network without sums over whole maps has one pass. Each such sum ends a pass: what depends on it follows in a
    later one, and reads the maps that earlier ones stored.
    """

    nodes: tuple[int, ...]
    """Computed now, in execution order."""
    sources: tuple[int, ...]
    """Maps of earlier passes, and the image, that these read."""
    stored: tuple[int, ...]
    """Maps that later passes read."""
    sums: tuple[int, ...]
    """Operations whose sums over the whole map are made now."""


class RowGraph:
    """The operations of a plan at one size, as seen along the axis in which an image is cut: there it has rows.

    That axis comes first in all sizes here.
    """

    def __init__(self, plan: Plan, size: Size, axis: int = 0) -> None:
        """Raises StreamingError where an operation needs the whole map at once, or no map with other axes first."""
        self.plan = plan
        self.order = (axis, *(other for other in range(plan.dims) if other != axis))
        """The axes of the image, by place here."""
        self.sizes = [tuple([each[other] for other in self.order]) for each in plan.at(size).sizes]
        self.rows = [each[0] for each in self.sizes]
        self.nodes = [self._turned(index) for index in range(len(plan.nodes))]
        self.inputs = [self._inputs(index) for index in range(len(self.nodes))]
        """By node the maps that it reads, each with the number of the input."""
        self.strips: list[Strip | None] = [self._strip(index) for index in range(len(self.nodes))]
        """How each node is computed; None for inputs and for maps that are joined by what reads them."""

    @property
    def is_turned(self) -> bool:
        """Whether another axis than the first comes first."""
        return self.order[0] > 0

    def _turned(self, index: int) -> Node:
        node = self.plan.nodes[index]
        if node.operation is None or not self.is_turned:
            return node
        operation = node.operation.turned(self.order)
        if operation is None:
            raise self._refusal(index, "depends on the order of the axes")
        return node._replace(operation=operation)

    def _refusal(self, index: int, why: str) -> StreamingError:
        node = self.plan.nodes[index]
        assert node.operation is not None, "the image is never refused"
        name = f"{self.plan.call_of(index).scope}.{node.name} ({node.operation.label()})"
        cure = "Use tiles, or the whole image at once."
        return StreamingError(Fault("not-streamed", f"{self.plan.spec.name}: {name} {why}", cure=cure))

    def _inputs(self, index: int) -> tuple[tuple[int, int], ...]:
        operation = self.nodes[index].operation
        if operation is None or operation.is_input:
            return ()
        return tuple(
            (part, number) for number, source in enumerate(self.nodes[index].inputs) for part in self._parts(source)
        )

    def _parts(self, source: int) -> tuple[int, ...]:
        operation = self.nodes[source].operation
        return self.nodes[source].inputs if operation is not None and is_late(operation) else (source,)

    def _strip(self, index: int) -> Strip | None:
        node = self.nodes[index]
        if node.operation is None or node.operation.is_input or is_late(node.operation):
            return None
        found = node.operation.strip(tuple(self.rows[source] for source in node.inputs))
        if found is None:
            raise self._refusal(index, "needs the whole map at once")
        return found

    def row_bytes(self, index: int) -> int:
        """Bytes of one row of a map, in float32."""
        return 4 * self.nodes[index].channels * prod(self.sizes[index][1:])

    def is_given(self, index: int) -> bool:
        """Whether a map of one sample is there before any row is: a vector, or a sum of an earlier pass."""
        strip, operation = self.strips[index], self.nodes[index].operation
        pooled = strip is not None and strip.kind in ("mean", "maximum")
        return pooled or (operation is not None and operation.is_input)

    # ---- rows

    def reads(self, index: int, low: int, high: int) -> list[Interval | None]:
        """By input of a node the rows, which may lie beyond the ends, that its rows `low` … high − 1 need.

        None: only the size of that input counts.
        """
        strip, node = self.strips[index], self.nodes[index]
        assert strip is not None and node.operation is not None, "it is computed"
        wanted = Interval(low, high - 1)
        if strip.kind == "moments" or node.operation.pointwise:
            return [wanted] * len(self.inputs[index])
        counts: Operation = strip.reads or node.operation
        found = counts.needs(0, wanted, tuple([self.rows[source] for source in node.inputs]))
        return [found[number] for _, number in self.inputs[index]]

    def within(self, index: int, source: int, rows: Interval) -> tuple[int, int]:
        """The rows first … last − 1 of a map from which rows that may lie beyond its ends are made."""
        strip, size = self.strips[index], self.rows[source]
        assert strip is not None, "it is computed"
        return inside(rows, size, strip.fill)

    # ---- passes

    @cached_property
    def _stages(self) -> list[int]:
        stages: list[int] = []
        for index in range(len(self.nodes)):
            strip = self.strips[index]
            stage = max((stages[source] for source in self.nodes[index].inputs), default=0)
            if not self.inputs[index]:
                stage = 0
            stages.append(stage + (strip is not None and strip.is_global))
        return stages

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """The passes in order: each operation is computed in one of them."""
        stages, found = self._stages, []
        readers: dict[int, set[int]] = defaultdict(set)
        for index, strip in enumerate(self.strips):
            if strip is not None and not self.is_given(index):
                for source, _ in self.inputs[index]:
                    readers[source].add(stages[index])
        for number in range(max(stages) + 1):
            nodes = tuple(
                index
                for index, strip in enumerate(self.strips)
                if strip is not None and stages[index] == number and not self.is_given(index)
            )
            sums = tuple(
                index
                for index, strip in enumerate(self.strips)
                if strip is not None and strip.is_global and stages[index] == number + 1
            )
            read = {source for index in nodes for source, _ in self.inputs[index]}
            read |= {self.inputs[index][0][0] for index in sums}
            sources = tuple(sorted(read - set(nodes)))
            stored = tuple(index for index in nodes if any(stage > number for stage in readers[index]))
            found.append(Pass(nodes, sources, stored, sums))
        return tuple(found)


def inside(rows: Interval, size: int, fill: str) -> tuple[int, int]:
    """The rows first … last − 1 of a map of `size` rows from which `rows` are made.

    >>> inside(Interval(-2, 3), 10, "zeros"), inside(Interval(-2, 0), 10, "reflect")
    ((0, 4), (0, 3))
    """
    if not rows.bounded:
        return 0, size
    low, high = max(0, min(rows.low, size)), min(size, max(rows.high + 1, 0))
    if fill == "replicate":
        low, high = min(low, size - 1), max(high, 1)
    elif fill == "reflect":
        if rows.low < 0:
            low, high = 0, max(high, min(size, 1 - rows.low))
            if rows.high < 0:
                low = min(-rows.high, size - 1)
        if rows.high >= size:
            low = max(0, min(low, 2 * (size - 1) - rows.high))
            if rows.low >= size:
                high = max(1, 2 * (size - 1) - rows.low + 1)
    return low, max(low, high)
