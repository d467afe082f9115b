"""The operations of a network that determine sizes, reach and grids: a value that many networks have in common.

Channels, norms over a batch and activations have no part in it, so what follows from it is computed once for all
networks that differ in those alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias, TypeVar

from unetkit.geometry import SizeSet, fixed
from unetkit.planning import propagate
from unetkit.planning.alignment import accepted, aligned
from unetkit.planning.receptive import LARGE, receptive_field
from unetkit.signal import Node

_CACHED_BLOCKS = 1 << 12
_CACHED_GRAPHS = 1 << 11
"""Largest number of graphs that are kept, some ten kB each."""
_CACHED_COLUMNS = 1 << 13
"""Largest number of sizes of an image, along one axis, for which the sizes of all signals are kept."""

T = TypeVar("T")
Size: TypeAlias = tuple[int, ...]


class SpatialBlock:
    """The operations of a block that are not pointwise; `nodes` begins with the inputs of the block."""

    __slots__ = ("_hash", "nodes", "num_inputs", "output")

    def __init__(self, nodes: tuple[Node, ...], num_inputs: int, output: int) -> None:
        self.nodes = nodes
        self.num_inputs = num_inputs
        self.output = output
        self._hash = hash((nodes, output))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpatialBlock):
            return NotImplemented
        return self is other or (self.output == other.output and self.nodes == other.nodes)


@lru_cache(_CACHED_BLOCKS)
def interned(block: SpatialBlock) -> SpatialBlock:
    """The block, or the one before that is equal: to compare it with itself takes no time."""
    return block


class SpatialCall(NamedTuple):
    """A block in a spatial graph, and the nodes that it reads."""

    block: SpatialBlock
    inputs: tuple[int, ...]


class AxisSizes(NamedTuple):
    """The sizes of all nodes along one axis, and whether every operation accepts its inputs."""

    sizes: tuple[int, ...]
    fits: bool


class Fit(NamedTuple):
    """The size of every node for a size of the image; None where some operation does not accept its inputs.

    `rule` is the first rule that the sizes of all axes break together, or "".
    """

    sizes: tuple[Size, ...] | None
    rule: str = ""


@lru_cache(_CACHED_GRAPHS)
def spatial_graph(dims: int, calls: tuple[SpatialCall, ...], outputs: tuple[int, ...]) -> SpatialGraph:
    """The spatial graph of a network; equal ones are made once."""
    nodes = [Node("", None, (), 0)]
    main: dict[int, int] = {}
    for block, inputs in calls:
        start, own = len(nodes), len(block.nodes) - block.num_inputs
        index = (*inputs, *range(start, start + own))
        nodes += [
            Node("", operation, tuple([index[source] for source in sources]), 0)
            for _, operation, sources, _ in block.nodes[block.num_inputs :]
        ]
        main |= main_inputs(nodes, inputs, range(start, start + own))
    return SpatialGraph(dims, tuple(nodes), outputs, main)


def main_inputs(nodes: list[Node] | tuple[Node, ...], inputs: tuple[int, ...], inside: range) -> dict[int, int]:
    """Where encoder and decoder meet in a block: which input, by node, is the decoder's, that is the first signal's."""
    found: dict[int, int] = {}
    if len(inputs) > 1:
        derived = {inputs[0]}
        for index in inside:
            operation, sources = nodes[index].operation, nodes[index].inputs
            counted = sources if operation is not None and operation.elementwise else sources[:1]
            leading = next((number for number, source in enumerate(counted) if source in derived), None)
            if leading is not None:
                derived.add(index)
                found[index] = leading
    return found


class SpatialGraph:
    """The operations of a network that are not pointwise; node 0 is the image. What it says is computed once."""

    def __init__(self, dims: int, nodes: tuple[Node, ...], outputs: tuple[int, ...], main: dict[int, int]) -> None:
        self.dims = dims
        self.nodes = nodes
        self.outputs = outputs
        """The nodes of the outputs; several may share one."""
        self.main_inputs = main
        self._receptive_fields: dict[int, tuple[tuple[int, int] | None, ...]] = {}

    @cached_property
    def equal_axes(self) -> Size:
        """For each axis the first axis along which everything is the same."""
        return tuple(
            next(first for first in range(axis + 1) if first == axis or self._alike(first, axis))
            for axis in range(self.dims)
        )

    def _alike(self, axis: int, other: int) -> bool:
        return all(node.operation is None or node.operation.alike(axis, other) for node in self.nodes)

    def per_axis(self, make: Callable[[int], T]) -> tuple[T, ...]:
        """What `make` gives for each axis, called once for equal axes."""
        made = {axis: make(axis) for axis in dict.fromkeys(self.equal_axes)}
        return tuple(made[axis] for axis in self.equal_axes)

    def along(self, make: Callable[[int, int], T], size: Size) -> tuple[T, ...]:
        """What `make` gives for each axis and the size along it, called once for equal axes of one size."""
        made = {key: make(*key) for key in {(self.equal_axes[axis], n) for axis, n in enumerate(size)}}
        return tuple(made[self.equal_axes[axis], n] for axis, n in enumerate(size))

    def column(self, axis: int, size: int) -> AxisSizes:
        """The sizes of all nodes along one axis."""
        return _column(self, self.equal_axes[axis], size)

    def fit(self, size: Size) -> Fit:
        """How an image of a size fits."""
        return _fit(self, size)

    @cached_property
    def accepted(self) -> tuple[SizeSet, ...]:
        """Per axis, all sizes of an image that every operation accepts."""
        return self.per_axis(lambda axis: accepted(self.nodes, axis))

    @cached_property
    def aligned(self) -> tuple[SizeSet, ...]:
        """Per axis, the accepted sizes at which nothing is dropped and skips meet the decoder with the least offset."""
        return self.per_axis(lambda axis: aligned(self.nodes, axis, self.outputs, self.main_inputs))

    @cached_property
    def preferred_sizes(self) -> tuple[SizeSet, ...]:
        """Per axis, the aligned sizes, or all accepted ones where none is aligned."""
        return self.per_axis(lambda axis: self.aligned[axis] or self.accepted[axis])

    @cached_property
    def padded(self) -> tuple[SizeSet, ...]:
        """Per axis, the sizes of images that leave an output where they are padded to a preferred size."""
        return self.per_axis(self._padded)

    def _padded(self, axis: int) -> SizeSet:
        sizes = self.preferred_sizes[axis]
        inner = sizes.regular.minimum
        if not sizes or inner is None:
            return sizes
        found = self.column(axis, inner).sizes
        least = min((found[output] for output in self.outputs if self.is_full(output)), default=inner)
        start = max(1, inner - fixed(least) + 1)
        if sizes.maximum is None:
            return SizeSet((), start, 1, (0,))
        return SizeSet(tuple(range(start, sizes.maximum + 1)), sizes.maximum + 1, 1, ())

    def is_full(self, node: int) -> bool:
        """Whether a signal has the resolution of the image along all axes, by the strides alone."""
        return node in self._full

    @cached_property
    def _full(self) -> frozenset[int]:
        """The nodes at the resolution of the image."""
        along = self.per_axis(lambda axis: tuple(propagate.resolution(self.nodes, axis)))
        return frozenset(index for index, steps in enumerate(zip(*along, strict=True)) if set(steps) == {1})

    @cached_property
    def receptive_fields(self) -> tuple[tuple[int, int] | None, ...]:
        """Per axis, the least and the most input samples that a sample of any output depends on.

        None where that is the whole image, or where no size is accepted.
        """
        found = [self.receptive_field_of(output) for output in dict.fromkeys(self.outputs)]
        return tuple(_widest(along) for along in zip(*found, strict=True))

    def receptive_field_of(self, output: int) -> tuple[tuple[int, int] | None, ...]:
        """Per axis, the least and the most input samples that a sample of one output depends on, over all its phases.

        Upsampling makes neighbours differ; where what an operation reads depends on the size of the image, it is that
        of an image of usual size.
        """
        if output not in self._receptive_fields:
            self._receptive_fields[output] = self.per_axis(lambda axis: self._receptive_field(axis, output))
        return self._receptive_fields[output]

    def _receptive_field(self, axis: int, output: int) -> tuple[int, int] | None:
        sizes = self.preferred_sizes[axis]
        least = sizes.minimum
        if least is None:
            return None
        return receptive_field(self.nodes, axis, output, least, lambda: sizes.above(LARGE[self.dims]) or least)


def _widest(fields: tuple[tuple[int, int] | None, ...]) -> tuple[int, int] | None:
    """The least and the most of several receptive fields along an axis; None where one is the whole image."""
    known = [field for field in fields if field is not None]
    if len(known) < len(fields):
        return None
    return min(least for least, _ in known), max(most for _, most in known)


@lru_cache(_CACHED_COLUMNS)
def _column(graph: SpatialGraph, axis: int, size: int) -> AxisSizes:
    found, limits = propagate.sizes(graph.nodes, axis, size)
    return AxisSizes(tuple([int(n) for n in found]), all(limit.holds() for _, limit in limits))  # type: ignore[arg-type]


@lru_cache(_CACHED_COLUMNS)
def _fit(graph: SpatialGraph, size: Size) -> Fit:
    columns = [graph.column(axis, n) for axis, n in enumerate(size)]
    if not all(column.fits for column in columns):
        return Fit(None)
    sizes = tuple(zip(*(column.sizes for column in columns), strict=True))
    operations = [(node.operation, node.inputs[0]) for node in graph.nodes if node.operation is not None]
    rules = (operation.joint_limit(sizes[source]) for operation, source in operations)
    return Fit(sizes, next((rule for rule in rules if rule), ""))
