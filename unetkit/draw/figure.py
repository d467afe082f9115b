"""What a figure shows: groups of feature maps, each in the row of its level, and what they read. No positions yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from unetkit.draw.drawn import drawn

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan
    from unetkit.planning.sized import Step
    from unetkit.planning.wiring import Call

Size = tuple[int, ...]


@dataclass(frozen=True)
class FigureMap:
    """One feature map. `slot` made it from the map to its left (empty: the first of its group).

    `borrowed` of its channels come from a skip; `kept` is the smaller size that a skip copies, if it crops. `steps` are
    the slots and names of the steps that made it.
    """

    channels: int
    size: Size
    slot: str = ""
    borrowed: int = 0
    kept: Size | None = None
    caption: str = ""
    steps: tuple[tuple[str, str], ...] = ()

    def is_made_by(self, slots: tuple[str, ...], names: frozenset[str]) -> bool:
        """Whether one of the named steps, which fills one of the slots, made it."""
        return any(slot in slots and name in names for slot, name in self.steps)


@dataclass(frozen=True)
class FigureGroup:
    """Feature maps of one level, each made from the one to its left; others read only the last.

    Maps finer than the image have a negative level: -1 for twice the resolution, -2 for four times.
    """

    level: int
    column: int
    maps: tuple[FigureMap, ...]


class Connection(NamedTuple):
    """The last map of one group is read to make the first map of another, by a step that fills a slot."""

    source: int
    target: int
    slot: str
    step: str


@dataclass(frozen=True)
class Figure:
    """Groups in execution order, and their connections."""

    groups: tuple[FigureGroup, ...]
    connections: tuple[Connection, ...]

    @cached_property
    def rows(self) -> dict[int, tuple[int, ...]]:
        """The groups of each level from left to right, finest first."""
        order = sorted(range(len(self.groups)), key=self.place)
        levels = sorted({group.level for group in self.groups})
        return {level: tuple(index for index in order if self.groups[index].level == level) for level in levels}

    def place(self, index: int) -> tuple[int, int]:
        """The place of a group from left to right: its column, and in a column its number."""
        return self.groups[index].column, index

    @property
    def maps(self) -> tuple[FigureMap, ...]:
        """All maps."""
        return tuple(each for group in self.groups for each in group.maps)


def level_name(level: int) -> str:
    """What a level of a figure is called.

    >>> level_name(2), level_name(-2)
    ('level 2', '4× finer')
    """
    return f"level {level}" if level >= 0 else f"{2**-level}× finer"


def figure(plan: SizedPlan, *, whole_blocks: bool = False) -> Figure:
    """The figure of a network.

    With `whole_blocks`, and for blocks with branches, a block is one arrow to its last map.
    """
    images = (name for name, one in plan.plan.spec.keys.inputs.items() if not one.is_beside)
    shown = [one for one in drawn(plan) if _is_map(plan, one.call)]
    sketch = _Sketch(plan, [call for _, call in shown])
    for step, call in shown:
        if step.slot == "skip":
            sketch.merge(step, call)
        elif step.slot in ("down", "up", "input"):
            caption = next(images) if step.slot == "input" else ""
            steps = ((step.slot, step.name),)
            sketch.append(call, [FigureMap(step.channels, step.output_size, step.slot, caption=caption, steps=steps)])
        else:
            whole = whole_blocks or _branches(plan, call)
            sketch.append(call, _made(step, whole))
    return sketch.finished()


def _is_map(plan: SizedPlan, call: Call) -> bool:
    """Whether a call makes a map of the image: not a vector, and not what it reads."""
    vectors = {node for node in plan.plan.inputs.values() if node}
    return call.output not in vectors and call.output not in call.inputs and (call.side != "input" or 0 in call.inputs)


def _branches(plan: SizedPlan, call: Call) -> bool:
    """Whether the maps of a block are no chain, as those of a residual block."""
    nodes = plan.plan.nodes
    return any(len(nodes[index].inputs) > 1 for index in range(call.start, call.end))


def _made(step: Step, whole_block: bool) -> list[FigureMap]:
    """The maps of a block or a head."""
    steps = ((step.slot, step.name),)
    if whole_block or not step.maps:
        return [FigureMap(step.channels, step.output_size, step.slot, steps=steps)]
    return [FigureMap(each.channels, each.size, step.slot, steps=steps) for each in step.maps]


@dataclass
class _Group:
    """A group while it is put together; `calls` are the numbers of those whose map is its last."""

    level: int
    column: int
    maps: list[FigureMap] = field(default_factory=list)


class _Sketch:
    """A figure while it is put together."""

    def __init__(self, plan: SizedPlan, calls: list[Call]) -> None:
        first = plan.steps[0]
        self.plan = plan
        self.groups = [_Group(0, calls[0].position.column)]
        self.groups[0].maps.append(FigureMap(first.in_channels, plan.input_size, caption="input"))
        self.connections: list[Connection] = []
        self.held = {0: 0}
        """The group whose last map is a node."""
        self.num_readers = _num_readers(calls)

    def sources(self, call: Call) -> list[int]:
        """The groups that a call reads."""
        return [self.held[node] for node in call.maps]

    def continues(self, call: Call) -> bool:
        """Whether a call continues the group that it reads, as nobody else reads it."""
        source = self.groups[self.sources(call)[0]]
        return source.level == self.level(call) and self.num_readers[call.scope, call.output] == 1

    def level(self, call: Call) -> int:
        """The level of the map that a call makes; by its size above the image, where a way up leads from level 0."""
        source = self.groups[self.sources(call)[0]].level
        if source > 0 or (source == 0 and call.slot != "up"):
            return call.level
        finer = max(n / of for n, of in zip(self.plan.sizes[call.output], self.plan.sizes[0], strict=True))
        return -int(log2(finer)) if finer >= 1 else call.level

    def append(self, call: Call, maps: list[FigureMap]) -> None:
        """Adds the maps of a call, to the group that it reads or as a new one."""
        source, *_ = self.sources(call)
        if self.continues(call):
            self.groups[source].maps += maps
            self.held[call.output] = source
        else:
            self.start(call, [replace(maps[0], slot=""), *maps[1:]])

    def start(self, call: Call, maps: list[FigureMap]) -> None:
        """Adds a group."""
        for source in dict.fromkeys(self.sources(call)):
            self.connections.append(Connection(source, len(self.groups), call.slot, call.scope))
        self.held[call.output] = len(self.groups)
        self.groups.append(_Group(self.level(call), call.position.column, maps))

    def merge(self, step: Step, call: Call) -> None:
        """Merges further maps into the one that a call reads first."""
        x, *further = self.sources(call)
        for source in further:
            self.copy(source, step, self.level(call))
        group = self.groups[x]
        is_fresh = len(group.maps) == 1 and not group.maps[0].caption
        to_the_left = all((self.groups[one].column, one) < (group.column, x) for one in further)
        if self.continues(call) and is_fresh and to_the_left:
            self.groups[x].maps[-1] = self.merged(step, call, self.groups[x].maps[-1])
            self.held[call.output] = x
            for source in dict.fromkeys(further):
                self.connections.append(Connection(source, x, step.slot, step.name))
        else:
            self.start(call, [self.merged(step, call, replace(self.groups[x].maps[-1], kept=None, steps=()))])

    def merged(self, step: Step, call: Call, x: FigureMap) -> FigureMap:
        """The map after a skip; a concatenation shows its two parts."""
        borrowed = sum(self.plan.plan.nodes[node].channels for node in call.maps[1:])
        joined = borrowed + x.channels == step.channels
        steps = (*x.steps, (step.slot, step.name))
        return FigureMap(step.channels, step.output_size, borrowed=borrowed if joined else 0, steps=steps)

    def copy(self, source: int, step: Step, level: int) -> None:
        """Records the part of a map that a skip of its level copies, if that is not all of it."""
        group, size = self.groups[source], step.output_size
        last = group.maps[-1]
        smaller = size != last.size and all(new <= old for new, old in zip(size, last.size, strict=True))
        if group.level == level and smaller and (last.kept is None or size > last.kept):
            group.maps[-1] = replace(last, kept=size)

    def finished(self) -> Figure:
        """The figure, with the names of outputs."""
        outputs = self.plan.plan.outputs
        for name, node in outputs.items():
            maps = self.groups[self.held[node]].maps
            maps[-1] = replace(maps[-1], caption="output" if len(outputs) == 1 else name)
        groups = tuple(FigureGroup(group.level, group.column, tuple(group.maps)) for group in self.groups)
        return Figure(groups, tuple(self.connections))


def _num_readers(calls: list[Call]) -> dict[tuple[str, int], int]:
    """For each call, by scope and output, how many calls read the map that it reads first."""
    made_by, count = {0: 0}, {0: 0}
    first: dict[tuple[str, int], int] = {}
    for number, call in enumerate(calls, 1):
        sources = [made_by[node] for node in call.maps]
        for source in sources:
            count[source] += 1
        first[call.scope, call.output] = sources[0]
        made_by[call.output], count[number] = number, 0
    return {key: count[source] for key, source in first.items()}
