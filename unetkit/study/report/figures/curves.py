"""Learning curves: one panel for each arm, the base behind it."""

from __future__ import annotations

from collections.abc import Sequence

from unetkit.page import ChartAxis, ChartLine, Markup, chart, element, scale
from unetkit.study.report.view import View
from unetkit.study.results.results import Curve

_MOST = 12
"""Largest number of panels."""

_POINTS = 80
"""Largest number of points of a line."""


def curves(view: View) -> Markup:
    """The panels of the validation metric and of the training loss."""
    done = [run for run in view.results.runs if run.state == "done"]
    largest = max((run.fraction for run in done), default=1.0)
    kinds = {
        "Validation": [(run.arm, run.validation) for run in done if run.fraction == largest],
        "Training loss": [(run.arm, run.loss) for run in done if run.fraction == largest],
    }
    parts = [part for title, known in kinds.items() for part in group(view, title, known)]
    if not parts:
        return element("p", "No run has logged a curve.", class_="note")
    caption = f"Thin: each seed; thick: their mean; dashed: the mean of {view.base}."
    return element("div", element("p", caption, class_="note"), *parts)


def group(view: View, title: str, known: Sequence[tuple[str, Curve]]) -> list[Markup]:
    """The panels of one kind of curve with their heading; empty where no run has such a curve."""
    found = {
        name: [_thinned(curve) for arm, curve in known if arm == name and len(curve) > 1] for name in view.shown(_MOST)
    }
    points = [point for lines in found.values() for line in lines for point in line]
    if not points:
        return []
    x = ChartAxis(scale([step for step, _ in points], ticks=4, room=0.02), "steps")
    y = ChartAxis(scale([value for _, value in points], ticks=4), title.lower())
    base = _average(found[view.base])
    panels = [_panel(name, each, base if name != view.base else (), (x, y)) for name, each in found.items() if each]
    return [element("h3", title), element("div", *panels, class_="charts")]


def _thinned(curve: Curve) -> Curve:
    """At most POINTS points of a curve, including the last."""
    every = -(-len(curve) // _POINTS)
    return curve[::-1][::every][::-1]


def _average(lines: Sequence[Curve]) -> Curve:
    """The mean of curves at their common steps."""
    values = [dict(line) for line in lines]
    steps = [step for step in values[0] if all(step in each for each in values)] if values else []
    return tuple((step, sum(each[step] for each in values) / len(values)) for step in steps)


def _panel(name: str, seeds: Sequence[Curve], base: Curve, axes: tuple[ChartAxis, ChartAxis]) -> Markup:
    """The curves of one arm."""
    lines = [ChartLine(each, "seed") for each in seeds]
    lines += [ChartLine(base, "other")] if len(base) > 1 else []
    lines += [ChartLine(mean)] if len(mean := _average(seeds)) > 1 else []
    last = ", ".join(f"{line[-1][1]:.4g}" for line in seeds)
    drawn = chart(*axes, lines, title=f"{name}: {axes[1].title} over the steps, ending at {last}")
    return element("figure", element("figcaption", element("b", name)), drawn)
