"""The drawing of a plan: a heading, the rows with their boxes, arrows and labels, and a legend."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import TYPE_CHECKING

from unetkit.draw.boxes import box
from unetkit.draw.figure import Figure, figure
from unetkit.draw.layout import place
from unetkit.draw.legend import entries, flow
from unetkit.draw.routes import level, routes
from unetkit.draw.shapes import Drawing, Shape, Text
from unetkit.draw.text import fit, size_label, width
from unetkit.wording import magnitude

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan

MARGIN = 22.0
NARROW, WIDE = 560.0, 1900.0
TITLE_FONT, FACTS_FONT, LEVEL_FONT = 17.0, 12.0, 10.0
_LEVELS = 46.0  # the column that names the levels


def draw_plan(plan: SizedPlan, title: str, marked: Collection[str] = ()) -> Drawing:
    """The figure, with the steps in `marked` highlighted.

    If an arrow per operation would make it too wide, each block is one arrow.
    """
    title = " ".join(title.split()) or plan.plan.spec.name
    shown = figure(plan)
    layout = place(shown, 0, 0)
    if layout.right > WIDE:
        shown = figure(plan, whole_blocks=True)
        layout = place(shown, 0, 0)
    content = _LEVELS + layout.right
    full = max(content, min(max(content, WIDE / 2), width(title, TITLE_FONT, bold=True)), NARROW)

    head, top = _heading(plan, title, MARGIN + full)
    left = MARGIN + (full - content) / 2
    layout = place(shown, left + _LEVELS, top + 18)
    highlighted = frozenset(marked)
    names = [
        Text(left, layout.groups[row[0]].glyphs[0].y + 3.5, f"level {number}", LEVEL_FONT, "muted")
        for number, row in shown.rows.items()
    ]
    boxes = [shape for glyph in layout.glyphs for shape in box(glyph, highlighted)]
    within = [
        level(a, b, b.map.slot, b.map.is_made_by((b.map.slot,), highlighted))
        for group in layout.groups
        for a, b in pairwise(group.glyphs)
    ]
    bottom = max(glyph.floor for glyph in layout.glyphs)
    legend, bottom = flow(entries(plan, shown, marked), MARGIN, bottom + 30, MARGIN + full)
    shapes = [*head, *names, *boxes, *within, *routes(layout, highlighted), *legend]
    return Drawing(full + 2 * MARGIN, bottom + MARGIN, title, description(plan, shown), tuple(shapes))


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


def description(plan: SizedPlan, shown: Figure) -> str:
    """The figure in words, for screen readers."""
    rows = []
    for number, row in shown.rows.items():
        last = shown.groups[row[0]].maps[-1]
        more = f" in {len(row)} places" if len(row) > 2 else ""
        rows.append(f"level {number}: {last.channels} channels at {size_label(last.size)}{more}")
    name, count = plan.plan.spec.topology.name, len(shown.rows)
    return f"{name} with {count} level{'s' * (count > 1)}. {', '.join(facts(plan))}. {'; '.join(rows)}."
