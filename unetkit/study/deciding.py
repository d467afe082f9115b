"""How far a study that decides while it runs has come: which looks were held, what is decided, and what runs next.

All of it follows from the plan and the results alone, so that a study that was interrupted takes the same decisions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from unetkit.study.results.results import Results, RunFacts
from unetkit.study.statistics import AnalysisSettings, Comparison, compare_arms
from unetkit.study.statistics.settings import MARGINS
from unetkit.wording import listed, plural

_RESAMPLES = 100
"""Resamples of the bootstrap, which decides nothing."""


@dataclass(frozen=True)
class Stage:
    """The stage of a study: the comparisons at its last look, the runs that its next look needs, and what is left out.

    `due` are the runs to be done before the next look; all that are missing in a study with a fixed number of seeds.
    `unneeded` are those that are never started.
    """

    settings: AnalysisSettings
    comparisons: tuple[Comparison, ...]
    due: tuple[RunFacts, ...]
    unneeded: tuple[RunFacts, ...]

    @property
    def decided(self) -> tuple[Comparison, ...]:
        """The comparisons that are decided."""
        return tuple(each for each in self.comparisons if is_decided(each))

    def __str__(self) -> str:
        looks, looked = self.settings.looks, self.settings.looked
        if not looked:
            return f"first look at {looks[0]} seeds, after {plural(len(self.due), 'more run')}"
        texts = [f"{each.arm} is {each.verdict} (after {each.look} seeds)" for each in self.decided]
        left = sum(not is_decided(each) for each in self.comparisons)
        texts += [f"{plural(left, 'variant')} undecided"] if left else []
        text = f"look at {looks[looked - 1]} of {looks[-1]} seeds: {listed(texts, 6) or 'nothing can be compared'}"
        if self.due:
            return f"{text}; next look at {looks[looked]} seeds, after {plural(len(self.due), 'more run')}"
        return f"{text}; {plural(len(self.unneeded), 'run')} left out" if self.unneeded else text


def is_decided(comparison: Comparison) -> bool:
    """Whether a comparison has a verdict that stays."""
    return comparison.verdict in ("better", "worse", "equivalent")


def stage_of(results: Results) -> Stage:
    """The stage of a study, by its own metric and margin."""
    settings = own_settings(results)
    missing = [run for run in results.runs if run.state == "missing"]
    conditions = {(run.arm, run.fraction) for run in results.runs if run.arm != results.base}
    if not settings.looks or not conditions:
        return Stage(settings, (), tuple(missing), ())
    fast = replace(settings, resamples=_RESAMPLES)
    comparisons: tuple[Comparison, ...] = ()
    for looked in range(len(settings.looks) + 1):
        if looked:
            fast = replace(fast, looked=looked)
            comparisons = compare_arms(results.scores, results.base, fast)
        going = conditions - {(each.arm, each.fraction) for each in comparisons if is_decided(each)}
        going |= {(results.base, fraction) for _, fraction in going}
        reach = settings.looks[min(looked, len(settings.looks) - 1)]
        wanted = [run for run in missing if (run.arm, run.fraction) in going]
        due = tuple(run for run in wanted if run.seed < reach)
        if due or not going:
            break
    ids = {run.id for run in wanted}
    unneeded = tuple(run for run in missing if run.id not in ids)
    return Stage(replace(settings, looked=looked), comparisons, due, unneeded)


def own_settings(results: Results) -> AnalysisSettings:
    """The analysis settings of a study by its own metric, before any look."""
    from unetkit.scoring.metrics import METRICS

    known = METRICS.get(results.metric)
    return AnalysisSettings(
        results.metric,
        known is not None and not known.higher_is_better,
        confidence=1 - results.error,
        margin=MARGINS.get(results.metric) if results.margin is None else results.margin,
        group=results.group,
        looks=results.looks,
    )


def with_unneeded(results: Results, unneeded: Iterable[RunFacts]) -> Results:
    """The results, in which runs that are never started are marked."""
    ids = {run.id for run in unneeded}
    runs = (replace(run, state="unneeded") if run.id in ids else run for run in results.runs)
    return replace(results, runs=tuple(runs))
