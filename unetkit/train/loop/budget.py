"""The budget of a training in steps or minutes, which also drives the learning-rate schedule."""

from __future__ import annotations

import time
from math import inf
from typing import Any

import lightning.pytorch as lightning

from unetkit.train.parts.schedules import Schedule


class TrainingBudget(lightning.Callback):
    """Stops the training when its steps or minutes are used up, and sets the learning rate from the fraction used."""

    def __init__(self, num_steps: float, minutes: float | None, schedule: Schedule) -> None:
        self.num_steps = num_steps
        self.limit = inf if minutes is None else minutes * 60
        self.schedule = schedule
        self.fraction = 0.0
        self.seconds_before = 0.0
        """Seconds of training in earlier processes."""
        self.start = time.monotonic()
        self.peak_rates: list[list[float]] = []

    @property
    def seconds(self) -> float:
        """Seconds of training in total."""
        return self.seconds_before + time.monotonic() - self.start

    @property
    def state_key(self) -> str:
        return "Pace"  # in checkpoints, whatever this class is called

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds_before = float(state_dict["seconds"])

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.start = time.monotonic()
        self.peak_rates = [[group["initial_lr"] for group in one.param_groups] for one in trainer.optimizers]
        self._update(trainer)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        self._update(trainer)

    def _update(self, trainer: lightning.Trainer) -> None:
        """Sets the learning rate of the next step, or stops the training."""
        fraction = max(trainer.global_step / self.num_steps, self.seconds / self.limit)
        # Clocks differ between processes; different learning rates would let their weights diverge.
        self.fraction = trainer.strategy.broadcast(fraction) if self.limit < inf else fraction
        for optimizer, peaks in zip(trainer.optimizers, self.peak_rates, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * self.schedule.factor(min(1.0, self.fraction))
        if self.fraction >= 1:
            trainer.should_stop = True
