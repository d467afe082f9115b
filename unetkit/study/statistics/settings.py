"""The settings of an analysis and their defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from unetkit.errors import Fault
from unetkit.study.results.results import StudyError

MARGINS = {"dice": 0.01, "iou": 0.01}
"""Default margins of equivalence; other metrics have none."""


@dataclass(frozen=True)
class AnalysisSettings:
    """How the scores are analysed."""

    metric: str = "dice"
    less_is_better: bool = False
    """Whether the metric is a distance or an error."""
    confidence: float = 0.95
    """Confidence of every interval; a difference is significant where its adjusted p is at most 1 - confidence."""
    margin: float | None = None
    """Margin of equivalence; None: equivalence is not tested."""
    left_out: tuple[str, ...] = ("background",)
    """Classes left out of the mean over classes, unless there is no other."""
    resamples: int = 2000
    """Number of resamples of the crossed bootstrap."""
    random_seed: int = 0
    """Seed of the bootstrap and of random sign flips."""
    exact_seeds: int = 14
    """Largest number of seeds for which the sign-flip test tries all 2^n flips; beyond, it draws as many at random."""
    power: float = 0.8
    """Power at which the smallest detectable difference is reported."""
    group: str = ""
    """Pattern of the groups of images that belong together, as `{group}_*`; without one, the images of one file."""
    looks: tuple[int, ...] = ()
    """Of a study that decides while it runs: the numbers of seeds at which it looks, the last the largest."""
    looked: int = 0
    """How many of these looks were held."""

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
        """The significance level."""
        return round(1 - self.confidence, 12)

    def json(self) -> dict[str, Any]:
        """The settings as plain values."""
        return asdict(self) | {"left_out": list(self.left_out), "looks": list(self.looks)}


def refused(name: str, value: float, cure: str) -> StudyError:
    """The error about a setting out of its range."""
    return StudyError(Fault("study-statistics", f"{value} is out of range", name, cure))
