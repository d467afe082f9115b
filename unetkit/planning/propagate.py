"""Sizes, needs and grids, pushed through the graph along one axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from unetkit.geometry import PIXELS, Affine, Grid, Interval, Limit, Number, equal
from unetkit.signal import Node

Nodes = tuple[Node, ...]


def sizes(nodes: Nodes, axis: int, size: Number) -> tuple[list[Number], list[tuple[int, Limit]]]:
    """Returns the size of every signal along an axis, and every limit with the index of its node."""
    found: list[Number] = []
    limits: list[tuple[int, Limit]] = []
    for index, (_, operation, inputs, _) in enumerate(nodes):
        if operation is None:
            found.append(size)
        elif operation.pointwise:
            found.append(found[inputs[0]])
        else:
            taken = tuple(found[i] for i in inputs)
            limits += ((index, limit) for limit in operation.limits(axis, taken))
            found.append(operation.size(axis, taken))
    return found, limits


def each_limit(nodes: Nodes, axis: int, size: Affine, *, lossless: bool = False) -> Iterator[Limit]:
    """Yields every limit on a residue class of sizes as the signal passes; `lossless`: also that nothing is dropped."""
    found: list[Number] = []
    for _, operation, inputs, _ in nodes:
        if operation is None:
            found.append(size)
        elif operation.pointwise:
            found.append(found[inputs[0]])
        else:
            taken = tuple(found[i] for i in inputs)
            yield from operation.limits(axis, taken)
            if lossless:
                yield equal(operation.dropped(axis, taken), 0, "samples are dropped")
            found.append(operation.size(axis, taken))


class Meeting(NamedTuple):
    """Two signals that meet at a node, and by how many input pixels their samples lie apart."""

    node: int
    offset: float


def grids(nodes: Nodes, axis: int, found: list[Number], main: dict[int, int]) -> tuple[list[Grid], list[Meeting]]:
    """Returns the grid of every signal, and where signals meet. `main`: the input that leads, by node."""
    result: list[Grid] = []
    meetings: list[Meeting] = []
    for index, (_, operation, inputs, _) in enumerate(nodes):
        if operation is None:
            result.append(PIXELS)
        elif operation.pointwise:
            result.append(result[inputs[0]])
        elif operation.meets:
            leading = result[inputs[main.get(index, 0)]]
            offset = max((abs(result[i].start - leading.start) for i in inputs), default=0)
            meetings.append(Meeting(index, float(offset)))
            result.append(leading)
        else:
            taken = tuple(found[i] for i in inputs)
            result.append(operation.grid(axis, tuple(result[i] for i in inputs), taken))
    return result, meetings


def needs(nodes: Nodes, axis: int, found: list[int], output: int, wanted: Interval) -> Interval | None:
    """Returns the interval of the input, not cut at its borders, that the output's interval is computed from."""
    asked: list[Interval | None] = [None] * len(nodes)
    asked[output] = wanted
    for index in range(output, 0, -1):
        interval, node = asked[index], nodes[index]
        if interval is None or node.operation is None:
            continue
        if node.operation.pointwise:
            parts: tuple[Interval | None, ...] = (interval,)
        else:
            parts = node.operation.needs(axis, interval, tuple(found[i] for i in node.inputs))
        for source, part in zip(node.inputs, parts, strict=True):
            if part is not None:
                before = asked[source]
                asked[source] = part if before is None else before.union(part)
    return asked[0]
