"""The drawing of a plan: a heading, the rows of the U with their boxes, arrows and labels, and a legend."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from unetkit.draw.boxes import box
from unetkit.draw.figure import rows
from unetkit.draw.glyph import Glyph
from unetkit.draw.layout import PlacedRow, place
from unetkit.draw.legend import entries, flow
from unetkit.draw.shapes import Arrow, Drawing, Shape, Text
from unetkit.draw.text import fit, size_label, width
from unetkit.wording import magnitude

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan

MARGIN, CLEAR = 22.0, 4.0
NARROW, WIDE = 560.0, 1900.0
TITLE_FONT, FACTS_FONT, LEVEL_FONT = 17.0, 12.0, 10.0
_LEVELS = 46.0  # the column that names the levels


def draw_plan(plan: SizedPlan, title: str, marked: Collection[str] = ()) -> Drawing:
    """The figure, with the steps in `marked` highlighted.

    If an arrow per operation would make it too wide, each block is one arrow.
    """
    title = " ".join(title.split()) or plan.plan.spec.name
    lines = place(rows(plan), 0, 0)
    if _extent(lines) > WIDE:
        lines = place(rows(plan, whole_blocks=True), 0, 0)
    content = _LEVELS + _extent(lines)
    full = max(content, min(max(content, WIDE / 2), width(title, TITLE_FONT, bold=True)), NARROW)

    head, top = _heading(plan, title, MARGIN + full)
    left = MARGIN + (full - content) / 2
    lines = place([line.row for line in lines], left + _LEVELS, top + 18)
    names = [Text(left, line.all[0].y + 3.5, f"level {line.row.level}", LEVEL_FONT, "muted") for line in lines]
    boxes = [shape for line in lines for glyph in line.all for shape in box(glyph, marked)]
    bottom = max(glyph.floor for line in lines for glyph in line.all)
    legend, bottom = flow(entries(plan, [line.row for line in lines], marked), MARGIN, bottom + 30, MARGIN + full)
    shapes = [*head, *names, *boxes, *_arrows(lines, marked), *legend]
    return Drawing(full + 2 * MARGIN, bottom + MARGIN, title, description(plan, lines), tuple(shapes))


def _extent(lines: Sequence[PlacedRow]) -> float:
    """The right end of the rows."""
    return max(line.right for line in lines)


def _heading(plan: SizedPlan, title: str, right: float) -> tuple[list[Shape], float]:
    """The title and the facts under it, and the y below them."""
    room = right - MARGIN
    shapes: list[Shape] = [Text(MARGIN, 36, fit(title, room, TITLE_FONT, bold=True), TITLE_FONT, bold=True)]
    y, line = 58.0, ""
    for fact in facts(plan):
        longer = f"{line} · {fact}" if line else fact
        if line and width(longer, FACTS_FONT) > room:
            shapes.append(Text(MARGIN, y, line, FACTS_FONT, "muted"))
            y, longer = y + 18, fact
        line = longer
    shapes.append(Text(MARGIN, y, line, FACTS_FONT, "muted"))
    return shapes, y


def facts(plan: SizedPlan) -> list[str]:
    """The numbers of the heading."""
    first, last = plan.steps[0], plan.steps[-1]
    field = plan.plan.receptive_field
    known = tuple(each for each in field if each is not None)
    return [
        f"{plan.plan.parameters:,} parameters",
        f"{magnitude(plan.macs)}{'' if plan.macs >= 1000 else ' '}MACs",
        f"{first.in_channels} × {size_label(plan.input_size)} → {last.channels} × {size_label(plan.output_size)}",
        f"receptive field {size_label(known)}" if known == field else "sees the whole image",
    ]


def _arrows(lines: Sequence[PlacedRow], marked: Collection[str] = ()) -> list[Arrow]:
    """The arrows: within each row, across the U, down into the next row and up from it."""
    found = [
        level(a, b, b.map.slot, _is_made_by(b, b.map.slot, marked))
        for line in lines
        for side in (line.encoder, line.decoder)
        for a, b in pairwise(side)
    ]
    for line in lines:
        if line.row.skip:
            end = line.decoder[0]
            found.append(level(line.encoder[-1], end, "skip", _is_made_by(end, "skip", marked)))
    for upper, lower in pairwise(lines):
        start, end = upper.encoder[-1], lower.encoder[0]
        found.append(Arrow((start.x, start.floor), (end.x, end.roof), "down", _is_made_by(end, "down", marked)))
        start, end = (lower.decoder or lower.encoder)[-1], upper.decoder[0]
        found.append(Arrow((start.x, start.roof), (end.x, end.floor), "up", _is_made_by(end, "up", marked)))
    return found


def _is_made_by(glyph: Glyph, slot: str, marked: Collection[str]) -> bool:
    """Whether a marked step of this slot made the map."""
    return any(name in marked and name.endswith(slot) for name in glyph.map.steps)


def level(left: Glyph, right: Glyph, kind: str, marked: bool) -> Arrow:
    """The arrow from one box to another on its right."""
    return Arrow((left.right + left.depth + CLEAR, left.y), (right.left - CLEAR, right.y), kind, marked)


def description(plan: SizedPlan, lines: Sequence[PlacedRow]) -> str:
    """The figure in words, for screen readers."""
    levels = "; ".join(
        f"level {line.row.level}: {line.encoder[-1].map.channels} channels at {size_label(line.encoder[-1].map.size)}"
        for line in lines
    )
    return f"A U-Net with {len(lines)} level{'s' * (len(lines) > 1)}. {', '.join(facts(plan))}. {levels}."
