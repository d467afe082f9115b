"""Training, scoring and predicting with a network that unetkit built."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unetkit.train.modelfile import Trained
    from unetkit.train.prediction import predict, predict_folder
    from unetkit.train.settings import Settings, TrainError
    from unetkit.train.training import Training, fit

__all__ = [
    "Settings",
    "TrainError",
    "Trained",
    "Training",
    "fit",
    "predict",
    "predict_folder",
]

_HOMES = {
    "modelfile": ("Trained",),
    "prediction": ("predict", "predict_folder"),
    "settings": ("Settings", "TrainError"),
    "training": ("Training", "fit"),
}


def __getattr__(name: str) -> Any:
    """Returns what is public, imported at its first use: torch and Lightning take seconds."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"unetkit.train.{module}"), name)
    raise AttributeError(f"module 'unetkit.train' has no attribute {name!r}")
