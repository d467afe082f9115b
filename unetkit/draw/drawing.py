"""The drawing of a plan: a heading, the rows with their boxes, arrows and labels, and a legend."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from unetkit.draw.boxes import box
from unetkit.draw.figure import Figure, figure, level_name
from unetkit.draw.layout import WIDEST, Arrangement
from unetkit.draw.legend import entries, flow
from unetkit.draw.routes import level, routes
from unetkit.draw.shapes import Drawing, Shape, Text
from unetkit.draw.text import fit, size_label, width
from unetkit.wording import magnitude

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan

MARGIN = 22.0
NARROW = 560.0
TITLE_FONT, FACTS_FONT, LEVEL_FONT = 17.0, 12.0, 10.0
_LEVELS = 46.0  # the column that names the levels
_BETWEEN = " · "


class Panel:
    """A network as it is drawn: its heading, its boxes and arrows, and its legend.

    If an arrow per operation would make it too wide, each block is one arrow. If need be the boxes are nearer to each
    other, or all rows begin at the left.
    Components in `marked` are highlighted, as are the facts of the heading in `changed`.
    """

    def __init__(
        self, plan: SizedPlan, title: str, marked: Collection[str] = (), changed: Collection[str] = ()
    ) -> None:
        self.plan = plan
        self.title = " ".join(title.split()) or plan.plan.spec.name
        self.marked = frozenset(marked)
        self.changed = frozenset(changed)
        self.shown = figure(plan)
        self.arrangement = Arrangement.of(self.shown)
        if self.arrangement.width > WIDEST:
            self.shown = figure(plan, whole_blocks=True)
            self.arrangement = Arrangement.fitting(self.shown)
        layout = self.arrangement.placed(0, 0)
        arrows = routes(layout)
        self.indent = _LEVELS - min([0.0, *(x for one in arrows for x, _ in (one.start, *one.via, one.end))])
        """The width left of the boxes: the names of levels, and arrows beside them."""
        self.content = self.indent + layout.right
        self.width = max(
            self.content, min(max(self.content, WIDEST / 2), width(self.title, TITLE_FONT, bold=True)), NARROW
        )

    def shapes(self, top: float, full: float) -> tuple[list[Shape], float]:
        """The shapes below `top`, centred in the width `full`, and the y below the last."""
        head, lower = self._heading(top, MARGIN + full)
        left = MARGIN + (full - self.content) / 2
        layout = self.arrangement.placed(left + self.indent, lower + 18)
        names = [
            Text(left, layout.groups[row[0]].glyphs[0].y + 3.5, level_name(number), LEVEL_FONT, "muted")
            for number, row in self.shown.rows.items()
        ]
        boxes = [shape for glyph in layout.glyphs for shape in box(glyph, self.marked)]
        within = [
            level(
                a,
                b,
                b.map.slot,
                [name for slot, name in b.map.steps if slot == b.map.slot],
                b.map.is_made_by((b.map.slot,), self.marked),
            )
            for group in layout.groups
            for a, b in pairwise(group.glyphs)
        ]
        floor = max(glyph.floor for glyph in layout.glyphs)
        legend, bottom = flow(entries(self.plan, self.shown, self.marked), MARGIN, floor + 30, MARGIN + full)
        return [*head, *names, *boxes, *within, *routes(layout, self.marked), *legend], bottom

    def _heading(self, top: float, right: float) -> tuple[list[Shape], float]:
        """The title and the facts under it, and the y below them."""
        room = right - MARGIN
        title = fit(self.title, room, TITLE_FONT, bold=True)
        shapes: list[Shape] = [Text(MARGIN, top + 36, title, TITLE_FONT, bold=True)]
        y = top + 58.0
        for line in self._lines(room):
            x = MARGIN
            for text, bold in line:
                space = width(text[: len(text) - len(text.lstrip())], FACTS_FONT)  # SVG drops it
                kind = "text" if bold else "muted"
                shapes.append(Text(x + space, y, text.strip(), FACTS_FONT, kind, bold=bold))
                x += width(text, FACTS_FONT, bold=bold)
            y += 18
        return shapes, y - 18

    def _lines(self, room: float) -> Iterator[list[tuple[str, bool]]]:
        """Yields the lines of facts, each as runs of one weight; those in `changed` are bold."""
        runs: list[tuple[str, bool]] = []
        for fact in facts(self.plan):
            own = (fact, fact in self.changed)
            longer = _joined([*runs, (_BETWEEN, False), own]) if runs else [own]
            if runs and sum(width(text, FACTS_FONT, bold=bold) for text, bold in longer) > room:
                yield runs
                longer = [own]
            runs = longer
        yield runs


def _joined(runs: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Neighbours of one weight as one run."""
    return [("".join(text for text, _ in same), bold) for bold, same in groupby(runs, lambda run: run[1])]


def draw_plan(plan: SizedPlan, title: str, marked: Collection[str] = ()) -> Drawing:
    """The figure of one network, with the components in `marked` highlighted."""
    panel = Panel(plan, title, marked)
    shapes, bottom = panel.shapes(0, panel.width)
    words = description(plan, panel.shown)
    return Drawing(panel.width + 2 * MARGIN, bottom + MARGIN, panel.title, words, tuple(shapes))


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
        rows.append(f"{level_name(number)}: {last.channels} channels at {size_label(last.size)}{more}")
    name, count = plan.plan.spec.topology.name, len(shown.rows)
    return f"{name} with {count} level{'s' * (count > 1)}. {', '.join(facts(plan))}. {'; '.join(rows)}."
