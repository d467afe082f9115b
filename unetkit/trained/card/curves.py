"""A curve as a separate SVG file, for README.md."""

from __future__ import annotations

from unetkit.draw.text import FAMILY
from unetkit.page import Markup, element, join, scale
from unetkit.trained.card.content import TrainingCurve

_WIDTH, _HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 30, 40
_STYLE = """
.curve text { fill: #55626f; font-size: 12px } .curve .grid { stroke: #d9dfe5 }
.curve .line { fill: none; stroke: #0b62a3; stroke-width: 2; stroke-linejoin: round } .curve .page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
.curve text { fill: #a3afba } .curve .grid { stroke: #34404c } .curve .line { stroke: #6cb8f0 }
.curve .page { fill: #12181f } }
"""


def curve_svg(curve: TrainingCurve) -> str:
    """A curve with its axes as an SVG document."""
    steps, values = zip(*curve.points, strict=True)
    across, up = scale(steps, room=0), scale(values)

    def x(value: float) -> float:
        return round(_LEFT + across.at(value) / 100 * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - up.at(value) / 100 * (_HEIGHT - _TOP - _BOTTOM), 2)

    parts: list[Markup] = []
    for tick, label in zip(up.ticks, up.labels(), strict=True):
        parts.append(element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y(tick), y2=y(tick), class_="grid"))
        parts.append(element("text", label, x=_LEFT - 8, y=y(tick) + 4, text_anchor="end"))
    for tick, label in zip(across.ticks, across.labels(), strict=True):
        parts.append(element("text", label, x=x(tick), y=_HEIGHT - _BOTTOM + 18, text_anchor="middle"))
    points = " ".join(f"{x(step)},{y(value)}" for step, value in curve.points)
    parts.append(element("polyline", points=points, class_="line"))
    parts.append(element("text", curve.title, x=_LEFT, y=18))
    parts.append(element("text", "step", x=_WIDTH - _RIGHT, y=_HEIGHT - 6, text_anchor="end"))
    return element(
        "svg",
        element("title", curve.title),
        element("style", Markup(_STYLE)),
        element("rect", width=_WIDTH, height=_HEIGHT, class_="page"),
        element("g", join(parts), font_family=FAMILY),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=_WIDTH,
        height=_HEIGHT,
        class_="curve",
        role="img",
    )
