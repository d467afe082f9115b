"""Training, from one YAML file to a run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.train.errors import TrainError
    from unetkit.train.folder import train_run
    from unetkit.train.options import Machine
    from unetkit.train.quick import quick_run
    from unetkit.train.result import RunResult
    from unetkit.train.runspec import RunSpec, load_run

__all__ = ["Machine", "RunResult", "RunSpec", "TrainError", "load_run", "quick_run", "train_run"]

__getattr__ = lazy_names(
    __name__,
    {
        "errors": ("TrainError",),
        "folder": ("train_run",),
        "options": ("Machine",),
        "result": ("RunResult",),
        "quick": ("quick_run",),
        "runspec": ("RunSpec", "load_run"),
    },
)
