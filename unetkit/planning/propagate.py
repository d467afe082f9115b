"""Sizes, needs and grids, pushed through the graph along one axis."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from unetkit.geometry import EVERYWHERE, PIXELS, Affine, Grid, Interval, Limit, Number, at_least
from unetkit.signal import Node

Nodes = tuple[Node, ...]


def sizes(nodes: Nodes, axis: int, size: Number) -> tuple[list[Number], list[tuple[int, Limit]]]:
    """The size of every signal along an axis, and every limit with the index of its node."""
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


def each_limit(nodes: Nodes, axis: int, size: Affine) -> Iterator[Limit]:
    """Yields every limit on a family of sizes as the signal passes."""
    return flow(nodes, axis, size, [], lossless=False)


def each_lossless_limit(nodes: Nodes, axis: int, size: Affine, outputs: tuple[int, ...]) -> Iterator[Limit]:
    """Yields every limit on a family of sizes, and what holds where nothing is dropped, made or more than the image.

    An output has at most a sample for each of the image's, where it has the image's resolution.
    """
    found: list[Number] = []
    yield from flow(nodes, axis, size, found, lossless=True)
    steps = resolution(nodes, axis)
    for output in dict.fromkeys(outputs):
        if steps[output] == 1:
            yield at_least(size, found[output], "the output is larger than the image")


def flow(nodes: Nodes, axis: int, size: Affine, found: list[Number], *, lossless: bool) -> Iterator[Limit]:
    """Yields every limit on a family of sizes, and fills `found` with the size of each signal."""
    for _, operation, inputs, _ in nodes:
        if operation is None:
            found.append(size)
        elif operation.pointwise:
            found.append(found[inputs[0]])
        else:
            taken = tuple([found[i] for i in inputs])
            yield from operation.limits(axis, taken)
            if lossless:
                yield from operation.lossless(axis, taken)
            found.append(operation.size(axis, taken))


def resolution(nodes: Nodes, axis: int) -> list[Fraction]:
    """Returns for each signal how many input pixels lie between two of its samples, by the strides alone."""
    steps: list[Fraction] = []
    for _, operation, inputs, _ in nodes:
        step = steps[inputs[0]] if inputs else Fraction(1)
        if operation is not None and operation.rescales:
            times, divided = operation.rescale(axis)
            step = step * times / divided
        steps.append(step)
    return steps


def period(nodes: Nodes, axis: int) -> int:
    """Samples of the image, where its resolution is whole, after which windows that do not overlap begin again."""
    steps = resolution(nodes, axis)
    return lcm(
        *(
            (steps[inputs[0]] * operation.period(axis)).numerator
            for _, operation, inputs, _ in nodes
            if operation is not None and operation.period(axis) > 1
        )
    )


class Misalignment(NamedTuple):
    """Two signals that meet at a node, and by how many input pixels their samples lie apart."""

    node: int
    offset: float


def grids(
    nodes: Nodes, axis: int, found: list[Number], main: dict[int, int], meetings: list[Misalignment] | None = None
) -> list[Grid]:
    """The grid of every signal. `main`: the input that leads, by node; `meetings` gets where signals meet."""
    result: list[Grid] = []
    for index, (_, operation, inputs, _) in enumerate(nodes):
        if operation is None:
            result.append(PIXELS)
        elif operation.pointwise:
            result.append(result[inputs[0]])
        elif operation.elementwise:
            leading = result[inputs[main.get(index, 0)]]
            if meetings is not None:
                offset = max((abs(result[i].start - leading.start) for i in inputs), default=0)
                meetings.append(Misalignment(index, float(offset)))
            result.append(leading)
        else:
            taken = tuple(found[i] for i in inputs)
            result.append(operation.grid(axis, tuple(result[i] for i in inputs), taken))
    return result


def needs(nodes: Nodes, axis: int, found: list[int], output: int, wanted: Interval) -> Interval | None:
    """The interval of the input, not cut at its borders, that the output's interval is computed from."""
    asked: list[Interval | None] = [None] * len(nodes)
    asked[output] = wanted
    for index in range(output, 0, -1):
        interval, node = asked[index], nodes[index]
        if interval is None or node.operation is None:
            continue
        if node.operation.pointwise:
            parts: tuple[Interval | None, ...] = (interval,)
        else:
            parts = node.operation.needs(axis, interval, tuple([found[i] for i in node.inputs]))
        for source, part in zip(node.inputs, parts, strict=True):
            if part is not None:
                part = EVERYWHERE if interval is EVERYWHERE else part
                before = asked[source]
                asked[source] = part if before is None else before.union(part)
    return asked[0]


def stretches(nodes: Nodes, axis: int, found: list[int]) -> bool:
    """Whether, at these sizes, the distance between the samples that some operation reads depends on the sizes."""
    return any(
        operation is not None and not operation.pointwise and operation.stretches(axis, tuple(found[i] for i in inputs))
        for _, operation, inputs, _ in nodes
    )
