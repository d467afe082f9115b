"""Validation while a network trains: whole images, the best network kept, an end where nothing gets better."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import lightning.pytorch as lightning

from unetkit.data import Pairs, Preprocessing
from unetkit.scoring import evaluate
from unetkit.train.loop.task import Segmentation
from unetkit.train.loop.watch import Points


class Validation(lightning.Callback):
    """Measures the mean Dice on whole images every few steps and at the end. `keep` is told when it is the best yet."""

    def __init__(
        self,
        pairs: Pairs,
        preprocessing: Preprocessing,
        keep: Callable[[], None],
        *,
        every: int | None,
        patience: int | None,
    ) -> None:
        self.pairs = pairs
        self.preprocessing = preprocessing
        self.keep = keep
        self.every = every
        self.patience = patience
        self.points: Points = []

    def state_dict(self) -> dict[str, Any]:
        return {"points": self.points}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.points = state_dict["points"]

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, *_: Any
    ) -> None:
        step = trainer.global_step
        due = trainer.should_stop or (self.every is not None and step % self.every == 0 and step > 0)
        if due and (not self.points or self.points[-1][0] != step):
            if not isfinite(outputs["loss"]):
                return  # it diverged, and the watch ends the training: nothing of it is to be kept
            assert isinstance(pl_module, Segmentation)
            self.measure(trainer, pl_module, step)

    def measure(self, trainer: lightning.Trainer, task: Segmentation, step: int) -> None:
        """Measures; the first process does, and tells the others."""
        value = 0.0
        if trainer.is_global_zero:
            value = evaluate(task.model, self.pairs, self.preprocessing, metrics=("dice",)).mean("dice")
        value = float(trainer.strategy.broadcast(value))
        best = max((known for _, known in self.points), default=-1.0)
        self.points.append([step, value])
        if trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.log_metrics({"validation_dice": value}, step)
            if value > best:
                self.keep()
        if self.patience is not None and self.since_best >= self.patience:
            trainer.should_stop = True

    @property
    def since_best(self) -> int:
        """Validations since the best one."""
        values = [value for _, value in self.points]
        return len(values) - 1 - values.index(max(values))
