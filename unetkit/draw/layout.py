"""Places the groups: rows below each other, maps below the map they were pooled from, above the one they rise from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unetkit.draw.constraints import Constraints
from unetkit.draw.figure import Connection, Figure, FigureGroup
from unetkit.draw.glyph import DENSE, LOOSE, Glyph, Spacing, distance, glyphs, heights
from unetkit.draw.lines import Lines, starts, straight_connections
from unetkit.topology import MAP_SLOTS

WIDEST = 1900.0
WIDEST_DENSE = 1600.0
"""The width in which a drawing is legible; less where its boxes are near each other."""
FALL = 26.0  # the least arrow between two rows
STEP = 17.0  # the least of a stepped arrow above its step, and below it
LANE = 7.0  # between two lines above a row


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
    to the right; one in `steps` up or down, at that y to the side, and on.
    """

    lines: Lines
    groups: tuple[PlacedGroup, ...]
    upright: frozenset[Connection]
    bent: frozenset[Connection]
    lanes: dict[tuple[int, str], float]
    steps: dict[Connection, float]

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

    lines: Lines
    groups: list[list[Glyph]]
    ends: list[tuple[float, float]]
    upright: frozenset[Connection] = frozenset()
    bent: frozenset[Connection] = frozenset()
    stepped: frozenset[Connection] = frozenset()

    @classmethod
    def of(cls, figure: Figure, spacing: Spacing = LOOSE) -> Arrangement:
        """The arrangement of a figure, each row from where the arrows of the rows beside it lead.

        Where the boxes of a block that leads down cannot be below each other, they form a staircase; where that is not
        enough, those connections are upright that can be.
        """
        straight, groups, nothing = straight_connections(figure), _boxes(figure, spacing), frozenset[Connection]()
        first = {row[0] for row in figure.rows.values()}  # the way from the left to others would cross it
        level = [group.level for group in figure.groups]
        down = frozenset(one for one in straight if level[one.source] < level[one.target] and one.target in first)
        stairs = frozenset(each for each in down if each.slot in MAP_SLOTS)
        for upright, bent in ((straight, nothing), (straight - stairs, stairs), (straight - down, down)):
            lines = Lines(figure, upright | bent)
            ends = Constraints(lines, groups, spacing, upright, bent).solved()
            if ends is not None:
                return cls(lines, groups, ends, upright, bent)
        kept, lines = nothing, Lines(figure, nothing)
        ends = Constraints(lines, groups, spacing).solved()
        for each in sorted(straight):
            more = Lines(figure, kept | {each})
            possible = Constraints(more, groups, spacing, more.direct).solved()
            if possible is not None:
                ends, kept, lines = possible, more.direct, more
        assert ends is not None, "everything may move to the right"
        return cls(lines, groups, ends, kept)

    @classmethod
    def narrow(cls, figure: Figure) -> Arrangement:
        """The arrangement of a figure in which all rows begin at the left, and arrows to the next one are stepped."""
        stepped, groups = straight_connections(figure), _boxes(figure, LOOSE)
        lines = Lines(figure, stepped)
        for aligned in ([*starts(figure, stepped)], []):
            ends = Constraints(lines, groups, LOOSE, aligned=aligned).solved()
            if ends is not None:
                break
        assert ends is not None, "everything may move to the right"
        return cls(lines, groups, ends, stepped=stepped)

    @classmethod
    def fitting(cls, figure: Figure) -> Arrangement:
        """The arrangement of a figure, dense where it would be wider than `WIDEST`, narrow where that is too wide."""
        loose = cls.of(figure)
        if loose.width <= WIDEST:
            return loose
        dense = cls.of(figure, DENSE)
        return dense if dense.width <= WIDEST_DENSE else cls.narrow(figure)

    @property
    def width(self) -> float:
        """The width of the boxes with their labels."""
        return self.placed(0, 0).right

    def placed(self, left: float, top: float) -> Layout:
        """The placed figure, right of `left` and below `top`."""
        figure, groups, ends = self.lines.figure, self.groups, self.ends
        start = left - min(
            first + min(lane[0] for lane in group[0].lanes) for group, (first, _) in zip(groups, ends, strict=True)
        )
        placed, rows = list(groups), list(figure.rows.items())
        lanes: dict[tuple[int, str], float] = {}
        steps: dict[Connection, float] = {}
        for number, (level, row) in enumerate(rows):
            own = self.lines.lanes(row)
            roof = min(glyph.roof for index in row for glyph in groups[index])
            y = top - roof + LANE * (len(own) + bool(own))  # with room for the tips of arrows
            lanes |= {source: top + LANE * place for place, source in enumerate(own)}
            for index in row:
                first, last = ends[index]
                placed[index] = _widened(groups[index], start + first, last - first, y)
            floor = max(glyph.floor for index in row for glyph in placed[index])
            below = self.stepped_between(level, rows[number + 1][0]) if number + 1 < len(rows) else []
            steps |= {each: floor + STEP + LANE * place for place, each in enumerate(below)}
            top = floor + (2 * STEP + LANE * (len(below) - 1) if below else FALL)
        whole = tuple(PlacedGroup(group, tuple(boxes)) for group, boxes in zip(figure.groups, placed, strict=True))
        return Layout(self.lines, whole, self.upright, self.bent, lanes, steps)

    def stepped_between(self, upper: int, lower: int) -> list[Connection]:
        """The stepped connections between two levels that are next to each other, from left to right."""
        groups = self.lines.figure.groups
        found = [
            each for each in self.stepped if {groups[each.source].level, groups[each.target].level} == {upper, lower}
        ]
        return sorted(found, key=lambda each: (self.ends[each.source], each))


def _boxes(figure: Figure, spacing: Spacing) -> list[list[Glyph]]:
    """The boxes of each group at their least distances."""
    scale = heights([each.size for each in figure.maps])
    return [_spread(glyphs(group.maps, scale, spacing.thickness), spacing.arrow) for group in figure.groups]


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
