"""A curve as an SVG file of its own, for pages that show pictures only."""

from __future__ import annotations

from unetkit.draw.text import FAMILY
from unetkit.page import Markup, element, join, scale
from unetkit.trained.card.content import Curve

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 30, 40
STYLE = """
.curve text { fill: #55626f; font-size: 12px } .curve .grid { stroke: #d9dfe5 }
.curve .line { fill: none; stroke: #0b62a3; stroke-width: 2; stroke-linejoin: round } .curve .page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
.curve text { fill: #a3afba } .curve .grid { stroke: #34404c } .curve .line { stroke: #6cb8f0 }
.curve .page { fill: #12181f } }
"""


def curve_svg(curve: Curve) -> str:
    """Returns a curve with its axes as an SVG document."""
    steps, values = zip(*curve.points, strict=True)
    across, up = scale(steps, room=0), scale(values)

    def x(value: float) -> float:
        return round(LEFT + across.at(value) / 100 * (WIDTH - LEFT - RIGHT), 2)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - up.at(value) / 100 * (HEIGHT - TOP - BOTTOM), 2)

    parts: list[Markup] = []
    for tick, label in zip(up.ticks, up.labels(), strict=True):
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(tick), y2=y(tick), class_="grid"))
        parts.append(element("text", label, x=LEFT - 8, y=y(tick) + 4, text_anchor="end"))
    for tick, label in zip(across.ticks, across.labels(), strict=True):
        parts.append(element("text", label, x=x(tick), y=HEIGHT - BOTTOM + 18, text_anchor="middle"))
    points = " ".join(f"{x(step)},{y(value)}" for step, value in curve.points)
    parts.append(element("polyline", points=points, class_="line"))
    parts.append(element("text", curve.title, x=LEFT, y=18))
    parts.append(element("text", "step", x=WIDTH - RIGHT, y=HEIGHT - 6, text_anchor="end"))
    return element(
        "svg",
        element("title", curve.title),
        element("style", Markup(STYLE)),
        element("rect", width=WIDTH, height=HEIGHT, class_="page"),
        element("g", join(parts), font_family=FAMILY),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        class_="curve",
        role="img",
    )
