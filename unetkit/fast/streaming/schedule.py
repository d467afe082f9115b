"""In which order rows are computed and released: the arithmetic of streaming, without tensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from unetkit.fast.streaming.graph import Pass, RowGraph
from unetkit.geometry import Interval


class Given(NamedTuple):
    """Rows `low` … high − 1 of the image, or of a map of an earlier pass, are read."""

    node: int
    low: int
    high: int


class Computed(NamedTuple):
    """A node computes its rows `low` … high − 1 from those of its inputs, which may lie beyond their ends."""

    node: int
    low: int
    high: int
    reads: tuple[Interval | None, ...]


class Released(NamedTuple):
    """Nothing reads the rows of a map before `low` any more."""

    node: int
    low: int


Event = Given | Computed | Released


def events(graph: RowGraph, number: int, strip: int) -> Iterator[Event]:
    """Yields what happens in a pass. `strip` are the rows of the image that are read at once."""
    yield from _Run(graph, graph.passes[number], strip).events()


class _Run:
    """One pass: how many rows of each map there are, and which rows are still needed."""

    def __init__(self, graph: RowGraph, what: Pass, strip: int) -> None:
        self.graph, self.what, self.strip = graph, what, strip
        self.done: dict[int, int] = defaultdict(int)
        self.low: dict[int, int] = defaultdict(int)
        self.eaten: dict[int, int] = defaultdict(int)
        """Rows that a node has read for good, where each adds to several rows."""
        self.pace: dict[int, int] = defaultdict(int)
        self.held: dict[int, dict[int, int]] = defaultdict(dict)
        """By map, for each node that reads it the first row that it still needs."""
        for index in what.nodes:
            self._hold(index)

    def events(self) -> Iterator[Event]:
        rows, what = self.graph.rows, self.what
        steps = -(-rows[0] // self.strip)
        for step in range(1, steps + 1):
            for source in what.sources:
                high = rows[source] if step == steps or self.graph.is_given(source) else self._due(source, step)
                if high > self.done[source]:
                    yield Given(source, self.done[source], high)
                    self.done[source] = high
                    yield from self._release(source)
            while True:
                before = dict(self.done)
                for index in what.nodes:
                    yield from self._advance(index)
                if step < steps or self.done == before:  # at the end, until all is done
                    break

    def _advance(self, index: int) -> Iterator[Event]:
        """Computes the rows of a node that can be computed now."""
        low, high = self.done[index], self._reach(index)
        if high > low:
            yield self._computed(index, low, high)
            yield from self._release(index)
            for source, _ in dict.fromkeys(self.graph.inputs[index]):
                yield from self._release(source)

    def _due(self, source: int, step: int) -> int:
        """Rows of a map that are read by a step: as large a share of it as of the image."""
        return min(self.graph.rows[source], -(-self.graph.rows[source] * self.strip * step // self.graph.rows[0]))

    def _computed(self, index: int, low: int, high: int) -> Computed:
        reads = self.graph.reads(index, low, high)
        strip = self.graph.strips[index]
        if strip is not None and strip.kind == "overlap":
            (rows,) = reads
            assert rows is not None, "it has one input"
            last = min(rows.high, self.graph.rows[self.graph.inputs[index][0][0]] - 1)
            reads = [Interval(self.eaten[index], last)]
            self.eaten[index] = last + 1
        self.pace[index] = high - low
        self.done[index] = high
        self._hold(index)
        return Computed(index, low, high, tuple(reads))

    def _hold(self, index: int) -> None:
        """Notes the first row of each input that the rows not yet computed need."""
        graph, low = self.graph, self.done[index]
        strip, rows = graph.strips[index], graph.rows[index]
        finished = low >= rows
        reads = [None] * len(graph.inputs[index]) if finished else graph.reads(index, low, rows)
        first: dict[int, int] = {}
        for (source, _), wanted in zip(graph.inputs[index], reads, strict=True):
            needed = graph.rows[source] if wanted is None else graph.within(index, source, wanted)[0]
            if strip is not None and strip.kind == "overlap" and not finished:
                needed = self.eaten[index]
            first[source] = min(needed, first.get(source, needed))
        for source, needed in first.items():
            self.held[source][index] = needed

    def _release(self, source: int) -> Iterator[Released]:
        low = min(min(self.held[source].values(), default=self.done[source]), self.done[source])
        if low > self.low[source]:
            self.low[source] = low
            yield Released(source, low)

    def _reach(self, index: int) -> int:
        """How many rows of a node can be computed from what is there; found from how many it were last time."""
        low, rows = self.done[index], self.graph.rows[index]
        if low >= rows or not self._ready(index, low):
            return low
        high, end = low + 1, min(rows, low + max(2, self.pace[index]))  # ready, and perhaps so
        step = 1
        while high < end and self._ready(index, end - 1):
            high, end, step = end, min(rows, end + step), 2 * step
        while end - high > 1:
            middle = (high + end) // 2
            if self._ready(index, middle - 1):
                high = middle
            else:
                end = middle
        strip = self.graph.strips[index]
        many = strip.multiple if strip is not None else 1
        most = many - (-rows * self.strip // self.graph.rows[0])  # so that the end is no heap
        if high - low <= most and (low == 0 or high == rows):  # the first rows do not wait, so none do at an even pace
            return high
        return low + min(high - low, most) // many * many

    def _ready(self, index: int, row: int) -> bool:
        """Whether all rows that one row needs are there."""
        graph = self.graph
        return all(
            wanted is None or graph.within(index, source, wanted)[1] <= self.done[source]
            for (source, _), wanted in zip(graph.inputs[index], graph.reads(index, row, row + 1), strict=True)
        )


class Schedule(NamedTuple):
    """What streaming an image takes."""

    strip: int
    """Rows of the image that are read at once."""
    axis: int
    """The axis of the image along which they lie."""
    passes: int
    heights: dict[int, int]
    """By node the most rows that are held at once."""
    bytes: int
    """The most bytes of rows that are held at once, with those that a step reads and writes."""
    stored: int
    """The most bytes that wait between two passes."""
    macs: int
    """Multiply-adds of convolutions."""


def make_schedule(graph: RowGraph, strip: int) -> Schedule:
    """What streaming takes with so many rows at once."""
    heights: dict[int, int] = {}
    peak = macs = 0
    for number in range(len(graph.passes)):
        ledger = _Ledger(graph, heights)
        for event in events(graph, number, strip):
            ledger.note(event)
        peak, macs = max(peak, ledger.peak), macs + ledger.macs
    return Schedule(strip, graph.order[0], len(graph.passes), heights, peak, max(stored_bytes(graph)), macs)


def stored_bytes(graph: RowGraph) -> list[int]:
    """By pass the bytes of maps that are stored while it runs."""
    last = last_reads(graph)
    found = []
    alive = set[int]()
    for number, what in enumerate(graph.passes):
        alive |= set(what.stored)
        found.append(sum(graph.rows[index] * graph.row_bytes(index) for index in alive))
        alive = {index for index in alive if last[index] > number}
    return found


def last_reads(graph: RowGraph) -> dict[int, int]:
    """By map the last pass that reads it."""
    return {source: number for number, what in enumerate(graph.passes) for source in what.sources}


class _Ledger:
    """The rows and bytes that are held while events pass."""

    def __init__(self, graph: RowGraph, heights: dict[int, int]) -> None:
        self.graph, self.heights = graph, heights
        self.rows: dict[int, tuple[int, int]] = {}
        self.bytes = [graph.row_bytes(index) for index in range(len(graph.nodes))]
        self.held = self.peak = self.macs = 0

    def note(self, event: Event) -> None:
        """Counts one event."""
        if isinstance(event, Released):
            low, high = self.rows[event.node]
            self.rows[event.node] = event.low, high
            self.held -= (event.low - low) * self.bytes[event.node]
            return
        low, _ = self.rows.get(event.node, (event.low, event.low))
        self.rows[event.node] = low, event.high
        self.held += (event.high - event.low) * self.bytes[event.node]
        self.heights[event.node] = max(self.heights.get(event.node, 0), event.high - low)
        borrowed = 0
        if isinstance(event, Computed):
            borrowed = self._read(event)
            self.macs += self._macs(event)
        self.peak = max(self.peak, self.held + borrowed)

    def _read(self, event: Computed) -> int:
        """Bytes of the rows that a node reads, which may be a copy."""
        sources = self.graph.inputs[event.node]
        return sum(
            wanted.length * self.bytes[source]
            for (source, _), wanted in zip(sources, event.reads, strict=True)
            if wanted is not None and wanted.bounded
        )

    def _macs(self, event: Computed) -> int:
        graph, node = self.graph, self.graph.nodes[event.node]
        assert node.operation is not None, "an input is not computed"
        channels = tuple([graph.nodes[source].channels for source in node.inputs])
        given = [graph.sizes[source] for source in node.inputs]
        if event.reads[0] is not None:
            first = event.reads[0]
            given[0] = (first.length, *given[0][1:])
        output = (event.high - event.low, *graph.sizes[event.node][1:])
        return node.operation.macs(channels, tuple(given), output) if prod(output) else 0
