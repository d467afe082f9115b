"""What an analysis assumes: every default in the open."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from unetkit.errors import Fault
from unetkit.study.results.results import StudyError

MARGINS = {"dice": 0.01, "iou": 0.01}
"""Differences that hardly anybody acts on; for another metric only its user knows."""


@dataclass(frozen=True)
class AnalysisSettings:
    """How the scores are analysed."""

    metric: str = "dice"
    less_is_better: bool = False
    """Whether the metric is a distance or an error."""
    confidence: float = 0.95
    """Of every interval; a test calls a difference where its p, after Holm, is at most 1 - confidence."""
    margin: float | None = None
    """Two arms whose difference is surely smaller than this are equivalent; None: that is not asked."""
    left_out: tuple[str, ...] = ("background",)
    """Classes that do not count in the mean over classes, unless there is no other."""
    resamples: int = 2000
    """Of the crossed bootstrap."""
    random_seed: int = 0
    """Of the bootstrap, and of the sign flips where there are too many to try all."""
    exact_seeds: int = 14
    """Up to so many seeds the sign-flip test tries all 2^n flips, beyond it that many at random."""
    power: float = 0.8
    """At which the smallest detectable difference is told."""

    def __post_init__(self) -> None:
        for name in ("confidence", "power"):
            if not 0.5 <= getattr(self, name) < 1:
                raise refused(name, getattr(self, name), "Choose a number from 0.5 to below 1.")
        if self.margin is not None and not 0 < self.margin < float("inf"):
            raise refused("margin", self.margin, "Choose a number above 0.")
        if self.resamples < 100:
            raise refused("resamples", self.resamples, "Choose 100 or more.")

    @property
    def level(self) -> float:
        """The rate of false calls that is allowed."""
        return round(1 - self.confidence, 12)

    def json(self) -> dict[str, Any]:
        """The settings as plain values."""
        return asdict(self) | {"left_out": list(self.left_out)}


def refused(name: str, value: float, cure: str) -> StudyError:
    """Returns the error about a setting out of its range."""
    return StudyError(Fault("study-statistics", f"{value} is out of range", name, cure))
