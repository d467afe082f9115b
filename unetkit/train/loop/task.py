"""A network with its patches, loss and optimizer, as Lightning takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Sampler

from unetkit.data import Patches
from unetkit.model.interface import arrange, arranged
from unetkit.train.loop.network import recomputed
from unetkit.train.parts.losses import scene
from unetkit.train.parts.supervision import Supervision
from unetkit.train.runspec import RunSpec


class Ahead(Sampler[int]):
    """The numbers of one process's patches, from those on that earlier steps have used."""

    def __init__(self, first: int, apart: int, count: int) -> None:
        self.numbers = range(first, count, apart)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


class Segmentation(lightning.LightningModule):
    """Trains a network on patches. What happens in a step depends on the run and the number of the step alone."""

    def __init__(self, model: nn.Module, patches: Patches, run: RunSpec, data: str) -> None:
        super().__init__()
        self.model = model
        self.patches = patches
        self.asked = run
        self.data = data
        """The fingerprint of the data, which goes into checkpoints."""
        training = run.training
        self.supervision: Supervision | None = None
        if training.deep_supervision:
            size = patches.cover.input_size
            self.supervision = Supervision(model, patches.plan, size, training.deep_supervision, training.seed)
        self.used = 0
        """Batches of this process that were used, from the beginning of the run."""
        arrange(self, patches.plan)
        for scope in recomputed(patches.plan, run.training.checkpointing):
            recompute(model.get_submodule(scope))

    def train_dataloader(self) -> DataLoader[Any]:
        """Gives this process every n-th patch where there are n processes, from the step on that is next."""
        training, world = self.asked.training, self.trainer.world_size
        self.used = self.trainer.global_step * training.accumulate
        done = self.used * training.batch
        own = Ahead(done + self.trainer.global_rank, world, len(self.patches))
        return DataLoader(
            self.patches, batch_size=training.batch // world, sampler=own, num_workers=self.asked.data.workers
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes the data, and the number of threads, on which sums of floats depend."""
        checkpoint["data"], checkpoint["threads"] = self.data, torch.get_num_threads()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Seeds all that is left to chance in the step, such as dropout."""
        seed = hash((self.asked.training.seed, self.used, self.trainer.global_rank)) % (1 << 63)
        if self.device.type == "cpu":  # for all devices it takes milliseconds, and torch keeps a note of every call
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        self.used += 1

    def training_step(self, batch: tuple[Tensor, ...]) -> dict[str, Any]:
        """Returns the loss of one batch, and its terms."""
        images, *truth = batch
        levels = self.supervision
        images = arranged(images, self.patches.plan)
        logits = self.model(images) if levels is None else levels.logits(self.model, images)
        terms = self.asked.loss.terms(scene(logits, *truth))
        if levels is not None:
            terms = levels.terms(self.asked.loss, terms, truth)
        return {"loss": sum(terms.values()), "terms": {name: value.detach() for name, value in terms.items()}}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Returns the optimizer of the run."""
        made = self.asked.optimizer.make(self.parameters())
        for group in made.param_groups:
            group["initial_lr"] = group["lr"]  # kept in checkpoints, where `lr` is what the schedule made of it
        return made


def recompute(module: nn.Module) -> None:
    """Makes a module compute its activations again in the backward pass, instead of keeping them."""
    forward = module.forward

    def lean(*inputs: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*inputs)
        return checkpoint(forward, *inputs, use_reentrant=False)

    module.forward = lean  # the module's name, and so its weights', stays
