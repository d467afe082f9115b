"""What is seen while a network trains: the log, a loss that diverges, and checkpoints that a run goes on from."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor

from unetkit.errors import Fault
from unetkit.train.errors import TrainError

Points = list[list[float]]
"""Steps and values."""

STATE = "Watch"
"""Where checkpoints keep the state of the log, whatever its class is called."""


class TrainingLog(lightning.Callback):
    """Keeps the mean loss of every few steps, and ends a training whose loss is no number.

    It writes a checkpoint every few steps and at the end, whole or not at all, never of a network that diverged.
    """

    def __init__(self, folder: Path, log_every: int, checkpoint_every: int) -> None:
        self.file = folder / "checkpoints" / "last.ckpt"
        self.log_every = log_every
        self.checkpoint_every = checkpoint_every
        self.loss: Points = []
        self.rates: Points = []
        self.terms: dict[str, list[Tensor]] = {}
        """Of the steps since the last entry, each batch."""
        self.steps: list[int] = []
        self.seen = 0
        """The last step that was looked at."""
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
        self.seen = self.saved = trainer.global_step

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        for name, value in outputs["terms"].items():
            self.terms.setdefault(name, []).append(value)
        self.steps.append(step)
        if step == self.seen:
            return  # a batch whose gradients wait for others
        self.seen = step
        if step % self.log_every == 0 or step % self.checkpoint_every == 0 or trainer.should_stop:
            self.look(trainer, step)
        if step % self.checkpoint_every == 0 or trainer.should_stop:
            self.finished = trainer.should_stop
            self.save(trainer)

    def look(self, trainer: lightning.Trainer, step: int) -> None:
        """Reads the losses since the last look; raises TrainError where one is no number."""
        means = {}
        for name, values in self.terms.items():
            numbers = torch.stack(values).tolist()
            wrong = next((index for index, value in enumerate(numbers) if not isfinite(value)), None)
            if wrong is not None:
                raise self.diverged(name, numbers[wrong], self.steps[wrong])
            means[name] = sum(numbers) / len(numbers)
        self.terms, self.steps = {}, []
        rate = float(trainer.optimizers[0].param_groups[0]["lr"])
        self.loss.append([step, sum(means.values())])
        self.rates.append([step, rate])
        for logger in trainer.loggers:
            logger.log_metrics({"loss": self.loss[-1][1], "learning_rate": rate, **means}, step)

    def diverged(self, name: str, value: float, step: int) -> TrainError:
        """Returns the error for a loss that is no number, with what there is to go on from."""
        message = f"the loss is no number any more: {name} is {value} at step {step}"
        kept = f"the last good checkpoint is {self.file}" if self.file.exists() else "there is no checkpoint yet"
        cure = f"Lower training.optimizer.learning_rate, or training.clip; {kept}."
        return TrainError(Fault("diverged", message, "training", cure))

    def save(self, trainer: lightning.Trainer) -> None:
        """Writes the checkpoint."""
        if self.saved == trainer.global_step:
            return
        self.saved = trainer.global_step
        trainer.save_checkpoint(self.file, weights_only=False)
