"""Places the rows: a map is below the map it was pooled from, and above the one it was upsampled from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unetkit.draw.figure import FigureRow
from unetkit.draw.glyph import Glyph, distance, glyphs, heights

ARROW, SKIP, FALL = 22.0, 46.0, 26.0  # the least arrow within a row, across the U, between two rows


@dataclass(frozen=True)
class PlacedRow:
    """A row with placed boxes."""

    row: FigureRow
    encoder: tuple[Glyph, ...]
    decoder: tuple[Glyph, ...]

    @property
    def all(self) -> tuple[Glyph, ...]:
        return self.encoder + self.decoder

    @property
    def right(self) -> float:
        return max(glyph.x + max(end for _, end in glyph.lanes()) for glyph in self.all)


def place(rows: Sequence[FigureRow], left: float, top: float) -> list[PlacedRow]:
    """The placed rows, the first below `top` and right of `left`."""
    scale = heights([each.size for row in rows for each in row.encoder + row.decoder])
    down = [glyphs(row.encoder, scale) for row in rows]
    up = [glyphs(row.decoder, scale) if row.decoder else [] for row in rows]

    down[0] = _spread(down[0], left - min(start for start, _ in down[0][0].lanes()))
    for upper, level in zip(down, range(1, len(rows)), strict=False):
        down[level] = _spread(down[level], upper[-1].x)
    lower = down[-1]
    for level in range(len(rows) - 2, -1, -1):
        anchor = max([lower[-1].x, *(a.x + distance(a, b, SKIP) for a, b in _across(down[level], up[level]))])
        _widen(lower, anchor - lower[-1].x)
        up[level] = _spread(up[level], anchor)
        lower = up[level]
    return stack([PlacedRow(row, tuple(a), tuple(b)) for row, a, b in zip(rows, down, up, strict=True)], top)


def _across(down: Sequence[Glyph], up: Sequence[Glyph]) -> list[tuple[Glyph, Glyph]]:
    """The pairs of boxes to keep apart across the middle of a row."""
    return [(each, up[0]) for each in down]


def _spread(row: Sequence[Glyph], start: float) -> list[Glyph]:
    """The boxes at their least distances, the first with its anchor at `start`."""
    placed = [replace(row[0], x=start)]
    for glyph in row[1:]:
        placed.append(replace(glyph, x=max(each.x + distance(each, glyph, ARROW) for each in placed)))
    return placed


def _widen(row: list[Glyph], extra: float) -> None:
    """Stretches a row: its last box moves `extra` to the right, its first stays."""
    for index, glyph in enumerate(row):
        row[index] = replace(glyph, x=glyph.x + extra * index / max(1, len(row) - 1))


def stack(lines: Sequence[PlacedRow], top: float) -> list[PlacedRow]:
    """The rows below each other, the boxes of each centred on one line."""
    placed = []
    for line in lines:
        y = top - min(glyph.roof for glyph in line.all)
        line = replace(line, encoder=at(line.encoder, y), decoder=at(line.decoder, y))
        placed.append(line)
        top = max(glyph.floor for glyph in line.all) + FALL
    return placed


def at(row: Sequence[Glyph], y: float) -> tuple[Glyph, ...]:
    """The boxes centred on y."""
    return tuple(replace(glyph, y=y) for glyph in row)
