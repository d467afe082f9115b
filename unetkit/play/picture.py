"""The drawing of a plan, and what lies where in it: boxes and arrows with their facts and the keys that they follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

from unetkit.draw.drawing import draw_plan
from unetkit.draw.markup import markup
from unetkit.draw.shapes import Area, Arrow, Drawing
from unetkit.draw.text import size_label
from unetkit.planning import Plan, SizedPlan
from unetkit.planning.sized import Step
from unetkit.play.spans import keys_of
from unetkit.wording import magnitude, plural


class Picture:
    """A plan at a size with its drawing. Raises SizeError at `sized` where the size does not fit."""

    def __init__(self, plan: Plan, size: tuple[int, ...]) -> None:
        self.plan = plan
        self.size = size

    @cached_property
    def sized(self) -> SizedPlan:
        """The plan at the size."""
        return self.plan.at(self.size)

    @cached_property
    def drawing(self) -> Drawing:
        """The drawing as shapes."""
        return draw_plan(self.sized, "")

    def svg(self) -> dict[str, Any]:
        """The drawing as SVG text, with its title and its description in words."""
        drawing = self.drawing
        return {"svg": markup(drawing), "title": drawing.title, "description": drawing.description}

    def parts(self) -> list[dict[str, Any]]:
        """What can be pointed at in the drawing."""
        return list(_parts(self.sized, self.drawing))


def step_facts(step: Step) -> list[tuple[str, str]]:
    """The facts of a step in words."""
    rows = [
        ("type", step.type),
        ("channels", f"{step.in_channels} → {step.channels}"),
        ("size", f"{size_label(step.input_size)} → {size_label(step.output_size)}"),
    ]
    if step.skip_size is not None:
        rows.insert(2, ("merges", f"{step.skip_channels} channels, {size_label(step.skip_size)}"))
    if step.parameters:
        rows.append(("parameters", f"{step.parameters:,}"))
    if step.macs:
        rows.append(("MACs", magnitude(step.macs)))
    return rows


def _parts(sized: SizedPlan, drawing: Drawing) -> Iterator[dict[str, Any]]:
    """Yields the boxes and the arrows of the drawing that stand for steps."""
    steps = {step.name: step for step in sized.steps}
    positions = {call.scope: call.position for call in sized.plan.calls}
    keys = {name: [span.json() for span in keys_of(sized.plan.spec, positions[name])] for name in steps}
    number = 0
    for shown, shapes in groupby(drawing.shapes, key=_shown):
        if shown is None:
            continue
        names, values = _place(list(shapes))
        known = [steps[name] for name in names if name in steps]
        yield {
            "id": f"part-{number}",
            **values,
            "level": known[-1].level if known else 0,
            "scopes": names,
            "facts": [fact for step in known[-1:] for fact in step_facts(step)],
            "keys": list({repr(one): one for name in names for one in keys.get(name, ())}.values()),
        }
        number += 1


def _shown(shape: Any) -> Any:
    """What a shape shows: a feature map, or an arrow of some steps; None for all else."""
    if isinstance(shape, Area):
        return None if shape.map is None else (id(shape.map), shape.map)
    return shape if isinstance(shape, Arrow) and shape.steps else None


def _place(shapes: Sequence[Any]) -> tuple[list[str], dict[str, Any]]:
    """The names of the steps of a part, and where it is."""
    first = shapes[0]
    if isinstance(first, Arrow):
        way = (first.start, *first.via, first.end)
        values = {"kind": "arrow", "slot": first.kind, "way": [list(point) for point in way], "box": _box(way)}
        return list(first.steps), values | {"title": " and ".join(first.steps)}
    made = first.map
    corners = [point for area in shapes for point in area.points]
    title = f"{plural(made.channels, 'channel')}, {size_label(made.size)}"
    return [name for _, name in made.steps], {"kind": "map", "slot": made.slot, "box": _box(corners), "title": title}


def _box(points: Sequence[tuple[float, float]]) -> list[float]:
    """The extent of points: left, top, right, bottom."""
    across, down = zip(*points, strict=True)
    return [round(value, 1) for value in (min(across), min(down), max(across), max(down))]
