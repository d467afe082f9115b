"""From spec to network: the U as a loop down, a bottleneck, and a loop up."""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.errors import BlockError, SpecError
from unetkit.language import Spec
from unetkit.operations.operation import wiring_error
from unetkit.planning.planned_block import PlannedBlock, planned_block
from unetkit.signal import Call, Source


class Wired(NamedTuple):
    """A network: its calls in execution order, the block of each, and the signal that is its output."""

    calls: tuple[Call, ...]
    blocks: tuple[PlannedBlock, ...]
    output: int


class _Output(NamedTuple):
    """A signal of the network: its node, and what the next block knows of it."""

    node: int
    source: Source


def wire(spec: Spec) -> Wired:
    """The network of a spec. Raises SpecError where its blocks do not go together."""
    network = _Network(spec)
    x, skips, bottom = network.image(), list[_Output](), spec.depth - 1
    for level, channels in enumerate(spec.channels[:-1]):
        if level:
            x = network.place(f"encoder.{level}.down", "down", level, "encoder", x, channels=channels)
        x = network.place(f"encoder.{level}.block", "block", level, "encoder", x, channels=channels)
        skips.append(x)
    if skips:
        x = network.place("bottleneck.down", "down", bottom, "bottleneck", x, channels=spec.channels[-1])
    x = network.place("bottleneck.block", "block", bottom, "bottleneck", x, channels=spec.channels[-1])
    for level, channels in reversed(list(enumerate(spec.decoder_channels))):
        skip = skips.pop()
        stride = _stride_between(x.source, skip.source)
        x = network.place(f"decoder.{level}.up", "up", level, "decoder", x, channels=channels, stride=stride)
        x = network.place(f"decoder.{level}.skip", "skip", level, "decoder", x, skip)
        x = network.place(f"decoder.{level}.block", "block", level, "decoder", x, channels=channels)
    x = network.place("head", "head", 0, "head", x, channels=spec.out_channels)
    return network.wired(x)


class _Network:
    """A network while its blocks are put together."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.calls: list[Call] = []
        self.blocks: list[PlannedBlock] = []
        self.num_nodes = 1

    def image(self) -> _Output:
        """The input of the network."""
        ones = (1,) * self.spec.dims
        return _Output(0, Source(self.spec.in_channels, ones, ones))

    def place(self, scope: str, slot: str, level: int, side: str, *inputs: _Output, **arguments: Any) -> _Output:
        """Appends the block of a position, and returns its output."""
        indices, sources = tuple([one.node for one in inputs]), tuple([one.source for one in inputs])
        try:
            block = planned_block(self.spec.parts[scope], self.spec.dims, sources, **arguments)
        except BlockError as error:
            raise self.blamed(scope, error) from error
        start = self.num_nodes
        self.num_nodes += len(block.nodes) - block.num_inputs
        output = block.indices(start, indices)[block.output]
        self.calls.append(Call(scope, slot, level, side, start, self.num_nodes, indices, output))
        self.blocks.append(block)
        return _Output(output, block.source)

    def blamed(self, scope: str, error: BlockError) -> SpecError:
        """The error with the place where the block of a position was asked for."""
        return SpecError(*(self.spec.blame(fault, scope) for fault in error.faults))

    def wired(self, output: _Output) -> Wired:
        """The network, with each bias decided that depends on several blocks."""
        undecided = {self.calls[number].output: number for number, one in enumerate(self.blocks) if one.undecided}
        readers = {index: [self.blocks[number].readers[-1]] for index, number in undecided.items()}
        for call, block in zip(self.calls, self.blocks, strict=True):
            for index, reads in zip(call.inputs, block.readers, strict=False):
                if index in readers:
                    readers[index].append(reads)
        for index, number in undecided.items():
            found = [reads for reads in readers[index] if reads is not None]
            if found and all(found):  # only normalization reads it
                self.blocks[number] = self.blocks[number].biasless
        return Wired(tuple(self.calls), tuple(self.blocks), output.node)


def _stride_between(x: Source, skip: Source) -> tuple[int, ...]:
    """By how much the way up must multiply the samples of x to come to the level of `skip`."""
    strides = []
    for x_up, x_down, skip_up, skip_down in zip(x.up, x.down, skip.up, skip.down, strict=True):
        wide, narrow = x_up * skip_down, x_down * skip_up
        if wide % narrow:
            raise wiring_error(f"the way down went by a stride of {wide}/{narrow}, which no way up can undo")
        strides.append(wide // narrow)
    return tuple(strides)
