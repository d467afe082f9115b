"""The blocks of a plan, grouped by structure: blocks that differ only in argument values share a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from unetkit.block import Component
from unetkit.operations.operation import Layer, Operation, facts
from unetkit.planning import Plan
from unetkit.planning.memory import overwriting
from unetkit.planning.wiring import Call
from unetkit.signal import InnerCall, input_names

Key = tuple[Any, ...]


class CodeLine(NamedTuple):
    """One operation of a block, or one component within it. `inputs` count from its first line; −1, −2, … are those of
    the block itself.
    """

    name: str
    operation: Operation
    layer: Layer
    inputs: tuple[int, ...]
    channels: int
    node: int
    """The node of the plan that is its result."""
    body: Body | None = None
    """The component within the block."""


@facts
class _InnerBlock(Operation):
    """A component within a block, which the block calls like a layer."""

    kind = "module"


class Body(NamedTuple):
    """A block of the network, or a component within one: its operations, the channels of its inputs, its output."""

    scope: str
    part: Component
    slot: str
    kind: str
    lines: tuple[CodeLine, ...]
    inputs: tuple[int, ...]
    """The nodes of the plan that it reads."""
    in_channels: tuple[int, ...]
    output: int
    """The line of its output, counted as `CodeLine.inputs` are."""
    conditions: tuple[str, ...] = ()
    """The vectors among its inputs, which are the last of them."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of its inputs."""
        return input_names(len(self.inputs), self.conditions)

    @property
    def channels(self) -> int:
        """The channels of its output."""
        return self.lines[self.output].channels if self.output >= 0 else self.in_channels[-1 - self.output]

    @property
    def key(self) -> Key:
        """The structure: equal for blocks that share a class."""
        lines = tuple((e.name, e.layer.name, len(e.layer.args), tuple(e.layer.kwargs), e.inputs) for e in self.lines)
        return (self.slot, self.kind, len(self.inputs), lines, self.output)

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

    @property
    def is_numbered(self) -> bool:
        """Whether its modules have numbers for names, as those of `nn.Sequential` have."""
        return any(line.name.partition(".")[0].isdecimal() for line in self.lines)

    @property
    def is_sequential(self) -> bool:
        """Whether it is a chain of modules with the names 0, 1, 2, …"""
        return bool(self.lines) and all(
            line.name == str(index) and line.layer.is_module and line.inputs == (index - 1,)
            for index, line in enumerate(self.lines)
        )

    @property
    def inner(self) -> Iterator[Body]:
        """The components within it."""
        return (line.body for line in self.lines if line.body is not None)

    @property
    def height(self) -> int:
        """How deep components are nested in it."""
        return max((1 + body.height for body in self.inner), default=0)


def bodies(plan: Plan) -> dict[str, Body]:
    """The blocks of a plan by name, in execution order."""
    over = overwriting(plan)
    return {call.scope: _block_body(plan, call, over) for call in plan.calls if not plan.is_input(call)}


def _block_body(plan: Plan, call: Call, over: frozenset[int]) -> Body:
    """One block of a plan. `over` are the nodes that write their output over their input."""
    part = plan.spec.parts[call.scope]
    whole = InnerCall("", part, call.start, call.end, call.inputs, call.output, call.conditions)
    return _body(plan, call.scope, whole, plan.inner(call), over)


def _body(plan: Plan, block: str, whole: InnerCall, inner: tuple[InnerCall, ...], over: frozenset[int]) -> Body:
    """A component of a block, with those within it; an inner one stands before the one that it is in."""
    local = {index: -1 - place for place, index in enumerate(whole.inputs)}
    prefix = f"{whole.scope}." if whole.scope else ""
    lines: list[CodeLine] = []
    index = whole.start
    while index < whole.end:
        place = max((at for at, one in enumerate(inner) if one.start == index < one.end), default=None)
        if place is None:
            node, layer = plan.nodes[index], plan.layer(index)
            if layer.is_module and index in over:
                layer = layer._replace(kwargs=layer.kwargs | {"inplace": True})
            assert node.operation is not None, "the input stands in no block"
            name, sources, operation, body = node.name, node.inputs, node.operation, None
            result, following = index, index + 1
        else:
            one = inner[place]
            within = tuple(each for each in inner[:place] if one.start <= each.start < one.end)
            body = _body(plan, block, one, within, over)
            name, sources, layer, operation = one.scope, one.inputs, Layer("nn.Module"), _InnerBlock()
            result, following = one.output, one.end
        local[result] = len(lines)
        channels = plan.nodes[result].channels
        taken = tuple([local[source] for source in sources])
        lines.append(CodeLine(name.removeprefix(prefix), operation, layer, taken, channels, result, body))
        index = following
    return Body(
        f"{block}.{whole.scope}".rstrip("."),
        whole.part,
        whole.part.slot,
        plan.spec.types.get(type(whole.part)) or type(whole.part).__name__,
        tuple(lines),
        whole.inputs,
        tuple(plan.nodes[index].channels for index in whole.inputs),
        local[whole.output],
        whole.conditions,
    )


def flattened(blocks: Iterable[Body]) -> Iterator[Body]:
    """Yields the blocks, and before each the components within it."""
    for block in blocks:
        yield from flattened(block.inner)
        yield block


def grouped(blocks: Iterable[Body]) -> list[tuple[Body, ...]]:
    """The blocks that need a class, grouped by class, in the order of first use."""
    groups: dict[Key, list[Body]] = {}
    for block in blocks:
        if block.plain is None:
            groups.setdefault(block.key, []).append(block)
    return [tuple(group) for group in groups.values()]
