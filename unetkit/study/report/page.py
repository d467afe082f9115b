"""The report as one page."""

from __future__ import annotations

from pathlib import Path

from unetkit.draw.markup import style
from unetkit.page import Markup, document, element, section
from unetkit.study.report.figures.cost import costs
from unetkit.study.report.figures.curves import curves
from unetkit.study.report.figures.drawings import drawings
from unetkit.study.report.figures.effects import effects
from unetkit.study.report.figures.examples import examples
from unetkit.study.report.figures.forest import forest
from unetkit.study.report.method import method, settings
from unetkit.study.report.summary import sentences
from unetkit.study.report.tables import arms_table, heat_map, troubles
from unetkit.study.report.view import View

PARTS = {
    "differences": "Differences to the base",
    "effects": "Effects",
    "arms": "Arms",
    "classes": "Classes",
    "costs": "Scores and costs",
    "curves": "Learning curves",
    "examples": "Predictions",
    "drawings": "Networks",
    "failures": "Failures and gaps",
    "method": "Method",
    "settings": "Settings and versions",
}

_REFRESH = 10
"""Seconds after which the page of a running study is reloaded."""


def page(view: View, status: str = "") -> str:
    """The report as HTML. With the `status` of a running study, the page reloads itself."""
    base = view.base
    parts = {
        "differences": (forest(view), ""),
        "effects": (
            effects(view),
            "What each factor changes, averaged over the others, and how factors change each other’s effects.",
        ),
        "arms": (arms_table(view), "What each arm changes, costs and scores."),
        "classes": (heat_map(view), "Blue: better than the base; orange: worse; star: significant after adjustment."),
        "costs": (
            costs(view),
            "On the Pareto front, no other arm scores as high at as low a cost. Numbers: table of arms.",
        ),
        "curves": (curves(view), ""),
        "examples": (examples(view), ""),
        "drawings": (drawings(view), f"Differences from {base} are highlighted."),
        "failures": (troubles(view), "Every failure and every gap is listed."),
        "method": (method(view), ""),
        "settings": (settings(view), ""),
    }
    if view.results.factors is None:
        del parts["effects"]
    links = [element("li", element("a", PARTS[name], href=f"#{name}")) for name in parts]
    description = element("p", view.results.description, class_="lead") if view.results.description else Markup("")
    return document(
        f"{view.results.name}: report",
        element("style", Markup((Path(__file__).parent / "report.css").read_text("utf-8")), Markup(style())),
        element("h1", view.results.name),
        description,
        element("p", status, class_="status") if status else Markup(""),
        element("div", *(element("p", sentence) for sentence in sentences(view)), class_="summary"),
        element("ul", *links, class_="contents"),
        *(section(PARTS[name], body, anchor=name, lead=lead) for name, (body, lead) in parts.items()),
        refresh=_REFRESH if status else 0,
    )
