"""Training: a run file, its run folder, and the training loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.train.from_spec import quick_run
    from unetkit.train.machine import Machine, TrainError
    from unetkit.train.result import RunResult
    from unetkit.train.runspec import RunSpec, load_run
    from unetkit.train.training import train_run

__all__ = ["Machine", "RunResult", "RunSpec", "TrainError", "load_run", "quick_run", "train_run"]

__getattr__ = lazy_names(
    __name__,
    {
        "from_spec": ("quick_run",),
        "machine": ("Machine", "TrainError"),
        "result": ("RunResult",),
        "runspec": ("RunSpec", "load_run"),
        "training": ("train_run",),
    },
)
