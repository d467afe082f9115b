"""Charts of score against parameters, multiply-adds and training time, with the Pareto front of each."""

from __future__ import annotations

from collections.abc import Sequence

from unetkit.page import ChartAxis, ChartLine, Markup, Point, chart, element, scale
from unetkit.study.report.view import COSTS, View, count
from unetkit.study.statistics import ArmScores
from unetkit.wording import listed

_MOST = 30
"""Largest number of arms that are labelled in a chart."""


def costs(view: View) -> Markup:
    """The charts, at the largest fraction of the images."""
    largest = view.analysis.fractions[0] if view.analysis.fractions else 1.0
    arms = [arm for arm in view.analysis.arms if arm.fraction == largest and arm.mean is not None]
    charts = [one(view, kind, known) for kind in COSTS if (known := [arm for arm in arms if arm.costs.get(kind)])]
    if not charts:
        return element("p", "No arm has both a score and a cost yet.", class_="note")
    return element("div", *charts, class_="charts")


def one(view: View, kind: str, arms: Sequence[ArmScores]) -> Markup:
    """The chart of one cost."""
    points = sorted(((arm.costs[kind] or 0, arm.mean or 0, arm) for arm in arms), key=lambda point: point[:2])
    x = ChartAxis(scale([cost for cost, _, _ in points], logarithmic=True, room=0.12), COSTS[kind])
    y = ChartAxis(scale([score for _, score, _ in points], ticks=4, room=0.14), view.metric)
    front = [point for point in points if kind in point[2].front]
    shapes: list[ChartLine | Point] = (
        [ChartLine([(cost, score) for cost, score, _ in front], "front")] if len(front) > 1 else []
    )
    shapes += [mark(view, kind, point, numbered=len(points) <= _MOST) for point in points if point not in front]
    shapes += [mark(view, kind, point, numbered=True) for point in front]
    names = [f"{view.numbers[arm.arm]} {arm.arm}" for _, _, arm in front]
    told = f"On the Pareto front: {listed(names, 8, last=' and ')}."
    drawn = chart(x, y, shapes, title=f"{view.metric} against {COSTS[kind]}. {told}", height=210)
    return element("figure", drawn, element("figcaption", told, class_="aside"))


def mark(view: View, kind: str, point: tuple[float, float, ArmScores], *, numbered: bool) -> Point:
    """The mark of one arm."""
    cost, score, arm = point
    title = f"{arm.arm}: {view.score(score)} at {count(cost)}"
    chosen = kind in arm.front
    return Point(cost, score, str(view.numbers[arm.arm]) if numbered else "", title, f"point{' chosen' * chosen}")
