"""The legend: one entry per kind of step and variant of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from unetkit.draw.drawn import drawn
from unetkit.draw.figure import Figure
from unetkit.draw.shapes import Arrow, Shape, Text, rectangle
from unetkit.draw.text import fit, parts, width

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan
    from unetkit.planning.sized import Step
    from unetkit.planning.wiring import Call

FONT, LINE, SAMPLE, GAP = 11.0, 19.0, 26.0, 26.0
MOST_LINES = 8
"""Of an entry; a text that needs more is cut."""
_COMMA = ", "
_BOXES = {
    "borrowed": "copied from the encoder",
    "kept": "the part that is copied",
    "own marked": "what differs",
}
_ORDER = ("encoder", "block", "down", "up", "skip", "head")


class LegendEntry(NamedTuple):
    """An entry: the kind of its sample, a word, a text, and where it holds if not everywhere."""

    kind: str
    word: str
    text: str
    places: str = ""


def entries(plan: SizedPlan, shown: Figure, marked: Collection[str] = ()) -> list[LegendEntry]:
    """An entry for each kind of step, with places if it has variants, and for each kind of box."""
    found: dict[str, dict[str, list[Step]]] = {}
    all_drawn = drawn(plan)
    every = [step for step, _ in all_drawn]
    arrowed = {each.slot for each in shown.connections} | {each.slot for each in shown.maps}
    arrowed -= {step.slot for step in every if step.maps}
    for step, call in all_drawn:
        if step.maps or step.slot in arrowed:
            text = _described(step.type, _operations(plan, call))
            found.setdefault(step.slot, {}).setdefault(text, []).append(step)
    slots = sorted(found, key=lambda slot: _ORDER.index(slot) if slot in _ORDER else len(_ORDER))
    arrows = [
        LegendEntry(slot, slot, text, "" if len(found[slot]) == 1 else f" ({', '.join(_places(every, steps))})")
        for slot in slots
        for text, steps in found[slot].items()
    ]
    seen = {
        "borrowed": any(each.borrowed for each in shown.maps),
        "kept": any(each.kept for each in shown.maps),
        "own marked": any(step.name in marked and step.maps for step in every),
    }
    later = any(each.slot == "skip" and shown.groups[each.source].column for each in shown.connections)
    texts = _BOXES | ({"borrowed": "copied from maps to its left"} if later else {})
    return arrows + [LegendEntry(kind, "", text) for kind, text in texts.items() if seen[kind]]


def _places(every: Sequence[Step], steps: Sequence[Step]) -> Iterator[str]:
    """Yields the sides of some steps of a network, with their levels where a side has several.

    Levels without a gap between them are a range.
    """
    for side in dict.fromkeys(step.side for step in steps):
        levels = sorted({step.level for step in steps if step.side == side})
        if len({step.level for step in every if step.side == side}) == 1:
            yield side
        else:
            starts = [level for level in levels if level - 1 not in levels]
            ends = [level for level in levels if level + 1 not in levels]
            ranges = (f"{a}–{b}" if a < b else f"{a}" for a, b in zip(starts, ends, strict=True))
            yield f"{side} {', '.join(ranges)}"


def _operations(plan: SizedPlan, call: Call) -> list[str]:
    """The labels of a component: of operations that make a map, crop or pad, or of all where none does."""
    nodes, sizes = plan.plan.nodes, plan.sizes
    indices = range(call.start, call.end)
    telling = [
        index for index in indices if nodes[index].operation.makes_map or sizes[index] != sizes[nodes[index].inputs[0]]
    ]
    return [nodes[index].operation.label() for index in telling or indices]


def _described(kind: str, labels: Sequence[str]) -> str:
    """A step in words: its type, and its operations if they say more."""
    name, consists = kind.replace("_", " "), parts(labels)
    return consists if kind == "list" or consists.startswith(name) else f"{name}: {consists}"


def flow(items: Iterable[LegendEntry], left: float, top: float, right: float) -> tuple[list[Shape], float]:
    """The shapes of the entries, in lines up to `right`, and the y below the last.

    An entry longer than a line has lines of its own.
    """
    shapes: list[Shape] = []
    x, y = left, top
    for entry in items:
        lead = SAMPLE + (width(entry.word, FONT, bold=True) + 6 if entry.word else 0)
        lines = _lines(entry.text, entry.places, right - left - lead)
        full = lead + width(lines[0], FONT)
        if x > left and (x + full > right or len(lines) > 1):
            x, y = left, y + LINE
        middle = y + LINE / 2
        shapes.append(_sample(entry.kind, x, middle))
        if entry.word:
            shapes.append(Text(x + SAMPLE, middle + 4, entry.word, FONT, bold=True))
        shapes += [
            Text(x + lead, middle + 4 + LINE * number, line, FONT, kind="muted") for number, line in enumerate(lines)
        ]
        y += LINE * (len(lines) - 1)
        x = right if len(lines) > 1 else x + full + GAP
    return shapes, y + LINE


def _lines(text: str, places: str, room: float) -> list[str]:
    """The text of an entry in lines that fit, broken after commas; of one that is too long the beginning."""
    lines = [""]
    for piece in text.split(_COMMA):
        longer = f"{lines[-1]}{_COMMA}{piece}" if lines[-1] else piece
        if lines[-1] and width(f"{longer},", FONT) > room:
            lines[-1] += ","
            lines.append(piece)
        else:
            lines[-1] = longer
    if width(lines[-1] + places, FONT) > room and len(lines) < MOST_LINES:
        *whole, last = lines[-1].split(_COMMA)
        lines[-1:] = [f"{_COMMA.join(whole)},", last] if whole else [last]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [f"{lines[MOST_LINES - 1]} …"]
    end = fit(lines[-1], room - width(places, FONT), FONT) + places
    return [*(fit(line, room, FONT) for line in lines[:-1]), end]


def _sample(kind: str, x: float, y: float) -> Shape:
    """The sample of an entry: a small box or an arrow."""
    if kind in _BOXES:
        return rectangle(x + 3, y - 6, x + SAMPLE - 10, y + 6, kind)
    return Arrow((x, y), (x + SAMPLE - 7, y), kind)
