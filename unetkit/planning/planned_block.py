"""A block at work, planned once by value: its operations, parameters, multiply-adds and lines of the listing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from unetkit.block import ByValue, Component
from unetkit.operations import Operation
from unetkit.operations.operation import Axes, wiring_error
from unetkit.planning.spatial_graph import Size, SpatialBlock, interned
from unetkit.signal import InnerCall, Node, Signal, Source, Wiring, check_signals

_CACHED_BLOCKS = 1 << 13
"""Largest number of blocks that are kept, a few kB each."""
_CACHED_COSTS = 1 << 14
"""Largest number of listings and of multiply-adds that are kept."""


Conditions: TypeAlias = tuple[tuple[str, Source], ...]
"""The vectors that a block may read, by name."""


def planned_block(
    component: Component, dims: int, sources: tuple[Source, ...], conditions: Conditions = (), **arguments: Any
) -> PlannedBlock:
    """The plan of a component that reads signals; equal ones are planned once.

    `arguments` are those of its `wire` beside the signals. Raises BlockError where they do not go together.
    """
    return _planned_block(ByValue(component), dims, sources, conditions, tuple(arguments.items()))


@lru_cache(_CACHED_BLOCKS)
def _planned_block(
    key: ByValue,
    dims: int,
    sources: tuple[Source, ...],
    conditions: Conditions,
    arguments: tuple[tuple[str, Any], ...],
) -> PlannedBlock:
    wiring = Wiring(dims, sources, conditions)
    component: Any = key.component
    check_signals(key.component, len(sources))
    output: Signal = component.wire(*wiring.inputs, **dict(arguments))
    if output.wiring is not wiring:
        raise wiring_error("a block gives a signal that is not its own")
    if conditions:
        read = {source for node in wiring.nodes for source in node.inputs}
        used = tuple(one for one in conditions if wiring.conditions[one[0]].index in read)
        if used != conditions:
            return _planned_block(key, dims, sources, used, arguments)
    _check_read(wiring, output.index)
    _decide_biases(wiring, output.index)
    return PlannedBlock(
        dims,
        len(sources) + len(conditions),
        tuple(wiring.nodes),
        output.index,
        Source(output.channels, output.up, output.down),
        output.index in wiring.undecided,
        tuple(wiring.inner),
        tuple([name for name, _ in conditions]),
    )


def _check_read(wiring: Wiring, output: int) -> None:
    """Raises BlockError for an operation whose result has no influence on the output."""
    read = {output}
    for index in range(len(wiring.nodes) - 1, len(wiring.inputs) + len(wiring.conditions) - 1, -1):
        node = wiring.nodes[index]
        if index not in read:
            raise wiring_error(f"nothing reads what {node.name} computes", "Use its result, or leave it out.")
        read.update(node.inputs)


def _decide_biases(wiring: Wiring, output: int) -> None:
    """Decides biases left to `auto`: none where only normalization reads the convolution.

    That of the output is left to the network, in which further blocks read it, unless another node shares its weights.
    """
    tied: dict[str, list[int]] = {}
    for index in wiring.undecided:
        tied.setdefault(wiring.nodes[index].name, []).append(index)
    for indices in tied.values():
        if output in indices:
            wiring.undecided = [index for index in wiring.undecided if index not in indices or len(indices) == 1]
        elif all(_readers(wiring.nodes, index) is True for index in indices):
            for index in indices:
                wiring.nodes[index] = _without_bias(wiring.nodes[index])


def _readers(nodes: list[Node] | tuple[Node, ...], index: int) -> bool | None:
    """Whether only normalization reads a signal; None where no operation does."""
    found = [bool(node.operation and node.operation.replaces_bias) for node in nodes if index in node.inputs]
    return all(found) if found else None


def _without_bias(node: Node) -> Node:
    return node._replace(operation=replace(node.operation, bias=False))  # type: ignore[type-var]  # a convolution


class PlannedBlock:
    """What a component is for inputs of certain channels and strides.

    `nodes` begins with the `num_inputs` signals that it reads, by which its operations count; `output` is the index of
    the signal that it gives, which may be one that it reads.
    """

    def __init__(  # noqa: PLR0913 - what wiring gives, made in this file alone
        self,
        dims: int,
        num_inputs: int,
        nodes: tuple[Node, ...],
        output: int,
        source: Source,
        undecided: bool,
        inner: tuple[InnerCall, ...] = (),
        conditions: tuple[str, ...] = (),
    ) -> None:
        self.dims = dims
        self.num_inputs = num_inputs
        self.nodes = nodes
        self.output = output
        self.source = source
        """The output, as the next block knows it."""
        self.undecided = undecided
        """Whether its output is a convolution whose bias depends on the blocks that read it."""
        self.inner = inner
        """The components in scopes of their own, an inner one before the one that it is in; they count as nodes do."""
        self.conditions = conditions
        """The names of the vectors that it reads, which are the last of its inputs."""

    @property
    def operations(self) -> Iterator[tuple[Node, Operation]]:
        """Its nodes beside the inputs, each with its operation."""
        for node in self.nodes[self.num_inputs :]:
            assert node.operation is not None, "only inputs have none"
            yield node, node.operation

    def indices(self, start: int, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """The index in a network of each of its nodes, where its operations begin at `start`."""
        return (*inputs, *range(start, start + len(self.nodes) - self.num_inputs))

    def placed(self, start: int, inputs: tuple[int, ...]) -> Iterator[Node]:
        """Yields its operations as nodes of a network."""
        index = self.indices(start, inputs)
        for name, operation, sources, channels in self.nodes[self.num_inputs :]:
            yield Node(name, operation, tuple([index[source] for source in sources]), channels)

    def inner_calls(self, start: int, inputs: tuple[int, ...]) -> tuple[InnerCall, ...]:
        """Its components in scopes of their own, counted as the nodes of a network."""
        index, moved = self.indices(start, inputs), start - self.num_inputs
        return tuple(
            one._replace(
                start=one.start + moved,
                end=one.end + moved,
                inputs=tuple([index[source] for source in one.inputs]),
                output=index[one.output],
            )
            for one in self.inner
        )

    def input_channels(self, node: Node) -> Axes:
        """The channels of the signals that a node reads."""
        return tuple([self.nodes[source].channels for source in node.inputs])

    @cached_property
    def readers(self) -> tuple[bool | None, ...]:
        """For each input, and at last for the output: whether only normalization reads it; None where nothing does."""
        return tuple(_readers(self.nodes, index) for index in (*range(self.num_inputs), self.output))

    @cached_property
    def biasless(self) -> PlannedBlock:
        """The same block without the bias of its output."""
        nodes = list(self.nodes)
        nodes[self.output] = _without_bias(nodes[self.output])
        own = (self.dims, self.num_inputs, tuple(nodes), self.output, self.source)
        return PlannedBlock(*own, undecided=False, inner=self.inner, conditions=self.conditions)

    @cached_property
    def parameters(self) -> int:
        """Trainable parameters; nodes of one name share theirs."""
        modules = {node.name: (node, operation) for node, operation in self.operations}
        return sum(operation.parameters(self.input_channels(node)) for node, operation in modules.values())

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The name and the torch layer of each operation, as text."""
        return tuple(
            f"{node.name} = {operation.layer(self.input_channels(node), self.dims)}"
            for node, operation in self.operations
        )

    def listing(self, start: int, inputs: tuple[int, ...]) -> str:
        """A line for each operation: its index in a network, its name, torch layer and inputs."""
        return _listing(self, start, inputs)

    @cached_property
    def spatial(self) -> SpatialBlock:
        """What determines sizes, reach and grids: one value for all blocks that are equal in it."""
        nodes = [Node("", None, (), 0)] * self.num_inputs
        for _, operation, inputs, _ in self.nodes[self.num_inputs :]:
            assert operation is not None, "only inputs have none"
            if not operation.pointwise:
                taken = tuple([self.spatial_indices[source] for source in inputs])
                nodes.append(Node("", operation.spatial(), taken, 0))
        return interned(SpatialBlock(tuple(nodes), self.num_inputs, self.spatial_indices[self.output]))

    @cached_property
    def spatial_indices(self) -> tuple[int, ...]:
        """For each node the spatial node whose size and grid it has: its own, or that of its input where pointwise."""
        found, count = list(range(self.num_inputs)), self.num_inputs
        for node, operation in self.operations:
            found.append(found[node.inputs[0]] if operation.pointwise else count)
            count += not operation.pointwise
        return tuple(found)

    def macs(self, sizes: tuple[Size, ...]) -> int:
        """The multiply-adds for one image, where the inputs have these sizes."""
        return _macs(self, sizes)


@lru_cache(_CACHED_COSTS)
def _listing(block: PlannedBlock, start: int, inputs: tuple[int, ...]) -> str:
    index = block.indices(start, inputs)
    return "".join(
        f"\n{index[number]} {text} {tuple([index[source] for source in block.nodes[number].inputs])}"
        for number, text in enumerate(block.layers, start=block.num_inputs)
    )


@lru_cache(_CACHED_COSTS)
def _macs(block: PlannedBlock, sizes: tuple[Size, ...]) -> int:
    found, total = list(sizes), 0
    for node, operation in block.operations:
        taken = tuple([found[source] for source in node.inputs])
        if operation.pointwise:
            found.append(taken[0])
        else:
            axes = zip(*taken, strict=True)
            found.append(tuple([int(operation.size(axis, along)) for axis, along in enumerate(axes)]))  # type: ignore[arg-type]
        total += operation.macs(block.input_channels(node), taken, found[-1])
    return total
