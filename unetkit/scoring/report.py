"""What is reported of scores: what was measured, with what, how sure it is, and which images are worst."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from math import isfinite
from typing import Any

from unetkit.scoring.metrics import METRICS
from unetkit.scoring.scores import Scores

UNDEFINED = (
    "A class that neither occurs in an image nor is predicted there has no value and counts nowhere. "
    "Predicted only, or in the reference only: Dice, IoU and NSD are 0, and HD95 is the diagonal of the image. "
    "Precision has no value where nothing is predicted, recall where nothing is there. "
    "Unlabelled pixels belong to no class."
)


@dataclass(frozen=True)
class Measurement:
    """Scores with what they depend on: the tolerance of NSD, the confidence of intervals, the seed of the bootstrap.

    `unit` is what distances count in; "" where that is not known.
    """

    scores: Scores
    tolerance: float = 1.0
    confidence: float = 0.95
    seed: int = 0
    unit: str = ""

    def plain(self) -> dict[str, Any]:
        """Returns the report as JSON has it: None where there is no value."""
        scores = self.scores
        overlap = [name for name in scores.metrics if not METRICS[name].distance]
        most, constant = scores.majority()
        return {
            "images": len(scores.images),
            "classes": list(scores.classes),
            "metrics": {name: self.described(name) for name in scores.metrics},
            "undefined": UNDEFINED,
            "confidence": self.confidence,
            "interval": f"bias-corrected accelerated bootstrap over images, scipy {version('scipy')}, seed {self.seed}",
            "summary": [
                {"class": line.class_name} | {key: finite(getattr(line, key)) for key in line._fields[1:]}
                for line in scores.summary(seed=self.seed, confidence=self.confidence)
            ],
            "mean": {name: finite(scores.mean(name)) for name in scores.metrics},
            "majority": {"class": most, "mean": {name: finite(constant.mean(name)) for name in overlap}},
            "pooled": {
                name: dict(zip(scores.classes, map(finite, scores.pooled(name)), strict=True)) for name in overlap
            },
        }

    def described(self, name: str) -> dict[str, Any]:
        """Returns what a metric is, by which package and version, and which direction is better."""
        metric = METRICS[name]
        package = "monai" if metric.distance else "torchmetrics"
        about = {
            "title": metric.title,
            "about": metric.about,
            "by": f"{package} {version(package)}",
            "higher_is_better": metric.higher_is_better,
        }
        if metric.distance:
            about["unit"] = self.unit
        return about | ({"tolerance": self.tolerance} if name == "nsd" else {})


def finite(value: Any) -> Any:
    """Returns a value, None for a number that is none."""
    return None if isinstance(value, float) and not isfinite(value) else value
