"""A trained network: its model file, evaluation, prediction over image files, export, and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.trained.card.push import push_model
    from unetkit.trained.evaluation import EvaluateListener, EvaluateOptions, Evaluation, evaluate
    from unetkit.trained.export import export_model
    from unetkit.trained.modelfile import Trained
    from unetkit.trained.prediction import PredictListener, predict_files
    from unetkit.trained.predictor import PredictOptions

__all__ = [
    "EvaluateListener",
    "EvaluateOptions",
    "Evaluation",
    "PredictListener",
    "PredictOptions",
    "Trained",
    "evaluate",
    "export_model",
    "predict_files",
    "push_model",
]

__getattr__ = lazy_names(
    __name__,
    {
        "card.push": ("push_model",),
        "evaluation": ("EvaluateListener", "EvaluateOptions", "Evaluation", "evaluate"),
        "export": ("export_model",),
        "modelfile": ("Trained",),
        "prediction": ("PredictListener", "predict_files"),
        "predictor": ("PredictOptions",),
    },
)
