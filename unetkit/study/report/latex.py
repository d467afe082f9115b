"""The table of arms for a paper, in LaTeX (with the package booktabs)."""

from __future__ import annotations

import re

from unetkit.quoting import visible
from unetkit.study.report.view import VERDICTS, View, count, p_text

_SPECIAL = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "<": "$<$",
    ">": "$>$",
    "→": r"$\to$",
    "–": "--",
}


def latex(view: View) -> str:
    """The table: the base, then the arms from the best to the worst."""
    comparisons = {(each.arm, each.fraction): each for each in view.analysis.comparisons}
    place = {(each.arm, each.fraction): number for number, each in enumerate(view.ranked)}
    arms = sorted(view.analysis.arms, key=lambda arm: (-arm.fraction, place.get((arm.arm, arm.fraction), -1)))
    lines = [
        f"% Made by unetkit from scores.csv. {view.percent} intervals: paired t over the seeds. "
        f"p: adjusted by {view.adjusted}.",
        r"\begin{tabular}{lrrrllrl}",
        r"\toprule",
        row(
            "Arm", "Parameters", "MACs", "Seeds", f"{view.metric} (mean ± sd)", f"Difference [{view.percent}]", "p", ""
        ),
        r"\midrule",
    ]
    for arm in arms:
        each, facts = comparisons.get((arm.arm, arm.fraction)), view.facts[arm.arm]
        score = f"{view.score(arm.mean)} ± {view.score(arm.deviation)}"
        told = ("", "", "base" if arm.arm == view.base else "")
        if each:
            interval = f" [{view.signed(each.interval[0])}, {view.signed(each.interval[1])}]" if each.interval else ""
            told = (f"{view.signed(each.difference)}{interval}", p_text(each.p_adjusted), VERDICTS[each.verdict][0])
        name = view.name(arm.arm, arm.fraction)
        lines.append(row(name, count(facts.parameters), count(facts.macs), str(len(arm.seeds)), score, *told))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def row(*cells: str) -> str:
    """One table row.

    >>> row("a_b", "5 %")
    'a\\\\_b & 5 \\\\% \\\\\\\\'
    """
    return " & ".join(map(escaped, cells)) + r" \\"


def escaped(text: str) -> str:
    """Text escaped for LaTeX, on one line."""
    return re.sub("|".join(map(re.escape, _SPECIAL)), lambda found: _SPECIAL[found[0]], visible(text))
