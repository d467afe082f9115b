"""The seeds that a study takes, judged from the paired differences of a pilot study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import stdev
from typing import Any, NamedTuple

from unetkit.errors import Fault
from unetkit.study.deciding import own_settings
from unetkit.study.results.collecting import results_in
from unetkit.study.results.results import StudyError
from unetkit.study.statistics import compare_arms
from unetkit.study.statistics.power import detectable

_MOST = 1000
"""Largest number of seeds that is looked for."""


class PilotEstimate(NamedTuple):
    """What the paired differences of an arm of the pilot say.

    `deviation` is their standard deviation over the seeds. `seeds` would call a true difference of the margin in the
    usual share of studies; None where more than 1,000 are needed.
    """

    arm: str
    fraction: float
    pairs: int
    deviation: float
    seeds: int | None


class Pilot(NamedTuple):
    """The seeds for a true difference of `margin`, with `power` and corrected for a number of comparisons."""

    margin: float
    power: float
    comparisons: int
    estimates: tuple[PilotEstimate, ...]

    def json(self) -> dict[str, Any]:
        """The estimates as plain values."""
        return self._asdict() | {"estimates": [one._asdict() for one in self.estimates]}

    def lines(self) -> Iterator[str]:
        """The estimates in words."""
        share = f"in {100 * self.power:g} % of studies with {self.comparisons} comparisons"
        yield f"by the pilot, a true difference of {self.margin:g} is called {share} with this many seeds:"
        for one in self.estimates:
            seeds = f"more than {_MOST:,}" if one.seeds is None else f"{one.seeds:,}"
            fraction = f" at {one.fraction:.0%} of the images" if one.fraction < 1 else ""
            yield f"  {one.arm}{fraction}: {seeds} (standard deviation {one.deviation:.2g}, from {one.pairs} pairs)"


def pilot(folder: Path, margin: float | None, comparisons: int) -> Pilot:
    """The seeds that a study with a number of comparisons would take, from the folder of another study.

    `margin` is by default that of the pilot. Raises StudyError without one, or where no arm has two pairs.
    """
    results = results_in(folder)
    settings = replace(own_settings(results), looks=(), resamples=100)
    least = settings.margin if margin is None else margin
    if least is None:
        message = f"neither the study nor {folder} has a margin"
        raise StudyError(Fault("no-margin", message, "margin", "Set the difference that matters: margin: 0.01."))
    level = settings.level / max(1, comparisons)
    estimates = tuple(
        PilotEstimate(
            each.arm, each.fraction, len(each.seeds), spread, seeds_for(spread / least, level, settings.power)
        )
        for each in compare_arms(results.scores, results.base, settings)
        if len(each.seeds) > 1 and (spread := stdev(each.differences)) > 0
    )
    if not estimates:
        message = f"no arm in {folder} has two finished seeds in common with the base, or none varies"
        raise StudyError(Fault("no-pilot", message, cure="Run the pilot with two seeds or more; six tell much better."))
    return Pilot(least, settings.power, comparisons, estimates)


def seeds_for(deviation: float, level: float, power: float) -> int | None:
    """The smallest number of pairs at which a t-test calls a difference of 1; None above 1,000.

    >>> seeds_for(1.0, 0.05, 0.8), seeds_for(0.5, 0.05, 0.8)
    (10, 5)
    """

    def enough(pairs: int) -> bool:
        return detectable(pairs, level, power) * deviation <= sqrt(pairs)

    if not enough(_MOST):
        return None
    low, high = 1, _MOST  # the first is not enough, the second is
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
