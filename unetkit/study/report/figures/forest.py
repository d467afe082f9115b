"""The forest plot: the difference between every arm and the base, with its intervals."""

from __future__ import annotations

from collections.abc import Sequence

from unetkit.page import ChartAxis, ChartScale, Markup, breakable, element, join, marks, scale
from unetkit.page.chart import below, percent, rule
from unetkit.study.report.view import VERDICTS, View, p_is
from unetkit.study.statistics import Comparison

_MOST = 40
"""Largest number of rows; of more arms the best and the worst are shown."""

_HEIGHT = 30
_MIDDLE = _HEIGHT / 2


def forest(view: View) -> Markup:
    """The figure, or a note where there is nothing to compare."""
    rows, hidden = chosen(view)
    if not rows:
        return element("p", "There is no finished pair of runs to compare yet.", class_="note")
    axis = ChartAxis(_across(rows, view), f"difference in {view.metric} to {view.base}")
    drawn = []
    fraction = None
    for each in rows:
        if len(view.analysis.fractions) > 1 and each.fraction != fraction:
            fraction = each.fraction
            drawn.append(element("h3", f"Trained on {100 * fraction:g} % of the images"))
        drawn.append(row(view, each, axis.scale))
    drawn.append(element("div", element("div"), element("div", below(axis), class_="plot"), class_="forest-row foot"))
    if hidden:
        note = f"{len(rows)} of {len(rows) + hidden:,} comparisons are shown, those with the largest and the smallest "
        drawn.append(element("p", f"{note}differences; all are in comparisons.csv.", class_="note"))
    return element("figure", element("div", *drawn, class_="forest"), key(view))


def chosen(view: View) -> tuple[Sequence[Comparison], int]:
    """The comparisons that are shown, and the number of the others."""
    known = [each for each in view.ranked if each.difference is not None]
    if len(known) <= _MOST:
        return known, 0
    return known[: _MOST * 3 // 4] + known[-(_MOST // 4) :], len(known) - _MOST


def _across(rows: Sequence[Comparison], view: View) -> ChartScale:
    """The common scale of all rows, which includes every interval, zero and the margin."""
    values = [0.0]
    for each in rows:
        values += [*(each.interval or ()), *(each.crossed or ()), *each.differences]
    margin = view.analysis.settings.margin
    return scale([*values, *((-margin, margin) if margin else ())], ticks=5)


def row(view: View, each: Comparison, at: ChartScale) -> Markup:
    """The row of one comparison: name, drawing, numbers, verdict."""
    title, sign = VERDICTS[each.verdict]
    difference, interval = view.signed(each.difference), view.between(each.interval)
    told = f"{view.name(each.arm, each.fraction)}: {difference} ({interval}), {title}"
    numbers = [element("b", difference), element("span", interval if each.interval else "", class_="small")]
    verdict = element("span", f"{sign} {title}", class_=f"verdict {each.verdict}")
    if each.verdict in ("better", "worse") and each.within_margin:
        numbers.append(element("span", "within the margin", class_="small"))
    name = element(
        "div", breakable(each.arm), element("span", f"{len(each.seeds)} pairs", class_="small"), class_="name"
    )
    drawn = marks(*shapes(view, each, at), height=_HEIGHT, title=told)
    p = element("span", p_is(each.p_adjusted), class_="small") if each.p_adjusted is not None else Markup("")
    return element(
        "div",
        name,
        element("div", drawn, class_="plot"),
        element("div", *numbers, class_="numbers"),
        element("div", verdict, p, class_="call"),
        class_="forest-row",
    )


def shapes(view: View, each: Comparison, at: ChartScale) -> list[Markup]:
    """The shapes of one comparison, back to front."""
    drawn = []
    margin = view.analysis.settings.margin
    if margin:
        left, right = at.at(-margin), at.at(margin)
        drawn.append(element("rect", x=percent(left), width=percent(right - left), y=0, height="100%", class_="margin"))
    drawn += [rule("x", at, tick) for tick in at.ticks]
    drawn.append(rule("x", at, 0, "zero"))
    if each.crossed:
        drawn += span(at, each.crossed, "crossed")
    if each.interval:
        drawn += span(at, each.interval, "interval")
    drawn += [
        element(
            "circle",
            element("title", f"seed {seed}: {view.signed(value)}"),
            cx=percent(at.at(value)),
            cy=_MIDDLE,
            r=2.5,
        )
        for seed, value in zip(each.seeds, each.differences, strict=True)
    ]
    centre = percent(at.at(each.difference or 0))
    drawn.append(element("circle", cx=centre, cy=_MIDDLE, r=6, class_="centre"))
    return [element("g", join(drawn), class_=each.verdict)]


def span(at: ChartScale, ends: tuple[float, float], look: str) -> list[Markup]:
    """The line of an interval; a crossed one has caps."""
    left, right = (percent(at.at(end)) for end in ends)
    line = element("line", x1=left, x2=right, y1=_MIDDLE, y2=_MIDDLE, class_=look)
    if look != "crossed":
        return [line]
    return [line, *(element("line", x1=x, x2=x, y1=_MIDDLE - 5, y2=_MIDDLE + 5, class_=look) for x in (left, right))]


def key(view: View) -> Markup:
    """The legend."""
    margin = view.analysis.settings.margin
    parts = [
        f"Large dot: the mean difference over the seeds; small dots: each seed. Thick line: {view.percent} interval ",
        "for these test images and new seeds (paired t). Thin line: for new seeds and new images (crossed bootstrap). ",
        f"Band: ±{margin:g}, the margin of equivalence. " if margin else "No margin of equivalence is set. ",
        f"p: paired t-test, adjusted for all comparisons ({view.adjusted}); an interval that leaves out zero beside ",
        "“undecided” is not significant after that adjustment.",
    ]
    return element("figcaption", *parts, class_="aside")
