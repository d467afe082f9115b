"""Places the groups: rows below each other, maps below the map they were pooled from, above the one they rise from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unetkit.draw.figure import Connection, Figure, FigureGroup
from unetkit.draw.glyph import DENSE, LOOSE, Glyph, Spacing, distance, glyphs, heights
from unetkit.topology import MAP_SLOTS

WIDEST = 1900.0
FALL = 26.0  # the least arrow between two rows
LANE = 7.0  # between two lines above a row
TURN = 16.0  # from a line that leads down or up to the group beside it
_ROUNDS = 4  # per group: after so many the constraints contradict each other


@dataclass(frozen=True)
class PlacedGroup:
    """A group with placed boxes."""

    group: FigureGroup
    glyphs: tuple[Glyph, ...]

    @property
    def left(self) -> float:
        """The left end, with labels."""
        return min(glyph.x + min(start for start, _ in glyph.lanes) for glyph in self.glyphs)

    @property
    def right(self) -> float:
        """The right end, with labels."""
        return max(glyph.x + max(end for _, end in glyph.lanes) for glyph in self.glyphs)


@dataclass(frozen=True)
class Layout:
    """A placed figure: which connections are a straight line up or down, and the lines above each row.

    A line is that of a group and a slot: all that the slot reads of the group. A connection in `bent` leads down, then
    to the right.
    """

    figure: Figure
    groups: tuple[PlacedGroup, ...]
    upright: frozenset[Connection]
    bent: frozenset[Connection]
    lanes: dict[tuple[int, str], float]

    @property
    def glyphs(self) -> tuple[Glyph, ...]:
        """All boxes."""
        return tuple(glyph for group in self.groups for glyph in group.glyphs)

    @property
    def right(self) -> float:
        """The right end."""
        return max(group.right for group in self.groups)


@dataclass(frozen=True)
class Arrangement:
    """A figure with the distances between its boxes, which are the same wherever it is placed.

    `groups` are boxes at their least distances from the first of their group; `ends` are the x of the first and last.
    """

    figure: Figure
    groups: list[list[Glyph]]
    ends: list[tuple[float, float]]
    upright: frozenset[Connection]
    bent: frozenset[Connection]

    @classmethod
    def of(cls, figure: Figure, spacing: Spacing = LOOSE) -> Arrangement:
        """The arrangement of a figure."""
        scale = heights([each.size for each in figure.maps])
        groups = [_spread(glyphs(group.maps, scale, spacing.thickness), spacing.arrow) for group in figure.groups]
        return cls(figure, groups, *_solved(figure, groups, spacing))

    @classmethod
    def fitting(cls, figure: Figure) -> Arrangement:
        """The arrangement of a figure, dense where it would be wider than `WIDEST`."""
        loose = cls.of(figure)
        return cls.of(figure, DENSE) if loose.is_wide else loose

    @property
    def is_wide(self) -> bool:
        """Whether it is wider than a drawing should be."""
        return self.placed(0, 0).right > WIDEST

    def placed(self, left: float, top: float) -> Layout:
        """The placed figure, right of `left` and below `top`."""
        figure, groups, ends = self.figure, self.groups, self.ends
        start = left - min(
            first + min(lane[0] for lane in group[0].lanes) for group, (first, _) in zip(groups, ends, strict=True)
        )
        placed = list(groups)
        tracks: dict[tuple[int, str], float] = {}
        for row in figure.rows.values():
            lanes = _lane_sources(figure, row, self.upright | self.bent)
            roof = min(glyph.roof for index in row for glyph in groups[index])
            y = top - roof + LANE * (len(lanes) + bool(lanes))  # with room for the tips of arrows
            tracks |= {source: top + LANE * number for number, source in enumerate(lanes)}
            for index in row:
                first, last = ends[index]
                placed[index] = _widened(groups[index], start + first, last - first, y)
            top = max(glyph.floor for index in row for glyph in placed[index]) + FALL
        whole = tuple(PlacedGroup(group, tuple(boxes)) for group, boxes in zip(figure.groups, placed, strict=True))
        return Layout(figure, whole, self.upright, self.bent, tracks)


def _solved(
    figure: Figure, groups: Sequence[list[Glyph]], spacing: Spacing
) -> tuple[list[tuple[float, float]], frozenset[Connection], frozenset[Connection]]:
    """Where the first and last box of each group are, and which connections are upright and bent.

    Where the boxes of a block that leads down cannot be below each other, they form a staircase; where that is not
    enough, those connections are upright that can be.
    """
    straight = upright_connections(figure)
    first = {row[0] for row in figure.rows.values()}  # the way from the left to others would cross it
    level = [group.level for group in figure.groups]
    down = frozenset(one for one in straight if level[one.source] < level[one.target] and one.target in first)
    nothing = frozenset[Connection]()
    stairs = frozenset(each for each in down if each.slot in MAP_SLOTS)
    for upright, bent in ((straight, nothing), (straight - stairs, stairs), (straight - down, down)):
        ends = _Constraints(figure, groups, upright, bent, spacing).solved()
        if ends is not None:
            return ends, upright, bent
    kept = nothing
    ends = _Constraints(figure, groups, kept, nothing, spacing).solved()
    for each in sorted(straight):
        possible = _Constraints(figure, groups, kept | {each}, nothing, spacing).solved()
        if possible is not None:
            ends, kept = possible, kept | {each}
    assert ends is not None, "everything may move to the right"
    return ends, kept, nothing


def upright_connections(figure: Figure) -> frozenset[Connection]:
    """The connections to the next row whose target reads nothing else of another row: straight lines up or down."""
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


def _lane_sources(figure: Figure, row: Sequence[int], straight: frozenset[Connection]) -> list[tuple[int, str]]:
    """The groups of a row, with the slots, from which a line above it leads to others, the leftmost on top."""
    over = [each for each in figure.connections if each not in straight and needs_lane(figure, each)]
    return [
        (index, slot) for index in row for slot in dict.fromkeys(each.slot for each in over if each.source == index)
    ]


def needs_lane(figure: Figure, connection: Connection) -> bool:
    """Whether other groups of its row are in the way of a line from a group to another one."""
    source, target = figure.groups[connection.source], figure.groups[connection.target]
    row = figure.rows[source.level]
    if connection.target in row:
        return not is_beside(figure, connection)
    return any(source.column < figure.groups[other].column < target.column for other in row)


class _Constraints:
    """Where the first and the last box of each group must be, from the left end of the figure."""

    def __init__(
        self,
        figure: Figure,
        groups: Sequence[list[Glyph]],
        upright: frozenset[Connection],
        bent: frozenset[Connection],
        spacing: Spacing,
    ) -> None:
        self.groups = groups
        self.spacing = spacing
        self.ends = [(0.0, group[-1].x) for group in groups]
        self.upright = upright
        self.direct = upright | bent
        self.apart = [
            (before, after, self.room(groups[before], groups[after], figure, after))
            for row in figure.rows.values()
            for before, after in zip(row, row[1:], strict=False)
        ]
        self.apart += self.around_lines(figure)
        self.apart += self.to_the_right(figure)
        self.apart += [
            (each.source, each.target, spacing.arrow - min(start for start, _ in groups[each.target][0].lanes))
            for each in bent
        ]

    def room(self, before: Sequence[Glyph], after: Sequence[Glyph], figure: Figure, target: int) -> float:
        """The least distance of the last box of a group and the first of the next one."""
        least = max(each.x - before[-1].x + distance(each, after[0], self.spacing.skip) for each in before)
        turns = any(each.target == target and not is_beside(figure, each) for each in figure.connections)
        edges = before[-1].lanes[0][1], after[0].lanes[0][0]
        return max(least, edges[0] - edges[1] + 2 * TURN + 8) if turns else least

    def around_lines(self, figure: Figure) -> list[tuple[int, int, float]]:
        """Keeps the groups of other rows away from the lines that lead up and down beside a group."""
        levels, found = list(figure.rows), list[tuple[int, int, float]]()
        row = {index: levels.index(group.level) for index, group in enumerate(figure.groups)}
        for target in range(len(self.groups)):
            rows = [
                row[each.source] for each in figure.connections if each.target == target and each not in self.direct
            ]
            if all(one == row[target] for one in rows):
                continue
            first = self.groups[target][0]
            line = min(start for start, _ in first.lanes) - TURN
            for other, boxes in enumerate(self.groups):
                if (
                    other == target
                    or row[other] == row[target]
                    or not min(*rows, row[target]) <= row[other] <= max(*rows, row[target])
                ):
                    continue
                if (figure.groups[other].column, other) < (figure.groups[target].column, target):
                    right = max(end for _, end in boxes[-1].lanes)
                    found.append((other, target, right - line + TURN))
                else:
                    left = min(start for start, _ in boxes[0].lanes)
                    found.append((-1 - target, other, line - left + TURN))
        return found

    def to_the_right(self, figure: Figure) -> Iterator[tuple[int, int, float]]:
        """Keeps the line from a group of several boxes to another row from leading back over them."""
        for each in figure.connections:
            source, target = figure.groups[each.source], figure.groups[each.target]
            if each in self.direct or source.level == target.level or source.column > target.column:
                continue
            if len(source.maps) > 1:
                last, first = self.groups[each.source][-1], self.groups[each.target][0]
                line = min(start for start, _ in first.lanes) - TURN
                yield each.source, each.target, max(end for _, end in last.lanes) - line

    def solved(self) -> list[tuple[float, float]] | None:
        """The x of the first and last box of each group, as far left as can be; None where they contradict."""
        for _ in range(_ROUNDS * len(self.groups) + 2):
            before = list(self.ends)
            for one in self.upright:
                x = max(self.ends[one.source][1], self.ends[one.target][0])
                self.widen(one.source, x)
                self.push(one.target, x)
            for left, right, room in self.apart:
                self.push(right, self.ends[left][1] + room if left >= 0 else self.ends[-1 - left][0] + room)
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


def _spread(row: Sequence[Glyph], arrow: float) -> list[Glyph]:
    """The boxes at their least distances, the first with its anchor at 0."""
    placed = [row[0].at(0.0, 0.0)]
    for glyph in row[1:]:
        placed.append(glyph.at(max(each.x + distance(each, glyph, arrow) for each in placed), 0.0))
    return placed


def _widened(row: Sequence[Glyph], first: float, width: float, y: float) -> list[Glyph]:
    """The boxes with the first at (first, y), and the last at a distance from it."""
    extra, last = width - row[-1].x, max(1, len(row) - 1)
    return [glyph.at(first + glyph.x + extra * index / last, y) for index, glyph in enumerate(row)]
