"""How well labels agree with a reference, per image and class: overlap by torchmetrics, distances by MONAI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.scoring.baseline import grey_level_baseline
    from unetkit.scoring.figure import Example
    from unetkit.scoring.labels import classify
    from unetkit.scoring.metrics import METRICS
    from unetkit.scoring.report import Measurement
    from unetkit.scoring.scores import ScoreRow, Scores, Summary
    from unetkit.scoring.scoring import evaluate, label, score

__all__ = [
    "METRICS",
    "Example",
    "Measurement",
    "ScoreRow",
    "Scores",
    "Summary",
    "classify",
    "evaluate",
    "grey_level_baseline",
    "label",
    "score",
]

__getattr__ = lazy_names(
    __name__,
    {
        "baseline": ("grey_level_baseline",),
        "figure": ("Example",),
        "labels": ("classify",),
        "metrics": ("METRICS",),
        "report": ("Measurement",),
        "scores": ("ScoreRow", "Scores", "Summary"),
        "scoring": ("evaluate", "label", "score"),
    },
)
