"""Training, and what it leaves: runs, model files, prediction over files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unetkit.train.errors import TrainError
    from unetkit.train.folder import train_run
    from unetkit.train.modelfile import Trained
    from unetkit.train.options import Machine
    from unetkit.train.quick import quick_run
    from unetkit.train.result import RunResult
    from unetkit.train.runspec import RunSpec, load_run

__all__ = ["Machine", "RunResult", "RunSpec", "TrainError", "Trained", "load_run", "quick_run", "train_run"]

_HOMES = {
    "errors": ("TrainError",),
    "folder": ("train_run",),
    "modelfile": ("Trained",),
    "options": ("Machine",),
    "result": ("RunResult",),
    "quick": ("quick_run",),
    "runspec": ("RunSpec", "load_run"),
}


def __getattr__(name: str) -> Any:
    """Returns what is public, imported at its first use: torch and Lightning take seconds."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"unetkit.train.{module}"), name)
    raise AttributeError(f"module 'unetkit.train' has no attribute {name!r}")
