"""The lines between groups: which are straight, which lead around boxes, and what room these need beside a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from unetkit.draw.figure import Connection, Figure

APART = 5.0  # between two lines of one box
TURN = 16.0  # from a line that leads down or up to the group beside it
LEAVE = 8.0  # from a group to a line that leads up beside it


@dataclass(frozen=True)
class Lines:
    """The connections of a figure. Those in `direct` lead from one row to the next without a way around boxes."""

    figure: Figure
    direct: frozenset[Connection]

    @cached_property
    def around(self) -> tuple[Connection, ...]:
        """Those that lead around boxes: not direct, and not to the next group of a row."""
        return tuple(
            each for each in self.figure.connections if each not in self.direct and not is_beside(self.figure, each)
        )

    @cached_property
    def kinds(self) -> dict[str, int]:
        """The slots of all connections with their numbers, those of lines that lead around boxes first."""
        slots = dict.fromkeys(each.slot for each in (*self.around, *self.figure.connections))
        return {slot: number for number, slot in enumerate(slots)}

    @cached_property
    def leaving(self) -> dict[int, dict[str, int]]:
        """The ranks of the slots that read a group; see `ranks`."""
        return self.ranks([(each.source, each) for each in self.figure.connections])

    @cached_property
    def arriving(self) -> dict[int, dict[str, int]]:
        """The ranks of the slots that make a group; see `ranks`."""
        return self.ranks([(each.target, each) for each in self.figure.connections])

    def ranks(self, ends: Sequence[tuple[int, Connection]]) -> dict[int, dict[str, int]]:
        """The place of each slot among the lines at a group: one line for each slot, a straight one first."""
        found: dict[int, dict[str, int]] = {}
        for group, each in sorted(ends, key=lambda end: not is_beside(self.figure, end[1])):
            if each not in self.direct:
                ranks = found.setdefault(group, {})
                ranks.setdefault(each.slot, len(ranks))
        return found

    def room_after(self, group: int) -> float:
        """The room that lines which lead up beside a group take on its right; 0 where there is none."""
        ranks = [self.leaving[each.source][each.slot] for each in self.overhead if each.source == group]
        return LEAVE + APART * max(ranks) if ranks else 0.0

    def room_before(self, group: int) -> float:
        """The room that lines which lead up or down beside a group take on its left; 0 where there is none."""
        numbers = [self.kinds[each.slot] for each in self.around if each.target == group]
        return TURN + APART * max(numbers) if numbers else 0.0

    @cached_property
    def overhead(self) -> tuple[Connection, ...]:
        """Those that lead over other groups of the row that they come from."""
        return tuple(each for each in self.around if needs_lane(self.figure, each))

    def lanes(self, row: Sequence[int]) -> list[tuple[int, str]]:
        """The groups of a row, with the slots, from which a line above it leads to others, the leftmost on top."""
        slots = {index: dict.fromkeys(each.slot for each in self.overhead if each.source == index) for index in row}
        return [(index, slot) for index in row for slot in slots[index]]


def straight_connections(figure: Figure) -> frozenset[Connection]:
    """The connections to the next row whose target reads nothing else of another row: lines straight up or down."""
    levels = list(figure.rows)
    row = {index: levels.index(group.level) for index, group in enumerate(figure.groups)}
    across = [each for each in figure.connections if row[each.source] != row[each.target]]
    alone = [each for each in across if sum(other.target == each.target for other in across) == 1]
    near = [each for each in alone if abs(row[each.source] - row[each.target]) == 1]
    found: dict[tuple[int, int], Connection] = {}
    for each in near:
        found.setdefault((each.source, row[each.target]), each)
    return frozenset(found.values())


def is_beside(figure: Figure, connection: Connection) -> bool:
    """Whether a connection leads to the next group of its row."""
    row = figure.rows[figure.groups[connection.source].level]
    return connection.target in row and row.index(connection.target) == row.index(connection.source) + 1


def needs_lane(figure: Figure, connection: Connection) -> bool:
    """Whether other groups of its row are in the way of a line from a group to another one."""
    start, end, *_ = connection
    row = figure.rows[figure.groups[start].level]
    if end in row:
        return not is_beside(figure, connection)
    return any(figure.place(start) < figure.place(other) < figure.place(end) for other in row)


def starts(figure: Figure, steps: frozenset[Connection]) -> Iterator[tuple[int, int]]:
    """Yields pairs of groups that begin below each other where each row steps to the next: its start, and the next's.

    The start of a row is the group that the last step led to, or on the way down the first of the row.
    """
    reached = {(each.target, _is_down(figure, each)) for each in steps}
    beside = {each.target: each.source for each in figure.connections if is_beside(figure, each)}
    for each in sorted(steps):
        down, start = _is_down(figure, each), each.source
        while (start, down) not in reached and start in beside:
            start = beside[start]
        if down or (start, down) in reached:
            yield start, each.target


def _is_down(figure: Figure, connection: Connection) -> bool:
    """Whether a connection leads to a coarser level."""
    return figure.groups[connection.source].level < figure.groups[connection.target].level
