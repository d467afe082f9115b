"""The data of a report, and the format of its numbers and names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, log10
from statistics import median

from unetkit.study.results.results import ArmFacts, Results, RunFacts
from unetkit.study.statistics import Analysis, Comparison
from unetkit.study.statistics.effects import Effects, effects_in
from unetkit.wording import magnitude

VERDICTS = {
    "better": ("better", "▲"),
    "worse": ("worse", "▼"),
    "equivalent": ("equivalent", "="),
    "undecided": ("undecided", "?"),
    "untested": ("not tested", "–"),
}
"""The name and the sign of each verdict."""

COSTS = {"parameters": "parameters", "macs": "multiply-adds", "seconds": "training time in seconds"}


@dataclass(frozen=True)
class View:
    """The results and the analysis of a study, from which all parts of a report are made."""

    results: Results
    analysis: Analysis

    @cached_property
    def effects(self) -> Effects | None:
        """The effects of a study whose factors are combined; None of others, and where none can be estimated yet."""
        factors = self.results.factors
        return None if factors is None else effects_in(self.results.scores, factors, self.analysis.settings)

    @property
    def metric(self) -> str:
        """The title of the metric."""
        from unetkit.scoring.metrics import METRICS

        known = METRICS.get(self.analysis.settings.metric)
        return known.title if known else self.analysis.settings.metric

    @property
    def percent(self) -> str:
        """The confidence of the intervals."""
        return f"{100 * self.analysis.settings.confidence:g} %"

    @property
    def interval(self) -> str:
        """What the main intervals are: repeated ones hold at every look of a study that decides while it runs."""
        return f"{'repeated ' if self.analysis.settings.looks else ''}{self.percent} interval"

    @property
    def adjusted(self) -> str:
        """Whose method adjusts the p-values of the arms for each other."""
        return "Hommel" if self.analysis.settings.looks else "Holm"

    @property
    def base(self) -> str:
        """The name of the arm with which the others are compared."""
        return self.results.base

    @cached_property
    def facts(self) -> dict[str, ArmFacts]:
        """The arms by name."""
        return {arm.name: arm for arm in self.results.arms}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each arm in charts."""
        return {arm.name: number for number, arm in enumerate(self.results.arms)}

    @cached_property
    def decimals(self) -> int:
        """The number of decimals of scores: two significant digits of the typical half-width of an interval."""
        halves = [(each.interval[1] - each.interval[0]) / 2 for each in self.analysis.comparisons if each.interval]
        typical = median(halves) if halves else 0.0
        return min(5, max(1, ceil(-log10(typical)) + 1)) if typical > 0 else 3

    def score(self, value: float | None) -> str:
        """A score as text."""
        return "–" if value is None else f"{value:.{self.decimals}f}"

    def signed(self, value: float | None) -> str:
        """A difference as text, with a proper minus sign."""
        if value is None:
            return "–"
        text = f"{value:+.{self.decimals}f}"
        return text.replace("-", "−") if float(text) else f"{0:.{self.decimals}f}"

    def between(self, ends: tuple[float, float] | None) -> str:
        """An interval of differences as text."""
        return f"{self.signed(ends[0])} to {self.signed(ends[1])}" if ends else "–"

    def name(self, arm: str, fraction: float) -> str:
        """The name of a condition: its arm, and the fraction of the images where there are several."""
        return arm if len(self.analysis.fractions) < 2 else f"{arm} at {100 * fraction:g} % of the images"

    def runs_in(self, state: str) -> list[RunFacts]:
        """The runs in one state."""
        return [run for run in self.results.runs if run.state == state]

    @cached_property
    def ranked(self) -> list[Comparison]:
        """The comparisons from the best to the worst; those without a difference last."""
        sign = 1 if self.analysis.settings.less_is_better else -1

        def place(each: Comparison) -> tuple[float, bool, float]:
            return -each.fraction, each.difference is None, sign * (each.difference or 0)

        return sorted(self.analysis.comparisons, key=place)

    def shown(self, most: int) -> list[str]:
        """The arms in a figure: the base, and of the others at most those that differ most."""
        names = [arm.name for arm in self.results.arms if not arm.skipped and arm.name != self.base]
        if len(names) >= most:
            by_size = sorted(self.analysis.comparisons, key=lambda each: -abs(each.difference or 0))
            chosen = set(list(dict.fromkeys([*(each.arm for each in by_size), *names]))[: most - 1])
            names = [name for name in names if name in chosen]
        return [self.base, *names]


def p_text(p: float | None) -> str:
    """A p-value as text.

    >>> p_text(0.04321), p_text(0.00001), p_text(None), p_text(1.0)
    ('0.043', '< 0.001', '–', '1')
    """
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def p_is(p: float) -> str:
    """A p-value for use in a sentence.

    >>> p_is(0.5), p_is(0.0)
    ('p = 0.5', 'p < 0.001')
    """
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def count(number: float | None) -> str:
    """A number with three digits and an SI prefix.

    >>> count(1_234_567), count(None), count(512)
    ('1.23 M', '–', '512')
    """
    return "–" if number is None else magnitude(number, ".3g")
