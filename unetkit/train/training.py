"""Training with Lightning: random patches, one cycle of the learning rate, a budget of steps or minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from unetkit.data import Normalization, Pairs
from unetkit.data.augmentation import Flip
from unetkit.data.patches import Patches, PatchSettings
from unetkit.train.loss import segmentation_loss
from unetkit.train.network import check_fit, plan_of
from unetkit.train.progress import TrainingBar
from unetkit.train.quiet import quiet
from unetkit.train.schedule import Schedule
from unetkit.train.settings import Settings


@dataclass(frozen=True)
class Training:
    """What a training did: the normalization of its images, its steps, its seconds, and the loss of each step."""

    normalization: Normalization
    steps: int
    seconds: float
    losses: tuple[float, ...]


def fit(model: nn.Module, pairs: Pairs, settings: Settings) -> Training:
    """Trains a network in place and leaves it in eval mode on the CPU.

    Raises SizeError where no patch fits the network, TrainError where the images or the network cannot be trained on.
    """
    plan = plan_of(model)
    check_fit(plan, pairs)
    normalization = Normalization.of(pairs)
    augmentation = (Flip(axes=settings.flips),) if settings.flips else ()
    patches = PatchSettings(settings.patch_size(pairs), settings.seed, augmentation)
    task = Segmentation(model, Patches(pairs, normalization, plan, patches), settings)
    schedule = Schedule(settings.num_steps(pairs), settings.minutes)
    callbacks: list[lightning.Callback] = [schedule]
    if settings.progress:
        callbacks.append(TrainingBar(schedule, plan.spec.name))
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        trainer = lightning.Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            precision=cast(Any, settings.precision),
            max_epochs=1,
            callbacks=callbacks,
            gradient_clip_val=1.0,
            use_distributed_sampler=False,  # the loader below shares the patches out itself
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=settings.progress,
        )
        trainer.fit(task)
    model.cpu().eval()
    return Training(normalization, trainer.global_step, schedule.seconds, tuple(torch.stack(task.losses).tolist()))


class Segmentation(lightning.LightningModule):
    """A network with its patches, loss and optimizer."""

    def __init__(self, model: nn.Module, patches: Patches, settings: Settings) -> None:
        super().__init__()
        self.model = model
        self.patches = patches
        self.settings = settings
        self.losses: list[Tensor] = []

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        """Gives this process every n-th patch where there are n processes."""
        own = range(self.trainer.global_rank, len(self.patches), self.trainer.world_size)
        settings = self.settings
        return DataLoader(self.patches, batch_size=settings.batch, sampler=own, num_workers=settings.workers)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Returns the loss of one batch."""
        images, labels = batch
        loss = segmentation_loss(self.model(images), labels)
        self.losses.append(loss.detach())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Returns AdamW (Loshchilov & Hutter, 2019); the schedule sets its rate."""
        settings = self.settings
        return torch.optim.AdamW(self.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
