"""Warnings about the design of a study, given before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2

from unetkit.study.study import Study

_LEVEL = 0.05
"""Significance level."""
_EFFECTS = ("screening", "interactions")
"""Designs whose effects are estimated from all runs, by tests that need few seeds."""
_NOTABLE_RATIO = 1.5
_NOTABLE_RESIDUAL = 0.02


def warnings(study: Study) -> Iterator[str]:
    """Yields all warnings about a study, the most serious first."""
    yield from _unbuilt(study)
    if not study.base.values()["data"]:
        yield "no data is given, without which nothing can run: name it with --data, or in the study as data:"
    if study.keys.design not in _EFFECTS:
        yield from power(len(study.seeds), len(study.planned) - 1)
    yield from sizes(study)
    yield from _mismatches(study)
    if study.keys.budget is not None and study.keys.budget.minutes is not None:
        yield "a budget of minutes depends on the machine and its load: a repetition may train for more or fewer steps"


def _unbuilt(study: Study) -> Iterator[str]:
    """Warns of arms that cannot be built."""
    skipped, left = len(study.skipped), len(study.planned) - 1
    if skipped:
        yield f"{arms(skipped)} cannot be built and {'is' if skipped == 1 else 'are'} skipped" + (
            "" if left else ": nothing is left to compare with the base"
        )


def power(seeds: int, comparisons: int) -> Iterator[str]:
    """Warns where the number of seeds is too small for any difference to be significant.

    The exact sign-flip test of n pairs has 2ⁿ outcomes, so its two-sided p is at least 2 / 2ⁿ; Holm's correction
    multiplies the smallest p by the number of comparisons.

    >>> list(power(5, 1))
    ['5 seeds cannot reach p < .05 with a sign-flip test; 6 can']
    """
    if comparisons < 1:
        return
    text = f"{seeds} seed{'s' * (seeds > 1)} cannot reach p < .05"
    if 2 / 2**seeds >= _LEVEL:
        yield f"{text} with a sign-flip test; {enough(1)} can"
    elif comparisons * 2 / 2**seeds >= _LEVEL:
        held = f"in {comparisons} comparisons corrected by Holm's method"
        yield f"{text} with a sign-flip test {held}; {enough(comparisons)} can"


def enough(comparisons: int) -> int:
    """The smallest number of seeds that can reach p < .05 in a number of comparisons.

    >>> enough(1), enough(4)
    (6, 8)
    """
    seeds = int(log2(2 * comparisons / _LEVEL))
    return seeds if comparisons * 2 / 2**seeds < _LEVEL else seeds + 1


def sizes(study: Study) -> Iterator[str]:
    """Warns of axes that change the number of parameters considerably."""
    if study.keys.match == "parameters":
        macs = [arm.facts.macs for arm in study.planned if arm.facts]
        if max(macs) >= _NOTABLE_RATIO * min(macs):
            yield f"with equal parameters, MACs differ up to {max(macs) / min(macs):.1f} × between arms"
        return
    for axis in dict.fromkeys(axis for arm in study.planned for axis, _ in arm.choices):
        ratio = spread(study, axis)
        if ratio >= _NOTABLE_RATIO and study.keys.match == "none":
            cure = "match: parameters gives each arm the base's"
            yield f"axis {axis} changes the parameter count {ratio:.1f} ×: a difference may be one of size; {cure}"


def spread(study: Study, axis: str) -> float:
    """The largest ratio of parameter counts along an axis, among arms that are equal on all other axes."""
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for arm in study.planned:
        others = tuple(choice for choice in arm.choices if choice[0] != axis)
        if arm.facts is not None:
            groups.setdefault(others, []).append(arm.facts.parameters)
    return max((max(group) / max(1, min(group)) for group in groups.values()), default=1.0)


def _mismatches(study: Study) -> Iterator[str]:
    """Warns of arms whose cost could not be matched to that of the base."""
    for arm in study.planned:
        if arm.residual is not None and abs(arm.residual) >= _NOTABLE_RESIDUAL:
            what = "parameters" if study.keys.match == "parameters" else "MACs"
            told = f"{abs(arm.residual):.1%} {'more' if arm.residual > 0 else 'fewer'} {what}"
            yield f"{arm.name} has {told} than the base: no width comes nearer"


def arms(count: int) -> str:
    """A number of arms in words.

    >>> arms(1), arms(3)
    ('1 arm', '3 arms')
    """
    return f"{count:,} arm{'s' * (count != 1)}"
