"""Main effects and interactions: a table, the half-normal plot, and plots of the largest interactions."""

from __future__ import annotations

from statistics import NormalDist

from unetkit.page import Cell, ChartAxis, ChartLine, Column, Markup, Point, chart, element, join, scale, table
from unetkit.quoting import table_text
from unetkit.study.report.view import View, p_text
from unetkit.study.statistics.effects import Effect, Effects, pseudo_error
from unetkit.wording import plural

_MOST_PLOTS = 6
"""Largest number of interactions that are plotted."""


def effects(view: View) -> Markup:
    """The section, or a note where nothing can be estimated yet."""
    found = view.effects
    if found is None:
        note = "Effects take three arms with all factors and the same finished seeds."
        return element("p", note, class_="note")
    parts = [element("p", _error(view, found)), _table(view, found.effects, "Select a heading to sort.")]
    if found.by_data:
        parts += [element("h3", "On each data set"), _table(view, found.by_data, "Main effects on each data set.")]
    parts.append(element("div", _half_normal(view, found), *_interactions(view, found), class_="charts"))
    return join(parts)


def _error(view: View, found: Effects) -> str:
    """How the effects were estimated."""
    own = f"Estimated from {plural(found.arms, 'arm')} with {plural(found.seeds, 'seed')} each, which are blocks"
    if found.error is None:
        return f"{own}. Without a second seed, or with scores that do not vary over seeds, there are no intervals."
    return (
        f"{own}; the error is that of arms × seeds ({found.freedom} degrees of freedom), assumed equal in all arms. "
        f"The standard error of an effect is {view.score(found.error)} where no arm is missing. Intervals "
        f"({view.percent}) are for new seeds on these images. p is adjusted by Holm for all effects."
    )


def _table(view: View, found: tuple[Effect, ...], caption: str) -> Markup:
    columns = [
        Column("effect"),
        Column("№", True, "the number in the charts"),
        Column("levels"),
        Column("estimate", True, "change of the score from the first level to the second"),
        Column("size", True, "its absolute value; with more levels, the root mean square deviation from the mean"),
        Column("interval", True),
        Column("p", True, "t-test or F-test"),
        Column("p (Holm)", True, "adjusted for all effects"),
    ]
    rows = []
    for number, one in enumerate(found, 1):
        shown = "" if one.p_adjusted is None or one.p_adjusted > view.analysis.settings.level else " ★"
        rows.append(
            [
                Cell(one.name + shown, one.name),
                Cell(str(number), number),
                Cell(one.about),
                Cell(view.signed(one.estimate), one.estimate),
                Cell(view.score(one.size), one.size),
                Cell(view.between(one.interval), one.interval and one.interval[0]),
                Cell(p_text(one.p), one.p),
                Cell(p_text(one.p_adjusted), one.p_adjusted),
            ]
        )
    return table(columns, rows, caption=caption)


def _half_normal(view: View, found: Effects) -> Markup:
    """The half-normal plot (Daniel, 1959): effects that are noise alone lie on a line through zero."""
    numbered = sorted((one.size, number, one) for number, one in enumerate(found.effects, 1))
    normal, count = NormalDist(), len(numbered)
    points = [
        (normal.inv_cdf(0.5 + 0.5 * (rank + 0.5) / count), size, number, one)
        for rank, (size, number, one) in enumerate(numbered)
    ]
    x = ChartAxis(scale([0.0, *(quantile for quantile, *_ in points)], ticks=4, room=0.1), "half-normal quantile")
    y = ChartAxis(scale([0.0, *(size for _, size, *_ in points)], ticks=4, room=0.14), "size of the effect")
    slope = pseudo_error([size for size, *_ in numbered])
    end = min(points[-1][0], points[-1][1] / slope) if slope > 0 else points[-1][0]
    line = ChartLine([(0.0, 0.0), (end, slope * end)], "front")
    marks = [Point(at, size, str(number), f"{one.name}: {view.score(size)}") for at, size, number, one in points]
    drawn = chart(x, y, [line, *marks], title="Half-normal plot of the effects", height=210)
    note = "Half-normal plot. Effects that are noise lie near the line (Lenth’s pseudo standard error)."
    return element("figure", drawn, element("figcaption", note, class_="aside"))


def _interactions(view: View, found: Effects) -> list[Markup]:
    """The plots of the largest interactions: a line for each level of the second factor."""
    pairs = [one for one in found.effects if len(one.factors) == 2]
    shown = sorted(pairs, key=lambda one: (1.0 if one.p is None else one.p, -one.size))[:_MOST_PLOTS]
    return [_interaction(view, found, one) for one in shown]


def _interaction(view: View, found: Effects, one: Effect) -> Markup:
    first, second = one.factors
    means = found.means[first, second]
    ticks, lines = (list(dict.fromkeys(pair[k] for pair in means)) for k in (0, 1))
    x = ChartAxis(scale([0.0, float(len(ticks) + 1)], ticks=len(ticks) + 1), f"{first}: {_numbered(ticks)}")
    y = ChartAxis(scale(list(means.values()), ticks=4, room=0.14), view.metric)
    shapes: list[ChartLine | Point] = []
    for number, level in enumerate(lines, 1):
        own = [(float(k), means[tick, level]) for k, tick in enumerate(ticks, 1) if (tick, level) in means]
        shapes.append(ChartLine(own))
        shapes += [Point(at, value, str(number), f"{second}={level}: {view.score(value)}") for at, value in own]
    drawn = chart(x, y, shapes, title=f"{view.metric} by {first} and {second}", height=170)
    told = f"{one.name}. Lines: {second} {_numbered(lines)}. Parallel lines: no interaction."
    return element("figure", drawn, element("figcaption", told, class_="aside"))


def _numbered(levels: list[str]) -> str:
    return ", ".join(f"{number} {level}" for number, level in enumerate(levels, 1))


def effects_csv(found: Effects | None) -> str:
    """CSV with one row for each effect; `data` is empty but for effects on one data set."""
    head = ("effect", "levels", "data", "estimate", "size", "low", "high", "p", "p_adjusted")
    rows: list[tuple[object, ...]] = [head]
    for one in (*found.effects, *found.by_data) if found else ():
        levels, data = ("", one.about) if found and one in found.by_data else (one.about, "")
        ends = one.interval or (None, None)
        rows.append((one.name, levels, data, one.estimate, one.size, *ends, one.p, one.p_adjusted))
    return table_text(rows)
