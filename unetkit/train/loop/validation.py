"""Validation on whole images during training, which selects the best network and stops early."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import lightning.pytorch as lightning

from unetkit.data import Pairs, Preprocessing
from unetkit.scoring.outputs import score_outputs
from unetkit.train.loop.log import Points
from unetkit.train.loop.segmentation import Segmentation
from unetkit.train.run_keys import Training


class Validation(lightning.Callback):
    """Measures the mean Dice on whole images every few steps and at the end; calls `save_best` on improvement."""

    def __init__(
        self, pairs: Pairs, preprocessing: Preprocessing, training: Training, save_best: Callable[[], None]
    ) -> None:
        self.pairs = pairs
        self.preprocessing = preprocessing
        self.save_best = save_best
        self.every = training.validate_every
        self.patience = training.early_stopping
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
                return  # it has diverged: the log stops the training, and nothing of it is to be saved
            assert isinstance(pl_module, Segmentation)
            self._measure(trainer, pl_module, step)

    def _measure(self, trainer: lightning.Trainer, module: Segmentation, step: int) -> None:
        """Validates in the first process and broadcasts the result."""
        value = 0.0
        if trainer.is_global_zero:
            targets = {task.name: task.target for task in module.run.tasks}
            scores = score_outputs(module.model, self.pairs, self.preprocessing, targets, metrics=("dice",))
            value = next(iter(scores.values())).mean("dice")
        value = float(trainer.strategy.broadcast(value))
        best = max((known for _, known in self.points), default=-1.0)
        self.points.append([step, value])
        if trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.log_metrics({"validation_dice": value}, step)
            if value > best:
                self.save_best()
        if self.patience is not None and self._num_since_best >= self.patience:
            trainer.should_stop = True

    @property
    def _num_since_best(self) -> int:
        values = [value for _, value in self.points]
        return len(values) - 1 - values.index(max(values))
