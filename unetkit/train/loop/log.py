"""The training log: mean losses, divergence, and the checkpoints that a run resumes from."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor

from unetkit.errors import Fault
from unetkit.train.machine import TrainError

Points = list[list[float]]
"""Steps and values."""

STATE = "Watch"
"""The key of its state in checkpoints, whatever the name of its class."""


class TrainingLog(lightning.Callback):
    """Logs the mean loss every few steps, and stops a training whose loss is not finite.

    It saves a checkpoint every few steps and at the end, but never of a network that has diverged.
    """

    def __init__(self, file: Path, log_every: int, checkpoint_every: int) -> None:
        self.file = file
        """The checkpoint."""
        self.log_every = log_every
        self.checkpoint_every = checkpoint_every
        self.loss: Points = []
        self.rates: Points = []
        self.terms: dict[str, list[Tensor]] = {}
        """The terms of the loss for each batch since the last entry."""
        self.steps: list[int] = []
        self.last_step = 0
        self.saved = 0
        self.finished = False

    @property
    def state_key(self) -> str:
        return STATE

    def state_dict(self) -> dict[str, Any]:
        return {"loss": self.loss, "rates": self.rates, "finished": self.finished}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.loss, self.rates = state_dict["loss"], state_dict["rates"]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.last_step = self.saved = trainer.global_step

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        for name, value in outputs["terms"].items():
            self.terms.setdefault(name, []).append(value)
        self.steps.append(step)
        if step == self.last_step:
            return  # a batch whose gradients are accumulated
        self.last_step = step
        due = step % self.checkpoint_every == 0 or trainer.should_stop
        if due or step % self.log_every == 0:
            self.add_entry(trainer, step)
        if due:
            self.finished = trainer.should_stop
            self._save(trainer)

    def add_entry(self, trainer: lightning.Trainer, step: int) -> None:
        """Adds an entry with the mean losses since the last; raises TrainError where one is not finite."""
        means = {}
        for name, values in self.terms.items():
            numbers = torch.stack(values).tolist()
            wrong = next((index for index, value in enumerate(numbers) if not isfinite(value)), None)
            if wrong is not None:
                raise self._diverged(name, numbers[wrong], self.steps[wrong])
            means[name] = sum(numbers) / len(numbers)
        self.terms, self.steps = {}, []
        rate = float(trainer.optimizers[0].param_groups[0]["lr"])
        self.loss.append([step, sum(means.values())])
        self.rates.append([step, rate])
        for logger in trainer.loggers:
            logger.log_metrics({"loss": self.loss[-1][1], "learning_rate": rate, **means}, step)

    def _diverged(self, name: str, value: float, step: int) -> TrainError:
        """The error for a loss that is not finite."""
        message = f"the loss is not finite: {name} is {value} at step {step}"
        checkpoint = f"the last good checkpoint is {self.file}" if self.file.exists() else "there is no checkpoint yet"
        cure = f"Lower training.optimizer.learning_rate or training.clip; {checkpoint}."
        return TrainError(Fault("diverged", message, "training", cure))

    def _save(self, trainer: lightning.Trainer) -> None:
        if self.saved != trainer.global_step:
            self.saved = trainer.global_step
            trainer.save_checkpoint(self.file, weights_only=False)
