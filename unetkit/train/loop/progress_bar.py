"""The progress bar of a training: the fraction of its budget that is used, and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as lightning
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from unetkit.quoting import visible
from unetkit.train.loop.budget import TrainingBudget

_SMOOTHING = 0.95
"""Weight of the previous value in the moving average of the loss."""
_LINES = 20
"""Number of lines printed where standard error is not a terminal."""


class TrainingBar(lightning.callbacks.ProgressBar):
    """One bar on standard error. Lightning's own counts batches, but a budget may be in minutes."""

    def __init__(self, budget: TrainingBudget, name: str) -> None:
        super().__init__()
        self.budget = budget
        self.loss: float | None = None
        self.bar = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )
        self.name = visible(name)
        self.task = self.bar.add_task(self.name, total=1, state="")
        self.printed = 0
        self.enabled = True

    def disable(self) -> None:
        """Hides the bar; Lightning calls this in all processes but the first."""
        self.enabled = False

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.printed = int(_LINES * self.budget.fraction)
        if self.enabled and self.bar.console.is_terminal:
            self.bar.start()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = float(outputs["loss"])
        self.loss = loss if self.loss is None else _SMOOTHING * self.loss + (1 - _SMOOTHING) * loss
        state = f"step {trainer.global_step:,} · loss {self.loss:.3f}"
        fraction = min(1.0, self.budget.fraction)
        self.bar.update(self.task, completed=fraction, state=state)
        line = int(_LINES * fraction)
        if self.enabled and not self.bar.console.is_terminal and line > self.printed:
            self.printed = line
            self.bar.console.print(f"  {self.name} {line / _LINES:.0%} {state}", markup=False, highlight=False)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._stop()

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self.bar.console.is_terminal:
            self.bar.stop()


def print_lines(lines: Sequence[str]) -> None:
    """Prints lines on standard error."""
    console = Console(stderr=True)
    for line in lines:
        console.print(f"  {visible(line)}", markup=False, highlight=False, soft_wrap=True)
