"""The tables beside a report, as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from unetkit.quoting import table_text
from unetkit.study.report.view import View

ARMS = ("arm", "fraction", "also", "changes", "parameters", "macs", "seconds", "seeds", "mean", "deviation")
_RUNS = ("run", "arm", "seed", "fraction", "state", "seconds", "steps", "reason")
_COMPARISONS = ("arm", "fraction", "class", "pairs", "difference", "low", "high", "crossed_low", "crossed_high")
_TESTS = (
    "detectable",
    "look",
    "p",
    "p_adjusted",
    "p_flip",
    "p_flip_adjusted",
    "p_equivalent",
    "p_equivalent_adjusted",
    "p_spread",
    "verdict",
)


def arms_csv(view: View) -> str:
    """CSV with one row for each arm and fraction with a finished run, and one for each other arm."""
    scored = {arm.arm for arm in view.analysis.arms}

    def body() -> Iterator[tuple[object, ...]]:
        for arm in view.analysis.arms:
            yield (
                arm.arm,
                arm.fraction,
                *facts(view, arm.arm),
                arm.costs.get("seconds"),
                len(arm.seeds),
                arm.mean,
                arm.deviation,
            )
        for each in view.results.arms:
            if each.name not in scored:
                yield (each.name, None, *facts(view, each.name), None, 0, None, None)

    return table_text([ARMS, *body()])


def facts(view: View, name: str) -> tuple[object, ...]:
    """The planned facts of an arm."""
    arm = view.facts[name]
    changes = "; ".join(f"{path}: {value}" for path, value in arm.differences)
    return "; ".join(arm.also), changes, arm.parameters, arm.macs


def runs_csv(view: View) -> str:
    """CSV with one row for each run."""
    rows = ((r.id, r.arm, r.seed, r.fraction, r.state, r.seconds, r.steps, r.reason) for r in view.results.runs)
    return table_text([_RUNS, *rows])


def comparisons_csv(view: View) -> str:
    """CSV with one row for each comparison; `class` is empty for the mean over the classes."""

    def body() -> Iterator[tuple[object, ...]]:
        for each in chain(view.analysis.comparisons, view.analysis.by_class):
            ends = (*(each.interval or (None, None)), *(each.crossed or (None, None)))
            tests = (getattr(each, name) for name in _TESTS)
            yield (each.arm, each.fraction, each.label, len(each.seeds), each.difference, *ends, *tests)

    return table_text([(*_COMPARISONS, *_TESTS), *body()])
