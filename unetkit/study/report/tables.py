"""The tables of a report: arms, classes, failures and gaps, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unetkit.page import Cell, Column, Markup, breakable, element, join, table
from unetkit.study.report.view import VERDICTS, View, count, p_text
from unetkit.study.results.results import ArmFacts
from unetkit.study.statistics import ArmScores, Comparison
from unetkit.wording import listed, plural, size_text

_MOST = 200
"""Largest number of rows of a table; the CSV files have all of them."""


def arms_table(view: View) -> Markup:
    """The table of arms: the changes, costs and scores of each."""
    by_name = {(each.arm, each.fraction): each for each in view.analysis.comparisons}
    columns = [
        Column("arm"),
        Column("№", True, "the number in the charts of cost"),
        Column(view.metric, True, "mean over seeds, classes and images"),
        Column("± seeds", True, "standard deviation over the seeds"),
        Column("difference", True, f"to {view.base}, over complete pairs"),
        Column("p (t)", True, f"paired t-test, adjusted by {view.adjusted}"),
        Column("p (flips)", True, f"sign-flip test, adjusted by {view.adjusted}"),
        Column("verdict"),
        Column("seeds", True, "finished runs"),
        Column("parameters", True),
        Column("MACs", True, "multiply-adds for one image"),
        Column("receptive field", True, "in samples"),
        Column("seconds", True, "training, median over the runs"),
    ]
    names = set(view.shown(_MOST))
    rows = [
        _arm_row(view, each, by_name.get((each.arm, each.fraction))) for each in view.analysis.arms if each.arm in names
    ]
    hidden = len({each.arm for each in view.analysis.arms} - names)
    note = f"{hidden:,} further arms, nearer to the base, are in arms.csv." if hidden else ""
    return join(
        [
            table(columns, rows, caption="Select a heading to sort."),
            element("p", note, class_="note") if note else Markup(""),
        ]
    )


def _arm_row(view: View, arm: ArmScores, each: Comparison | None) -> list[Cell]:
    """One row of the table of arms."""
    facts = view.facts[arm.arm]
    title, sign = VERDICTS[each.verdict] if each else ("base" if arm.arm == view.base else "–", "")
    seconds = arm.costs.get("seconds")
    names = ("difference", "p_adjusted", "p_flip_adjusted")
    numbers: dict[str, float | None] = {name: getattr(each, name) if each else None for name in names}
    sees = max((n or 10**9 for n in facts.receptive_field), default=None)
    return [
        Cell(join([breakable(view.name(arm.arm, arm.fraction)), also(facts)]), arm.arm),
        Cell(str(view.numbers[arm.arm]), view.numbers[arm.arm]),
        _valued(view.score(arm.mean), arm.mean),
        _valued(view.score(arm.deviation), arm.deviation),
        _valued(view.signed(numbers["difference"]), numbers["difference"]),
        _valued(p_text(numbers["p_adjusted"]), numbers["p_adjusted"]),
        _valued(p_text(numbers["p_flip_adjusted"]), numbers["p_flip_adjusted"]),
        Cell(
            element("span", f"{sign} {title}".strip(), class_=f"verdict {each.verdict if each else ''}".strip()), title
        ),
        Cell(str(len(arm.seeds)), len(arm.seeds)),
        _valued(count(facts.parameters), facts.parameters),
        _valued(count(facts.macs), facts.macs),
        _valued(field(facts), sees),
        _valued(count(seconds), seconds),
    ]


def _valued(text: str, value: float | None) -> Cell:
    """A cell sorted by its number; a cell without a number is sorted last."""
    return Cell(text, "" if value is None else value)


def also(facts: ArmFacts) -> Markup:
    """The other names of an arm, and its changes where they are not in its name."""
    parts = (
        [element("span", breakable(f"also named {listed(facts.also, 4, last=' and ')}"), class_="small")]
        if facts.also
        else []
    )
    told = [f"{path}={value}" for path, value in facts.differences]
    if facts.differences and ", ".join(told).replace(" ", "") != facts.name.replace(" ", ""):
        parts.append(element("span", changes(facts), class_="small"))
    return join(parts)


def changes(facts: ArmFacts) -> Markup:
    """The settings in which an arm differs from the base."""
    parts = [element("code", f"{path}: {value}") for path, value in facts.differences]
    return join([part for each in parts for part in (Markup(", "), each)][1:])


def field(facts: ArmFacts) -> str:
    """A receptive field as text."""
    if not facts.receptive_field:
        return "–"
    if None in facts.receptive_field:
        return "all"
    sizes = [str(size) for size in facts.receptive_field]
    return sizes[0] if len(set(sizes)) == 1 else size_text(sizes)


def heat_map(view: View) -> Markup:
    """The scores per class: a darker cell differs more from the base."""
    names = view.shown(_MOST // 5)
    largest = view.analysis.fractions[0] if view.analysis.fractions else 1.0
    cells = {(each.arm, each.label): each for each in view.analysis.by_class if each.fraction == largest}
    arms = [each for each in view.analysis.arms if each.fraction == largest and each.arm in names]
    reach = max((abs(each.difference or 0) for each in cells.values()), default=0.0) or 1.0
    columns = [Column("arm"), *(Column(name, True) for name in view.analysis.classes)]
    rows = [
        [
            Cell(arm.arm),
            *(
                _heat_cell(view, arm.by_class[name], cells.get((arm.arm, name)), reach)
                for name in view.analysis.classes
            ),
        ]
        for arm in arms
    ]
    return table(columns, rows, caption=f"Mean {view.metric}, and below it the difference to {view.base}.")


def _heat_cell(view: View, mean: float | None, each: Comparison | None, reach: float) -> Cell:
    """One cell: the score, the difference, and a star where it is significant."""
    value: float | str = "" if mean is None else mean
    if each is None or each.difference is None:
        return Cell(view.score(mean), value)
    star = " ★" if each.verdict in ("better", "worse") else ""
    better = (each.difference > 0) != view.analysis.settings.less_is_better
    share = round(40 * abs(each.difference) / reach)
    colour = f"background:color-mix(in srgb, var(--{'higher' if better else 'lower'}) {share}%, transparent)"
    text = join([view.score(mean), element("span", f"{view.signed(each.difference)}{star}", class_="small")])
    return Cell(text, value, look="heat", style=colour)


def troubles(view: View) -> Markup:
    """Failed, skipped and missing runs, and incomplete pairs."""
    parts: list[Markup] = []
    failed = view.runs_in("failed")
    if failed:
        rows = [
            [
                Cell(run.arm),
                Cell(str(run.seed), run.seed),
                Cell(run.reason or "–", look="long"),
                Cell(element("code", run.id)),
            ]
            for run in failed
        ]
        columns = [Column("arm"), Column("seed", True), Column("reason"), Column("run")]
        parts += [
            element("h3", f"{plural(len(failed), 'run')} failed"),
            table(columns, rows[:_MOST], caption="These runs and their pairs are left out of the analysis."),
        ]
    skipped = [arm for arm in view.results.arms if arm.skipped]
    if skipped:
        rows = [[Cell(arm.name), Cell(changes(arm), look="long"), Cell(arm.skipped, look="long")] for arm in skipped]
        parts += [
            element("h3", f"{plural(len(skipped), 'variant')} could not be built"),
            table([Column("arm"), Column("changes"), Column("reason")], rows[:_MOST], caption="They have no runs."),
        ]
    missing = view.runs_in("missing")
    if missing:
        text = listed([f"{run.arm} with seed {run.seed}" for run in missing], 12, last=" and ")
        parts += [element("h3", f"{plural(len(missing), 'run')} still to come"), element("p", f"{text}.")]
    parts += left_out(view)
    return (
        join(parts) if parts else element("p", "None: every arm was built, every run finished, every pair is complete.")
    )


def left_out(view: View) -> list[Markup]:
    """The incomplete pairs, by name."""
    rows = [
        [
            Cell(breakable(view.name(each.arm, each.fraction))),
            Cell(lacking(each), look="long"),
            Cell(dropped(each), look="long"),
        ]
        for each in view.analysis.comparisons
        if each.lacking or each.dropped
    ]
    if not rows:
        return []
    columns = [Column("arm"), Column("seeds without a pair"), Column("values without a pair")]
    caption = "Only complete pairs count: the same seed, image and class in the arm and in the base."
    return [element("h3", "Pairs that are not complete"), table(columns, rows[:_MOST], caption=caption)]


def lacking(each: Comparison) -> str:
    """The seeds of a comparison without a pair, and the runs that are missing."""
    return listed([f"{seed} ({arm} has no scores)" for seed, arm in each.lacking], 12, last=" and ") or "–"


def dropped(each: Comparison) -> str:
    """The values that only one of the two runs of a comparison has."""
    return (
        listed(
            [f"{label} in {image} ({plural(seeds, 'seed')})" for image, label, seeds in each.dropped], 12, last=" and "
        )
        or "–"
    )


def pairs_list(values: Mapping[str, Any]) -> Markup:
    """A list of names and values."""
    return element(
        "dl", *(part for key, value in values.items() for part in (element("dt", key), element("dd", plain(value))))
    )


def plain(value: Any) -> str:
    """A value as text."""
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
