"""Charts that fill their column. Positions are in percent, so lines stretch while text and marks keep their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from unetkit.page.element import Markup, element, join
from unetkit.page.scale import ChartScale


class ChartAxis(NamedTuple):
    """An axis of a chart, and its title."""

    scale: ChartScale
    title: str = ""


class ChartLine(NamedTuple):
    """A line through points; `look` is its CSS class."""

    points: Sequence[tuple[float, float]]
    look: str = "line"


class Point(NamedTuple):
    """A mark at (x, y) with a short text inside, and a longer tooltip."""

    x: float
    y: float
    text: str = ""
    title: str = ""
    look: str = "point"


def percent(value: float) -> str:
    """A position in SVG and CSS."""
    return f"{value:.2f}%"


def chart(x: ChartAxis, y: ChartAxis, shapes: Sequence[ChartLine | Point], *, title: str, height: int = 170) -> Markup:
    """A chart with its axes; `title` describes it for screen readers."""
    lines = join(polyline(x.scale, y.scale, shape) for shape in shapes if isinstance(shape, ChartLine))
    points = join(point(x.scale, y.scale, shape) for shape in shapes if isinstance(shape, Point))
    stretched = element("svg", lines, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%")
    grid = [rule("y", y.scale, tick) for tick in y.scale.ticks] + [rule("x", x.scale, tick) for tick in x.scale.ticks]
    drawn = element("svg", element("title", title), *grid, stretched, points, role="img", width="100%", height=height)
    side = [
        element("span", label, style=f"top:{percent(100 - y.scale.at(tick))}")
        for tick, label in zip(y.scale.ticks, y.scale.labels(), strict=True)
    ]
    return element(
        "div",
        element("div", y.title, class_="axis-title"),
        element("div", *side, class_="axis-y", style=f"height:{height}px"),
        element("div", drawn, below(x), class_="plot"),
        class_="chart",
    )


def below(axis: ChartAxis) -> Markup:
    """The tick labels and the title of the horizontal axis."""
    labels = [
        element("span", label, style=f"left:{percent(axis.scale.at(tick))}")
        for tick, label in zip(axis.scale.ticks, axis.scale.labels(), strict=True)
    ]
    return join([element("div", *labels, class_="axis-x"), element("div", axis.title, class_="axis-title below")])


def rule(side: str, scale: ChartScale, value: float, look: str = "grid") -> Markup:
    """A grid line at a value of one axis."""
    place = percent(scale.at(value) if side == "x" else 100 - scale.at(value))
    if side == "x":
        return element("line", x1=place, x2=place, y1="0", y2="100%", class_=look)
    return element("line", x1="0", x2="100%", y1=place, y2=place, class_=look)


def polyline(x: ChartScale, y: ChartScale, line: ChartLine) -> Markup:
    """A line, in percent of width and height."""
    points = " ".join(f"{x.at(a):.2f},{100 - y.at(b):.2f}" for a, b in line.points)
    return element("polyline", points=points, class_=line.look)


def point(x: ChartScale, y: ChartScale, mark: Point) -> Markup:
    """A mark with its text in the middle."""
    across, down = percent(x.at(mark.x)), percent(100 - y.at(mark.y))
    inner = [element("title", mark.title)] if mark.title else []
    inner.append(element("circle", cx=across, cy=down, r=10 if mark.text else 4))
    if mark.text:
        inner.append(element("text", mark.text, x=across, y=down, dy="4", text_anchor="middle"))
    return element("g", *inner, class_=mark.look)


def marks(*shapes: str, height: int, title: str) -> Markup:
    """Shapes without axes: a row of a larger figure."""
    return element("svg", element("title", title), *shapes, role="img", width="100%", height=height, class_="marks")
