"""The budget of a training, which is also the clock of its learning rate."""

from __future__ import annotations

import time
from math import inf
from typing import Any

import lightning.pytorch as lightning

from unetkit.train.settings import one_cycle


class Schedule(lightning.Callback):
    """Stops the training when its steps or minutes are spent, and sets the learning rate by the share that is."""

    def __init__(self, num_steps: float, minutes: float | None) -> None:
        self.num_steps = num_steps
        self.limit = inf if minutes is None else minutes * 60
        self.fraction = 0.0
        self.begun = 0.0
        self.seconds = 0.0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.begun = time.monotonic()
        self.peaks = [[group["lr"] for group in optimizer.param_groups] for optimizer in trainer.optimizers]
        self.set_rate(trainer)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        self.seconds = time.monotonic() - self.begun
        fraction = max(trainer.global_step / self.num_steps, self.seconds / self.limit)
        # Clocks differ between processes, and rates that differ would let their weights drift apart.
        self.fraction = trainer.strategy.broadcast(fraction)
        self.set_rate(trainer)
        trainer.should_stop = self.fraction >= 1

    def set_rate(self, trainer: lightning.Trainer) -> None:
        """Gives each group of parameters its share of the rate that it began with."""
        for optimizer, peaks in zip(trainer.optimizers, self.peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * one_cycle(self.fraction)
