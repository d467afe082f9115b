"""The Lightning module: a network with its patches, loss and optimizer."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler

from unetkit.data import Patches
from unetkit.model.interface import arrange, arranged
from unetkit.model.network import Network
from unetkit.train.parts.outputs import OutputLosses
from unetkit.train.runspec import RunSpec


class ResumedSampler(Sampler[int]):
    """The indices of one process's patches: every `step`-th from `first`, which earlier steps have not used."""

    def __init__(self, first: int, step: int, count: int) -> None:
        self.indices = range(first, count, step)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)


class Segmentation(lightning.LightningModule):
    """Trains a network on patches. A step depends only on the run and on the number of the step."""

    def __init__(self, model: Network, patches: Patches, run: RunSpec, fingerprint: str) -> None:
        super().__init__()
        self.model = model
        self.patches = patches
        self.run = run
        self.fingerprint = fingerprint
        """Of the data; saved in checkpoints."""
        self.losses = OutputLosses(patches.plan, patches.window.input_size, run.tasks)
        self.num_batches = 0
        """Batches that this process has used since the start of the run."""
        arrange(self, patches.plan)

    def train_dataloader(self) -> DataLoader[Any]:
        """Each of n processes takes every n-th patch, beginning with those of the next step."""
        training, num_processes = self.run.training, self.trainer.world_size
        self.num_batches = self.trainer.global_step * training.accumulate
        first = self.num_batches * training.batch + self.trainer.global_rank
        sampler = ResumedSampler(first, num_processes, len(self.patches))
        size, workers = training.batch // num_processes, self.run.data.workers
        # The default of Python 3.14 would copy all images to each worker; a fork shares them.
        context = "fork" if workers and sys.platform == "linux" else None
        return DataLoader(
            self.patches,
            batch_size=size,
            sampler=sampler,
            num_workers=workers,
            multiprocessing_context=context,
            worker_init_fn=_stay_silent if workers else None,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Saves the fingerprint of the data, and the number of threads, which affects floating-point sums."""
        checkpoint["data"], checkpoint["threads"] = self.fingerprint, torch.get_num_threads()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Seeds everything random in the step, such as dropout."""
        seed = hash((self.run.training.seed, self.num_batches, self.trainer.global_rank)) % (1 << 63)
        if self.device.type == "cpu":  # seeding all devices takes milliseconds, and torch records each call
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        self.num_batches += 1
        self.freeze_levels()

    def freeze_levels(self) -> None:
        """Keeps frozen what is frozen at this step; what the run unfreezes is trained from its step on."""
        spec, step = self.patches.plan.spec, self.trainer.global_step
        trained = {level for start, levels in self.run.training.unfreeze.items() if step >= start for level in levels}
        frozen = frozenset(spec.frozen).difference(spec.encoder_scopes(trained))
        if frozen != self.model.frozen:
            self.model.freeze(frozen)

    def training_step(self, batch: tuple[Tensor, ...]) -> dict[str, Any]:
        """The loss of one batch, and its terms."""
        images, labels, *others = batch
        count = len(self.patches.plan.vectors)
        outputs = self.model(arranged(images, self.patches.plan), *others[:count])
        terms = self.losses.terms(outputs, labels, others[count:])
        return {"loss": sum(terms.values()), "terms": {name: value.detach() for name, value in terms.items()}}

    def rated_parameters(self) -> Iterable[Any]:
        """The parameters; in groups by part where parts have learning rates of their own."""
        rates = {str(part): factor for part, factor in self.run.training.learning_rates.items()}
        plan = self.patches.plan
        if not rates:
            return self.parameters()
        groups: dict[float, list[nn.Parameter]] = {}
        for scope, side in {call.scope: call.side for call in plan.calls if not plan.is_input(call)}.items():
            factor = rates.get(side, 1.0)
            groups.setdefault(factor, []).extend(self.model.get_submodule(scope).parameters())
        base = self.run.optimizer.learning_rate
        return [{"params": params, "lr": base * factor} for factor, params in groups.items() if params]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimizer of the run; `initial_lr` keeps the learning rate before the schedule, also in checkpoints."""
        optimizer = self.run.optimizer.make(self.rated_parameters())
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        return optimizer


def _stay_silent(worker: int) -> None:
    """Keeps a loading worker from printing that the training, which was stopped, no longer reads from it.

    The thread that hands batches over reports a broken connection by `sys.excepthook`; an error while a batch is made
    reaches the training as an exception, without it.
    """
    report = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, ConnectionError | EOFError):
            report(kind, error, trace)

    sys.excepthook = hook
