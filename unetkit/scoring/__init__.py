"""Agreement of predicted labels with a reference, per image and class: overlap by counting, distances by MONAI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.scoring.figure import Example
    from unetkit.scoring.measurement import Measurement
    from unetkit.scoring.metrics import METRICS
    from unetkit.scoring.scores import ScoreRow, Scores, Summary
    from unetkit.scoring.scoring import classify, label, score, score_model

__all__ = [
    "METRICS",
    "Example",
    "Measurement",
    "ScoreRow",
    "Scores",
    "Summary",
    "classify",
    "label",
    "score",
    "score_model",
]

__getattr__ = lazy_names(
    __name__,
    {
        "figure": ("Example",),
        "measurement": ("Measurement",),
        "metrics": ("METRICS",),
        "scores": ("ScoreRow", "Scores", "Summary"),
        "scoring": ("classify", "label", "score", "score_model"),
    },
)
