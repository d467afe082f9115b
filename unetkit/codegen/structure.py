"""The blocks of a plan, grouped by structure: blocks that differ only in argument values share a class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from unetkit.block import Component
from unetkit.operations.operation import Layer, Operation
from unetkit.planning import Plan
from unetkit.planning.memory import overwriting
from unetkit.signal import Call

Key = tuple[Any, ...]


class CodeLine(NamedTuple):
    """One operation of a block. `inputs` count from its first line; −1 and −2 are the inputs of the block itself."""

    name: str
    operation: Operation
    layer: Layer
    inputs: tuple[int, ...]
    channels: int


class Body(NamedTuple):
    """One block of the network: its operations, the channels of its inputs, the line of its output."""

    call: Call
    part: Component
    slot: str
    kind: str
    lines: tuple[CodeLine, ...]
    in_channels: tuple[int, ...]
    output: int

    @property
    def channels(self) -> int:
        """The channels of its output."""
        return self.lines[self.output].channels if self.output >= 0 else self.in_channels[-1 - self.output]

    @property
    def key(self) -> Key:
        """The structure: equal for blocks that share a class."""
        lines = tuple((e.name, e.layer.name, len(e.layer.args), tuple(e.layer.kwargs), e.inputs) for e in self.lines)
        return (self.slot, self.kind, lines, self.output)

    @property
    def plain(self) -> Layer | None:
        """The layer of a block that needs no class: a single layer without weights."""
        if len(self.lines) != 1 or self.output != 0 or len(self.in_channels) != 1:
            return None
        line = self.lines[0]
        alone = line.operation.stateless and line.layer.is_module and line.inputs == (-1,)
        return line.layer if alone else None

    @property
    def passes(self) -> bool:
        """Whether the block returns its first input unchanged."""
        return not self.lines and self.output == -1


def bodies(plan: Plan) -> dict[str, Body]:
    """The blocks of a plan by name, in execution order."""
    over = overwriting(plan)
    return {call.scope: body(plan, call, over) for call in plan.calls}


def body(plan: Plan, call: Call, over: frozenset[int]) -> Body:
    """One block of a plan. `over` are the nodes that write their output over their input."""
    local = {index: index - call.start for index in range(call.start, call.end)}
    local |= {index: -1 - place for place, index in enumerate(call.inputs)}
    lines = []
    for index in range(call.start, call.end):
        node, layer = plan.nodes[index], plan.layer(index)
        if layer.is_module and index in over:
            layer = layer._replace(kwargs=layer.kwargs | {"inplace": True})
        assert node.operation is not None, "the input stands in no block"
        lines.append(CodeLine(node.name, node.operation, layer, tuple(local[i] for i in node.inputs), node.channels))
    part = plan.spec.parts[call.scope]
    return Body(
        call,
        part,
        call.scope.rpartition(".")[2],
        plan.spec.type_of(part),
        tuple(lines),
        tuple(plan.nodes[index].channels for index in call.inputs),
        local[call.output],
    )


def grouped(blocks: Iterable[Body]) -> list[tuple[Body, ...]]:
    """The blocks that need a class, grouped by class, in the order of first use."""
    groups: dict[Key, list[Body]] = {}
    for block in blocks:
        if block.plain is None:
            groups.setdefault(block.key, []).append(block)
    return [tuple(group) for group in groups.values()]
