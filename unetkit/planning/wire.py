"""From spec to graph: the U as a loop down, a bottleneck, and a loop up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unetkit.block import Component
from unetkit.errors import BlockError, SpecError
from unetkit.language import Spec
from unetkit.operations.operation import wiring_error
from unetkit.signal import Graph, Piece, Signal

Pieces = dict[Any, tuple[Component, Piece]]
"""What networks that are wired one after another have in common: by block, its place and its inputs."""


def wire(spec: Spec, pieces: Pieces | None = None) -> tuple[Graph, Signal]:
    """Returns the graph of the network and its output. Raises SpecError where blocks do not go together."""
    graph = Graph(spec.dims, spec.in_channels)
    x, skips = graph.input(), list[Signal]()

    def place(scope: str, *inputs: Signal, **arguments: object) -> Signal:
        part, start = spec.parts[scope], len(graph.nodes)
        taken = tuple((signal.index, signal.channels, signal.up, signal.down) for signal in inputs)
        key = id(part), scope, start, taken, *arguments.values()
        if pieces is not None and key in pieces:
            return graph.repeat(pieces[key][1])
        made = placed(spec, graph, scope, lambda *signals: part.wire(*signals, **arguments), *inputs)  # type: ignore[attr-defined]
        if pieces is not None:  # with the block, so that no other can get its id
            pieces[key] = part, graph.piece(made)
        return made

    for level, channels in enumerate(spec.channels[:-1]):
        if level:
            x = place(f"encoder.{level}.down", x, channels=channels)
        x = place(f"encoder.{level}.block", x, channels=channels)
        skips.append(x)
    if skips:
        x = place("bottleneck.down", x, channels=spec.channels[-1])
    x = place("bottleneck.block", x, channels=spec.channels[-1])
    for level, channels in reversed(list(enumerate(spec.decoder_channels))):
        skip = skips.pop()
        x = place(f"decoder.{level}.up", x, channels=channels, stride=stride_between(x, skip))
        x = place(f"decoder.{level}.skip", x, skip)
        x = place(f"decoder.{level}.block", x, channels=channels)
    x = place("head", x, channels=spec.out_channels)
    graph.settle()
    return graph, x


def placed(spec: Spec, graph: Graph, scope: str, wire_: Callable[..., Signal], *inputs: Signal) -> Signal:
    """Returns the output of one block; what it raises is told with the place where the block was asked for."""
    try:
        return graph.block(scope, wire_, *inputs)
    except BlockError as error:
        raise SpecError(*(spec.blame(fault, scope) for fault in error.faults)) from error


def stride_between(x: Signal, skip: Signal) -> tuple[int, ...]:
    """Returns by how much the way up must multiply the samples of x to come to the level of `skip`."""
    strides = []
    for axis in range(x.dims):
        wide, narrow = x.up[axis] * skip.down[axis], x.down[axis] * skip.up[axis]
        if wide % narrow:
            raise wiring_error(f"the way down went by a stride of {wide}/{narrow}, which no way up can undo")
        strides.append(wide // narrow)
    return tuple(strides)
