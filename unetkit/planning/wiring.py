"""From spec to network: the component of each position, planned for the signals that it reads."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from unetkit.errors import BlockError, Fault, SpecError
from unetkit.language import Spec
from unetkit.planning.planned_block import PlannedBlock, planned_block
from unetkit.signal import Source
from unetkit.topology import Placement, Position, Side, call_arguments


class Call(NamedTuple):
    """One component at work: its position, its nodes start … end − 1, the signals that it reads and gives."""

    position: Position
    start: int
    end: int
    inputs: tuple[int, ...]
    output: int
    conditions: tuple[str, ...] = ()
    """The names of the vectors that it reads, which are the last of its inputs."""

    @property
    def maps(self) -> tuple[int, ...]:
        """The feature maps that it reads: its inputs without the vectors."""
        return self.inputs[: len(self.inputs) - len(self.conditions)]

    @property
    def scope(self) -> str:
        """How the names of its weights begin."""
        return self.position.scope

    @property
    def slot(self) -> str:
        """The slot that it fills."""
        return self.position.slot

    @property
    def level(self) -> int:
        """Its level; 0 is full resolution."""
        return self.position.level

    @property
    def side(self) -> Side:
        """The section of a spec that it belongs to."""
        return self.position.side


class Wired(NamedTuple):
    """A network: its calls in execution order, the block of each, and its outputs by name."""

    calls: tuple[Call, ...]
    blocks: tuple[PlannedBlock, ...]
    outputs: tuple[tuple[str, int], ...]
    vectors: tuple[tuple[str, int], ...] = ()
    """The inputs beside the image."""


class _Signal(NamedTuple):
    """A signal of the network: its node, and what the next block knows of it."""

    node: int
    source: Source


def wire(spec: Spec) -> Wired:
    """The network of a spec. Raises SpecError where its components do not go together."""
    network = _Network(spec)
    for placement in spec.layout.placements:
        network.place(placement)
    return network.wired()


class _Network:
    """A network while its components are put together."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.calls: list[Call] = []
        self.blocks: list[PlannedBlock] = []
        ones = (1,) * spec.dims
        self.signals = [_Signal(0, Source(spec.in_channels, ones, ones))]
        self.num_nodes = 1
        self.used_conditions: set[str] = set()
        self.shared: dict[str, PlannedBlock] = {}
        """The block of each scope: positions of one scope share their weights."""

    def place(self, placement: Placement) -> None:
        """Appends the component of a position."""
        position, inputs = placement.position, placement.inputs
        indices, sources = zip(*[self.signals[signal] for signal in inputs], strict=True)
        vectors = {name: self.signals[signal] for name, signal in self.conditions(position)}
        conditions = tuple([(name, vector.source) for name, vector in vectors.items()])
        try:
            toward = None if placement.toward is None else self.signals[placement.toward].source
            part = self.spec.parts[position.scope]
            arguments = call_arguments(placement, part, sources[0], toward)
            block = planned_block(part, self.spec.dims, sources, conditions, **arguments)
        except BlockError as error:
            raise self.blamed(position.scope, error) from error
        indices = (*indices, *[vectors[name].node for name in block.conditions])
        self.used_conditions.update(block.conditions)
        if self.shared.setdefault(position.scope, block) is not block:
            message = "it shares its weights with another place, where it reads other channels or strides"
            raise SpecError(self.spec.blame(Fault("block-wiring", message, cure="Give each its own."), position.scope))
        start = self.num_nodes
        self.num_nodes += len(block.nodes) - block.num_inputs
        output = block.indices(start, indices)[block.output]
        self.calls.append(Call(position, start, self.num_nodes, indices, output, block.conditions))
        self.blocks.append(block)
        self.signals.append(_Signal(output, block.source))

    def conditions(self, position: Position) -> tuple[tuple[str, int], ...]:
        """The vectors that the component of a position may read: all, but not before they are computed."""
        return () if position.side == "input" else self.spec.layout.conditions

    def blamed(self, scope: str, error: BlockError) -> SpecError:
        """The error with the place where the component at fault was asked for."""
        faults = [self.spec.blame(fault, scope, error.inside) for fault in error.faults]
        return SpecError(
            *(fault if fault.path == scope else replace(fault, message=f"{scope}: {fault.message}") for fault in faults)
        )

    def wired(self) -> Wired:
        """The network."""
        self.decide_biases()
        for name, _ in self.spec.layout.conditions:
            if name not in self.used_conditions:
                cure = f"Name it in a block, such as {{type: film, condition: {name}}}."
                unread = Fault("no-effect", f"no block reads the vector {name}", cure=cure)
                raise SpecError(self.spec.blame(unread, f"inputs.{name}"))
        outputs, vectors = (
            tuple((name, self.signals[signal].node) for name, signal in named)
            for named in (self.spec.layout.outputs, self.spec.layout.vectors)
        )
        return Wired(tuple(self.calls), tuple(self.blocks), outputs, vectors)

    def decide_biases(self) -> None:
        """Takes the bias from the output of blocks that only normalization reads."""
        if any(block.undecided for block in self.blocks):
            stays = {position.scope for position in self.spec.for_inference().layout.positions}
            wires = [Wires(call.scope, call.inputs, call.output) for call in self.calls]
            for number in list(biasless_blocks(wires, self.blocks, stays)):
                self.blocks[number] = self.blocks[number].biasless


class Wires(NamedTuple):
    """The scope of a block in a network, and the signals that it reads and gives, as numbers of any kind."""

    scope: str
    inputs: tuple[int, ...]
    output: int


def biasless_blocks(wires: Sequence[Wires], blocks: Sequence[PlannedBlock], stays: Container[str]) -> Iterator[int]:
    """Yields the numbers of the blocks whose output only normalization reads, so that it needs no bias.

    What exists in training only, and is not in the scopes `stays`, has no say, so that the rest of the network is the
    same without it.
    """
    undecided = {wires[number].output: number for number, one in enumerate(blocks) if one.undecided}
    readers = {index: [blocks[number].readers[-1]] for index, number in undecided.items()}
    for own, block in zip(wires, blocks, strict=True):
        for index, reads in zip(own.inputs, block.readers, strict=False):
            if index in readers and own.scope in stays:
                readers[index].append(reads)
    keeping = set[str]()
    for index, number in undecided.items():
        found = [reads for reads in readers[index] if reads is not None]
        if not (found and all(found)):
            keeping.add(wires[number].scope)
    yield from (number for number in undecided.values() if wires[number].scope not in keeping)
