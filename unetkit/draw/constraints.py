"""Where the boxes of a figure may be from left to right, and the solution that is farthest to the left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from unetkit.draw.figure import Connection
from unetkit.draw.glyph import Glyph, Spacing, distance
from unetkit.draw.lines import TURN, Lines

FIRST, LAST = 0, 1
_Apart: TypeAlias = tuple[int, int, int, float]
"""A group, its first or last box, another group, and the least distance from that box to the first of the other."""
_ROUNDS = 4  # per group: after so many the constraints contradict each other
_CLEAR = 8.0  # between lines beside two groups that are next to each other


class Constraints:
    """Where the first and the last box of each group must be, from the left end of the figure.

    The last box of the source of a connection in `upright` is above or below the first one of its target, and the first
    boxes of a pair in `aligned` are below each other. The target of a connection in `bent` is right of its source.
    """

    def __init__(
        self,
        lines: Lines,
        groups: Sequence[list[Glyph]],
        spacing: Spacing,
        upright: frozenset[Connection] = frozenset(),
        bent: frozenset[Connection] = frozenset(),
        aligned: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.lines = lines
        self.groups = groups
        self.spacing = spacing
        self.ends = [(0.0, group[-1].x) for group in groups]
        self.upright = upright
        self.aligned = aligned
        self.apart: list[_Apart] = [
            (before, LAST, after, self.room(before, after))
            for row in lines.figure.rows.values()
            for before, after in zip(row, row[1:], strict=False)
        ]
        self.apart += self.around_lines()
        self.apart += self.to_the_right()
        self.apart += [(each.source, LAST, each.target, spacing.arrow - self.left(each.target)) for each in bent]

    def left(self, group: int) -> float:
        """The left end of the first box of a group with its labels, from its middle."""
        return min(start for start, _ in self.groups[group][0].lanes)

    def right(self, group: int) -> float:
        """The right end of the last box of a group with its labels, from its middle."""
        return max(end for _, end in self.groups[group][-1].lanes)

    def room(self, before: int, after: int) -> float:
        """The least distance of the last box of a group and the first of the next one."""
        boxes, first = self.groups[before], self.groups[after][0]
        least = max(each.x - boxes[-1].x + distance(each, first, self.spacing.skip) for each in boxes)
        between = self.lines.room_after(before) + self.lines.room_before(after)
        return max(least, self.right(before) - self.left(after) + between + _CLEAR) if between else least

    def around_lines(self) -> Iterator[_Apart]:
        """Keeps the groups of other rows away from the lines that lead up and down beside a group."""
        figure = self.lines.figure
        levels = list(figure.rows)
        row = {index: levels.index(group.level) for index, group in enumerate(figure.groups)}
        for target in range(len(figure.groups)):
            reached = {row[target], *(row[each.source] for each in self.lines.around if each.target == target)}
            line = self.left(target) - self.lines.room_before(target)
            for other in range(len(figure.groups)):
                if row[other] == row[target] or not min(reached) <= row[other] <= max(reached):
                    continue
                if figure.place(other) < figure.place(target):
                    yield other, LAST, target, self.right(other) - line + TURN
                else:
                    yield target, FIRST, other, self.left(target) - self.left(other)

    def to_the_right(self) -> Iterator[_Apart]:
        """Keeps the line from a group of several boxes to another row from leading back over them."""
        figure = self.lines.figure
        for each in self.lines.around:
            source, target = figure.groups[each.source], figure.groups[each.target]
            if source.level != target.level and source.column <= target.column and len(source.maps) > 1:
                line = self.left(each.target) - self.lines.room_before(each.target)
                yield each.source, LAST, each.target, self.right(each.source) - line

    def solved(self) -> list[tuple[float, float]] | None:
        """The x of the first and last box of each group, as far left as can be; None where they contradict."""
        for _ in range(_ROUNDS * len(self.groups) + 2):
            before = list(self.ends)
            for one in self.upright:
                x = max(self.ends[one.source][LAST], self.ends[one.target][FIRST])
                self.widen(one.source, x)
                self.push(one.target, x)
            for group, other in self.aligned:
                x = max(self.ends[group][FIRST], self.ends[other][FIRST])
                self.push(group, x)
                self.push(other, x)
            for left, end, right, room in self.apart:
                self.push(right, self.ends[left][end] + room)
            if before == self.ends:
                return self.ends
        return None

    def push(self, group: int, first: float) -> None:
        """Moves the first box of a group to the right, and the others where they would be too near."""
        start, end = self.ends[group]
        if first > start:
            self.ends[group] = first, max(end, first + self.groups[group][-1].x)

    def widen(self, group: int, last: float) -> None:
        """Moves the last box of a group to the right."""
        start, end = self.ends[group]
        if last > end:
            self.ends[group] = (last if len(self.groups[group]) == 1 else start), last
