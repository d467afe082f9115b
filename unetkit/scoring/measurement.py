"""Scores with their confidence intervals and the settings that they depend on."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from math import isfinite
from typing import Any

from unetkit.scoring.metrics import METRICS
from unetkit.scoring.scores import Scores

_UNDEFINED = (
    "A class that neither occurs in an image nor is predicted there has no value and is left out. "
    "If it is only predicted or only in the reference, Dice, IoU and NSD are 0, and HD95 is the diagonal of the image. "
    "Precision is undefined where nothing is predicted, recall where the reference is empty. "
    "Unlabelled pixels belong to no class."
)


@dataclass(frozen=True)
class Measurement:
    """Scores, the tolerance of NSD, the confidence of the intervals, and the seed of the bootstrap.

    `unit`: the unit of distances, empty if unknown.
    """

    scores: Scores
    tolerance: float = 1.0
    confidence: float = 0.95
    seed: int = 0
    unit: str = ""

    def json(self) -> dict[str, Any]:
        """The averages over images as plain values; None where a value is undefined."""
        scores = self.scores
        overlap = [name for name in scores.metrics if not METRICS[name].distance]
        most_frequent, constant = scores.majority()
        return {
            "images": len(scores.images),
            "classes": list(scores.classes),
            "metrics": {name: self._described(name) for name in scores.metrics},
            "undefined": _UNDEFINED,
            "confidence": self.confidence,
            "interval": f"bias-corrected accelerated bootstrap over images, scipy {version('scipy')}, seed {self.seed}",
            "summary": [
                {"class": line.class_name} | {key: _finite(getattr(line, key)) for key in line._fields[1:]}
                for line in scores.summary(seed=self.seed, confidence=self.confidence)
            ],
            "mean": {name: _finite(scores.mean(name)) for name in scores.metrics},
            "majority": {"class": most_frequent, "mean": {name: _finite(constant.mean(name)) for name in overlap}},
            "pooled": {
                name: dict(zip(scores.classes, map(_finite, scores.pooled(name)), strict=True)) for name in overlap
            },
        }

    def _described(self, name: str) -> dict[str, Any]:
        metric = METRICS[name]
        package = "monai" if metric.distance else "numpy"
        values = {
            "title": metric.title,
            "about": metric.about,
            "by": f"{package} {version(package)}",
            "higher_is_better": metric.higher_is_better,
        }
        values |= {"unit": self.unit} if metric.distance else {}
        return values | ({"tolerance": self.tolerance} if name == "nsd" else {})


def _finite(value: Any) -> Any:
    """The value, None for NaN and infinity."""
    return None if isinstance(value, float) and not isfinite(value) else value
