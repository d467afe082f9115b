"""Counts the quantities of many networks part by part: what two networks have in common is read and planned once.

Axes that change slots are told from those that change the frame, such as channels or the topology. Tables hold each
part by the values of the axes that reach it, each block by its part and the signals that it reads, and sizes by the
operations that determine them. All entries come from the functions that load and plan a whole network, so that sums
over them are exact. What a table cannot tell is left to these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from unetkit.block import ByValue
from unetkit.document.merge import KeyPath
from unetkit.errors import BlockError
from unetkit.language.separable import SeparateParts, SlotPath, slot_path
from unetkit.planning import Plan, covering_size
from unetkit.planning.planned_block import PlannedBlock, planned_block
from unetkit.planning.wiring import Wires, biasless_blocks
from unetkit.signal import Source
from unetkit.study.matrix.axis import Axis
from unetkit.topology import call_arguments

Choice = tuple[int, ...]
"""For each axis, which of its values is chosen; -1 where it does not apply."""
WRONG = -1
"""Stands for a part or a block that is wrong."""


class AxisReach(NamedTuple):
    """What the values of an axis change: slots, and whether the frame of the network, or its channels alone, too."""

    slots: frozenset[SlotPath]
    frame: bool
    channels: bool


def reach_of(axis: Axis) -> AxisReach:
    """What the values of an axis change of a spec."""
    settings = [one for value in axis.values for one in value.settings if one.part == "spec"]
    paths = [tuple(key.value for key in one.keys) for one in settings]
    slots = [slot_path(path) for path in paths]
    others = [path for path, slot in zip(paths, slots, strict=True) if slot is None]
    is_width = all(path[0] == "channels" or path[:2] == ("decoder", "channels") for path in others)
    return AxisReach(frozenset(slot for slot in slots if slot), bool(others), bool(others) and is_width)


class Group(NamedTuple):
    """What the same axes reach: placements, and slots whose values must have an effect."""

    axes: tuple[int, ...]
    placements: tuple[int, ...]
    slots: frozenset[SlotPath]


class GroupEntry(NamedTuple):
    """For one choice of the axes of a group: its parts, and the bits of the paths that are used and needed."""

    parts: tuple[int, ...]
    used: int
    needed: int


@dataclass(eq=False)
class SizesOf:
    """What the operations that determine sizes say of a network: its receptive field, and the sizes that blocks read.

    Networks are not kept: there may be as many as there are combinations of values that change sizes.
    """

    receptive_field: int
    read: dict[tuple[int, ...], list[tuple[tuple[int, ...], ...]]] = field(default_factory=dict)

    def at(self, wanted: tuple[int, ...], network: Callable[[], Plan]) -> list[tuple[tuple[int, ...], ...]]:
        """The sizes that each block reads, for the least image whose output has a size.

        `network` gives a network of these sizes where they are not known yet.
        """
        found = self.read.get(wanted)
        if found is None:
            made = network()
            sizes = made.at(covering_size(made, wanted)).sizes
            found = self.read[wanted] = [tuple([sizes[index] for index in call.inputs]) for call in made.calls]
        return found


class PartsTable:
    """The parts of networks that have their layout in common, whatever their channels are."""

    def __init__(self, first: SeparateParts, axes: Sequence[AxisReach]) -> None:
        self.placements = first.layout.placements
        self.groups = _groups(first, axes)
        self.entries: list[dict[tuple[int, ...], GroupEntry]] = [{} for _ in self.groups]
        self.absent = [
            number
            for number, axis in enumerate(axes)
            if any(path[0] == "levels" and path[1] not in range(first.levels) for path in axis.slots)
        ]
        self.bits: dict[KeyPath, int] = {}
        self.used = self.mask(first.used)
        self.parts: dict[ByValue, int] = {}
        self.components: list[Any] = []
        self.spatial: dict[Any, int] = {}
        self.sizes: dict[tuple[int, ...], SizesOf] = {}
        self.roles: dict[Any, int] = {}
        self.biasless: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.scopes = {one.position.scope for one in self.placements}

    def mask(self, paths: Iterable[KeyPath]) -> int:
        """The bits of paths."""
        found = 0
        for path in paths:
            found |= 1 << self.bits.setdefault(path, len(self.bits))
        return found

    def keep(self, read: SeparateParts, choice: Choice) -> None:
        """Notes the parts of a network."""
        for group, entries in zip(self.groups, self.entries, strict=True):
            key = tuple([choice[axis] for axis in group.axes])
            if key not in entries:
                own = [read.parts[number] for number in group.placements]
                used = self.mask(path for one in own for path in one.used)
                needed = self.mask(path for path in read.needed if slot_path(path) in group.slots)
                entries[key] = GroupEntry(tuple([self.part_number(one.part) for one in own]), used, needed)

    def part_number(self, part: Any) -> int:
        """The number of a component; WRONG for none."""
        if part is None:
            return WRONG
        number = self.parts.setdefault(ByValue(part), len(self.components))
        if number == len(self.components):
            self.components.append(part)
        return number

    def parts_of(self, choice: Choice) -> list[int] | None:
        """The parts of a network by placement, none where a value has no effect; None where some are not known.

        A part that is wrong is WRONG.
        """
        parts, used, needed = [WRONG] * len(self.placements), self.used, 0
        for group, entries in zip(self.groups, self.entries, strict=True):
            entry = entries.get(tuple([choice[axis] for axis in group.axes]))
            if entry is None:
                return None
            used |= entry.used
            needed |= entry.needed
            for number, part in zip(group.placements, entry.parts, strict=True):
                parts[number] = part
        if any(choice[axis] >= 0 for axis in self.absent):
            return [WRONG]
        return [] if WRONG not in parts and needed & ~used else parts

    def without_bias(self, roles: tuple[int, ...], blocks: Callable[[], list[PlannedBlock]]) -> tuple[int, ...]:
        """The placements whose output only normalization reads, by the roles of biases in all blocks."""
        found = self.biasless.get(roles)
        if found is None:
            own, signals, wires = blocks(), [0], list[Wires]()
            for one, block in zip(self.placements, own, strict=True):
                inputs = tuple([signals[signal] for signal in one.inputs])
                signals.append(inputs[block.output] if block.output < block.num_inputs else len(signals))
                wires.append(Wires(one.position.scope, inputs, signals[-1]))
            found = self.biasless[roles] = tuple(biasless_blocks(wires, own, self.scopes))
        return found


class Counted(NamedTuple):
    """A network as numbers of its blocks, and its parameters."""

    blocks: tuple[int, ...]
    parameters: int


class BlocksTable:
    """The blocks of networks that have their channels in common too."""

    def __init__(self, first: SeparateParts, table: PartsTable) -> None:
        assert first.spec is not None, "a table is made for a spec that is valid"
        self.spec, self.table = first.spec, table
        self.placements = first.layout.placements  # which say what channels there are
        ones = (1,) * self.spec.dims
        self.sources = [Source(self.spec.in_channels, ones, ones)]
        self.source_numbers = {self.sources[0]: 0}
        self.wired: dict[tuple[int, ...], tuple[int, int]] = {}
        """By placement, part and the signals that it reads: the numbers of a block and of what it gives."""
        self.blocks: list[PlannedBlock] = []
        self.numbers: dict[Any, int] = {}
        self.counts: list[int] = []
        self.spatial: list[int] = []
        self.roles: list[int] = []
        self.multiplied: dict[tuple[tuple[tuple[int, ...], ...], int], int] = {}
        """By the sizes that it reads, and block: multiply-adds."""
        self.reads: list[tuple[int, tuple[int, ...], bool]] = []
        seen = set[str]()
        for number, one in enumerate(self.placements):
            toward = () if one.toward is None else (one.toward,)
            self.reads.append((number, (*one.inputs, *toward), one.position.scope not in seen))
            seen.add(one.position.scope)
        self.shares = len(seen) < len(self.placements)

    def counted(self, parts: list[int]) -> Counted | None:
        """The blocks and the parameters of a network; None where it has wrong parts, or they do not go together."""
        if WRONG in parts:
            return None
        given, blocks, wired = [0], list[int](), self.wired
        for (number, reads, _), part in zip(self.reads, parts, strict=True):
            key = (number, part, *[given[signal] for signal in reads])
            found = wired.get(key)
            if found is None:
                found = wired[key] = self.wire(number, part, key[2:])
            if found[0] == WRONG:
                return None
            blocks.append(found[0])
            given.append(found[1])
        if self.shares and not self.fit_shared(blocks):
            return None
        roles = tuple([self.roles[block] for block in blocks])
        for number in self.table.without_bias(roles, lambda: [self.blocks[block] for block in blocks]):
            blocks[number] = self.biasless(blocks[number])
        counts = self.counts
        total = sum([counts[block] for block, (_, _, first) in zip(blocks, self.reads, strict=True) if first])
        return Counted(tuple(blocks), total)

    def wire(self, number: int, part: int, reads: tuple[int, ...]) -> tuple[int, int]:
        """The numbers of a block and of what it gives."""
        placement, known = self.placements[number], [self.sources[source] for source in reads]
        inputs = tuple(known[: len(placement.inputs)])
        try:
            component = self.table.components[part]
            arguments = call_arguments(placement, component, inputs[0], None if placement.toward is None else known[-1])
            block = planned_block(component, self.spec.dims, inputs, **arguments)
        except BlockError:
            return WRONG, WRONG
        key = part, inputs, tuple(arguments.items())
        if key not in self.numbers:
            self.numbers[key] = self.add(block)
        source = self.source_numbers.setdefault(block.source, len(self.sources))
        if source == len(self.sources):
            self.sources.append(block.source)
        return self.numbers[key], source

    def add(self, block: PlannedBlock) -> int:
        """The number of a new block."""
        table = self.table
        role = block.undecided, block.readers, block.output if block.output < block.num_inputs else WRONG
        self.blocks.append(block)
        self.counts.append(block.parameters)
        self.spatial.append(table.spatial.setdefault(block.spatial, len(table.spatial)))
        self.roles.append(table.roles.setdefault(role, len(table.roles)))
        return len(self.blocks) - 1

    def biasless(self, block: int) -> int:
        """The number of a block without the bias of its output."""
        key = block, "biasless"
        if key not in self.numbers:
            self.numbers[key] = self.add(self.blocks[block].biasless)
        return self.numbers[key]

    def fit_shared(self, blocks: list[int]) -> bool:
        """Whether all placements of one scope have the same block."""
        by_scope: dict[str, int] = {}
        placed = zip(self.placements, blocks, strict=True)
        return all(by_scope.setdefault(one.position.scope, block) == block for one, block in placed)

    def sizes_of(self, blocks: tuple[int, ...], receptive_field: Callable[[], int]) -> SizesOf:
        """The sizes of a network; `receptive_field` gives that of the network where it is not known yet."""
        spatial = self.spatial
        key = tuple([spatial[block] for block in blocks])
        found = self.table.sizes.get(key)
        if found is None:
            found = self.table.sizes[key] = SizesOf(receptive_field())
        return found

    def macs(self, blocks: tuple[int, ...], read: list[tuple[tuple[int, ...], ...]]) -> int:
        """The multiply-adds of a network whose blocks read these sizes."""
        total, known = 0, self.multiplied
        for number, block in enumerate(blocks):
            key = read[number], block
            count = known.get(key)
            if count is None:
                count = known[key] = self.blocks[block].macs(read[number])
            total += count
        return total


def _groups(first: SeparateParts, axes: Sequence[AxisReach]) -> list[Group]:
    """Placements and slots by the axes that reach them."""
    placements: dict[tuple[int, ...], list[int]] = {}
    for number, slots in enumerate(first.slots):
        reached = tuple([axis for axis, reach in enumerate(axes) if not reach.slots.isdisjoint(slots)])
        placements.setdefault(reached, []).append(number)
    own: dict[tuple[int, ...], set[SlotPath]] = {}
    written = [slot for path in first.needed if (slot := slot_path(path))]
    for slot in dict.fromkeys([*written, *(slot for reach in axes for slot in reach.slots)]):
        reached = tuple([axis for axis, reach in enumerate(axes) if slot in reach.slots])
        own.setdefault(reached, set()).add(slot)
    keys = dict.fromkeys([*placements, *own])
    return [Group(key, tuple(placements.get(key, ())), frozenset(own.get(key, ()))) for key in keys]
