"""A plan at one input size: what each block gets, gives and costs."""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.signal import Call, Node

Size = tuple[int, ...]


class FeatureMap(NamedTuple):
    """The result of one operation that makes a new map: what made it, its channels and its size."""

    label: str
    channels: int
    size: Size


class Step(NamedTuple):
    """One block at one input size. `skip_channels` and `skip_size` are those of the map that a skip merges."""

    name: str
    slot: str
    type: str
    level: int
    side: str
    in_channels: int
    channels: int
    input_size: Size
    output_size: Size
    parameters: int
    macs: int
    skip_channels: int | None
    skip_size: Size | None
    maps: tuple[FeatureMap, ...]

    def json(self) -> dict[str, Any]:
        """The step as plain values."""
        return {
            "name": self.name,
            "type": self.type,
            "level": self.level,
            "side": self.side,
            "in_channels": self.in_channels,
            "channels": self.channels,
            "input_size": list(self.input_size),
            "output_size": list(self.output_size),
            "parameters": self.parameters,
            "macs": self.macs,
        }


class SizedPlan(NamedTuple):
    """All blocks of a network at one input size, in execution order. `sizes` has the size of every signal."""

    plan: Any
    input_size: Size
    output_size: Size
    sizes: tuple[Size, ...]
    macs: int
    steps: tuple[Step, ...]


def node_macs(nodes: tuple[Node, ...], sizes: tuple[Size, ...], index: int) -> int:
    """Returns the multiply-adds of one operation for one image."""
    node = nodes[index]
    if node.operation is None:
        return 0
    taken = tuple(nodes[i].channels for i in node.inputs)
    return node.operation.macs(taken, tuple(sizes[i] for i in node.inputs), sizes[index])


def node_parameters(nodes: tuple[Node, ...], index: int) -> int:
    """Returns the trainable parameters of one operation."""
    node = nodes[index]
    return node.operation.parameters(tuple(nodes[i].channels for i in node.inputs)) if node.operation else 0


def step(nodes: tuple[Node, ...], sizes: tuple[Size, ...], span: Call, kind: str, depth: int) -> Step:
    """Returns what one block does at one size."""
    side, level, slot = position(span.scope, depth)
    first, skip = span.inputs[0], span.inputs[1] if len(span.inputs) > 1 else None
    inside = range(span.start, span.end)
    return Step(
        name=span.scope,
        slot=slot,
        type=kind,
        level=level,
        side=side,
        in_channels=nodes[first].channels,
        channels=nodes[span.output].channels,
        input_size=sizes[first],
        output_size=sizes[span.output],
        parameters=sum(node_parameters(nodes, index) for index in inside),
        macs=sum(node_macs(nodes, sizes, index) for index in inside),
        skip_channels=None if skip is None else nodes[skip].channels,
        skip_size=None if skip is None else sizes[skip],
        maps=tuple(
            FeatureMap(operation.label(), nodes[index].channels, sizes[index])
            for index in inside
            if (operation := nodes[index].operation) is not None and operation.makes_map
        ),
    )


def position(scope: str, depth: int) -> tuple[str, int, str]:
    """Returns side, level and slot of a block from its name.

    >>> position("encoder.1.block", 5)
    ('encoder', 1, 'block')
    """
    parts = scope.split(".")
    if len(parts) == 3:
        return parts[0], int(parts[1]), parts[2]
    return (parts[0], depth - 1, parts[1]) if len(parts) == 2 else (parts[0], 0, parts[0])
