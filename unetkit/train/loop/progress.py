"""The progress bar of a training: how much of its budget is spent, and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as lightning
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from unetkit.quoting import visible
from unetkit.train.loop.pace import TrainingBudget

SMOOTH = 0.95  # of the loss shown is the loss shown before
LINES = 20
"""Printed in all where standard error is no terminal, and so in a log."""


class TrainingBar(lightning.callbacks.ProgressBar):
    """Shows one bar on standard error; Lightning's own counts batches, and a budget may be minutes."""

    def __init__(self, pace: TrainingBudget, name: str) -> None:
        super().__init__()
        self.pace = pace
        self.loss: float | None = None
        self.bar = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )
        name = visible(name)
        self.task = self.bar.add_task(name, total=1, state="")
        self.name = name
        self.told = 0
        self.enabled = True

    def disable(self) -> None:
        """Shows nothing from now on: Lightning asks for this in all processes but the first."""
        self.enabled = False

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.told = int(LINES * self.pace.fraction)
        if self.enabled and self.bar.console.is_terminal:
            self.bar.start()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = float(outputs["loss"])
        self.loss = loss if self.loss is None else SMOOTH * self.loss + (1 - SMOOTH) * loss
        state = f"step {trainer.global_step:,} · loss {self.loss:.3f}"
        self.bar.update(self.task, completed=min(1.0, self.pace.fraction), state=state)
        reached = int(LINES * min(1.0, self.pace.fraction))
        if self.enabled and not self.bar.console.is_terminal and reached > self.told:
            self.told = reached
            self.bar.console.print(f"  {self.name} {reached / LINES:.0%} {state}", markup=False, highlight=False)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self.bar.console.is_terminal:
            self.bar.stop()

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        if self.bar.console.is_terminal:
            self.bar.stop()


def tell(lines: Sequence[str]) -> None:
    """Prints lines on standard error before a training begins."""
    console = Console(stderr=True)
    for line in lines:
        console.print(f"  {visible(line)}", markup=False, highlight=False, soft_wrap=True)
