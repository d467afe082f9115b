"""The rows of the U: the feature maps of each level, and how each is made. No positions yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan, Step

Size = tuple[int, ...]


@dataclass(frozen=True)
class FigureMap:
    """One feature map. `slot` made it from the map to its left (empty: the first of its side of the row).

    `borrowed` of its channels come from the skip; `kept` is the smaller size that the skip copies, if it crops.
    `steps` are the names of the steps that made it.
    """

    channels: int
    size: Size
    slot: str = ""
    borrowed: int = 0
    kept: Size | None = None
    caption: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class FigureRow:
    """One level: its maps on the way down, and on the way up (none at the bottom). `skip` joins the two."""

    level: int
    encoder: tuple[FigureMap, ...]
    decoder: tuple[FigureMap, ...] = ()
    skip: bool = False


def rows(plan: SizedPlan, *, whole_blocks: bool = False) -> tuple[FigureRow, ...]:
    """The levels of the U, level 0 first.

    With `whole_blocks`, and for blocks with branches, a block is one arrow to its last map.
    """
    first, branched = plan.steps[0], _branching(plan)
    down: dict[int, list[FigureMap]] = {first.level: [FigureMap(first.in_channels, first.input_size, caption="input")]}
    up: dict[int, list[FigureMap]] = {}
    skips: dict[int, Size] = {}
    for step in plan.steps:
        side = up if step.level in up or step.slot == "up" else down
        maps = side.setdefault(step.level, [])
        if step.slot == "skip":
            if step.maps:  # none: the decoder has no skip
                maps[-1] = _merged(step, maps[-1])
                skips[step.level] = step.output_size
        elif step.slot in ("down", "up"):
            maps.append(FigureMap(step.channels, step.output_size, "" if not maps else step.slot, steps=(step.name,)))
        else:
            maps.extend(made(step, whole_blocks or step.name in branched))
    ends = up or down
    ends[0][-1] = replace(ends[0][-1], caption="output")
    return tuple(row(level, down[level], up.get(level, []), skips.get(level)) for level in sorted(down))


def _branching(plan: SizedPlan) -> set[str]:
    """The names of the blocks with branches, such as residual blocks, whose maps are no chain."""
    nodes, calls = plan.plan.nodes, plan.plan.calls
    return {call.scope for call in calls if any(len(nodes[i].inputs) > 1 for i in range(call.start, call.end))}


def made(step: Step, whole_block: bool) -> list[FigureMap]:
    """The maps of a block or a head."""
    if whole_block or not step.maps:
        return [FigureMap(step.channels, step.output_size, step.slot, steps=(step.name,))]
    return [FigureMap(each.channels, each.size, step.slot, steps=(step.name,)) for each in step.maps]


def _merged(step: Step, up: FigureMap) -> FigureMap:
    """The map after a skip; a concatenation shows its two parts."""
    borrowed = step.skip_channels or 0
    joined = borrowed + up.channels == step.channels
    steps = (*up.steps, step.name)
    return FigureMap(step.channels, step.output_size, borrowed=borrowed if joined else 0, steps=steps)


def row(level: int, down: list[FigureMap], up: list[FigureMap], copied: Size | None) -> FigureRow:
    """A row, with the part that its skip copies."""
    last = down[-1]
    if copied and copied != last.size and all(new <= old for new, old in zip(copied, last.size, strict=True)):
        down[-1] = replace(last, kept=copied)
    return FigureRow(level, tuple(down), tuple(up), skip=copied is not None)
