"""A sheet with the drawings of many networks, each small, with its name and its facts above it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from unetkit.draw.boxes import box
from unetkit.draw.figure import figure
from unetkit.draw.file import png, suffix_of
from unetkit.draw.layout import Arrangement
from unetkit.draw.markup import document, element, elements, number
from unetkit.draw.routes import level, routes
from unetkit.draw.shapes import Shape, Text
from unetkit.draw.text import fit, size_label
from unetkit.wording import magnitude, plural
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan

MARGIN, GAP = 24.0, 20.0
CELL, HEAD, FIGURE = 360.0, 42.0, 300.0
"""The width of a cell, the height of its text, and the height of its drawing."""
NAME_FONT, FACTS_FONT = 13.0, 10.0
_LARGEST = 0.9  # by how much drawings are made smaller at least


def draw_sheet(plans: Sequence[SizedPlan], path: Path) -> None:
    """Writes the drawings of plans on one sheet as .svg or .png, whole or not at all.

    Raises FileError for another suffix and for a file that cannot be written.
    """
    suffix = suffix_of(Path(path))
    text = sheet(plans)
    write_whole(Path(path), png(text) if suffix == ".png" else text.encode())


def sheet(plans: Sequence[SizedPlan]) -> str:
    """The drawings of plans in rows, as SVG text. Equal plans give equal text."""
    columns = max(1, min(len(plans), round((1.4 * len(plans)) ** 0.5)))
    rows = -(-len(plans) // columns)
    width = 2 * MARGIN + columns * (CELL + GAP) - GAP
    height = 2 * MARGIN + rows * (HEAD + FIGURE + GAP) - GAP
    lines = list[str]()
    for index, plan in enumerate(plans):
        x = MARGIN + index % columns * (CELL + GAP)
        y = MARGIN + index // columns * (HEAD + FIGURE + GAP)
        lines += _cell(plan, x, y)
    names = ", ".join(plan.plan.spec.name for plan in plans)
    return document((width, height), plural(len(plans), "network"), names, lines)


def _cell(plan: SizedPlan, x: float, y: float) -> Iterable[str]:
    """Yields the name, the facts and the drawing of a network, whose corner is at (x, y)."""
    image = f"{plan.plan.spec.in_channels} × {size_label(plan.input_size)}"
    facts = f"{plan.plan.parameters:,} parameters · {magnitude(plan.macs)}MACs · {image}"
    yield element(Text(x, y + 14, fit(plan.plan.spec.name, CELL, NAME_FONT, bold=True), NAME_FONT, bold=True))
    yield element(Text(x, y + 30, fit(facts, CELL, FACTS_FONT), FACTS_FONT, "muted"))
    shapes, right, bottom = small_drawing(plan)
    scale = min(_LARGEST, CELL / right, FIGURE / bottom)
    yield f'<g transform="translate({number(x)} {number(y + HEAD)}) scale({scale:.4f})">'
    yield from elements(shapes)
    yield "</g>"


def small_svg(plan: SizedPlan) -> str:
    """The small drawing of one network, as SVG text no larger than a cell of a sheet."""
    shapes, right, bottom = small_drawing(plan)
    scale = min(_LARGEST, CELL / right, FIGURE / bottom)
    lines = [f'<g transform="scale({scale:.4f})">', *elements(shapes), "</g>"]
    return document((right * scale, bottom * scale), plan.plan.spec.name, "", lines)


def small_drawing(plan: SizedPlan, marked: Collection[str] = ()) -> tuple[list[Shape], float, float]:
    """The drawing of a network without heading and legend, one arrow for each block; its width and its height."""
    layout, highlighted = Arrangement.fitting(figure(plan, whole_blocks=True)).placed(0, 0), frozenset(marked)
    shapes: list[Shape] = [shape for glyph in layout.glyphs for shape in box(glyph, highlighted)]
    shapes += [
        level(a, b, b.map.slot, (), b.map.is_made_by((b.map.slot,), highlighted))
        for group in layout.groups
        for a, b in pairwise(group.glyphs)
    ]
    shapes += routes(layout, highlighted)
    return shapes, layout.right, max(glyph.floor for glyph in layout.glyphs)
