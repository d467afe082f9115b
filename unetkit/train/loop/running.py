"""One process's work on a run: data, training with Lightning, whole images measured, everything written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from math import ceil, inf, prod
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn

from unetkit.data import Pairs, Patches, PatchSettings, Preprocessing, Splits, covering_window, preprocessing_of
from unetkit.data.preprocessing.signature import signature_of
from unetkit.errors import Fault, FileError
from unetkit.host.allocator import kept_memory
from unetkit.model import build
from unetkit.planning import Plan, plan
from unetkit.scoring import evaluate
from unetkit.train.errors import TrainError
from unetkit.train.folder import beside, data_changed
from unetkit.train.loop.beginning import begin
from unetkit.train.loop.checkpoint import WholeFiles, read_checkpoint
from unetkit.train.loop.loggers import loggers
from unetkit.train.loop.machine import check_memory, on_cpu, processes_of
from unetkit.train.loop.network import check_fit
from unetkit.train.loop.pace import TrainingBudget
from unetkit.train.loop.progress import TrainingBar, tell
from unetkit.train.loop.quiet import quiet
from unetkit.train.loop.task import Segmentation
from unetkit.train.loop.validation import Validation
from unetkit.train.loop.watch import TrainingLog
from unetkit.train.options import Machine
from unetkit.train.result import RunResult, timing, write_log, write_result
from unetkit.train.run_keys import PATCH
from unetkit.train.runspec import RunSpec
from unetkit.train.samples import check_samples
from unetkit.trained.modelfile import Trained
from unetkit.writing import write_whole

MOST_POINTS, MOST_ROWS = 500, 2000
"""Of a curve, and of scores, that a model file keeps."""
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


class Trainer:
    """One process's work on a run."""

    def __init__(self, run: RunSpec, folder: Path, machine: Machine, splits: Splits, *, progress: bool) -> None:
        self.run = run
        self.folder = folder
        self.machine = machine
        self.progress = progress
        self.plan: Plan = plan(run.spec)
        self.splits = splits
        self.pairs: Pairs = self.splits.train.subset(run.training.fraction)
        check_fit(self.plan, self.pairs)
        self.preprocessing: Preprocessing = preprocessing_of(run.data, self.pairs)
        self.signature = signature_of(run.data, self.pairs, self.preprocessing, max(2, run.spec.out_channels))
        self.pairs = self.preprocessing.pairs(self.pairs)
        self.size = patch_size(run, self.pairs)
        check_samples(run, self.plan, self.size, processes=processes_of(machine))
        self.model: nn.Module = build(run.spec, seed=run.training.seed)
        self.beginning = begin(self.model, run)
        if self.beginning and progress and not beside():
            tell(self.beginning.lines())

    def result(self) -> RunResult:
        """Trains, measures on whole images, and writes everything."""
        training = self.run.training
        if on_cpu(self.machine):
            check_memory(
                self.plan,
                self.size,
                training.batch,
                optimizer_copies=self.run.optimizer.copies,
                levels=training.checkpointing,
            )
        checkpoint = self.folder / "checkpoints" / "last.ckpt"
        state = read_checkpoint(checkpoint)
        if state and state["data"] != self.splits.fingerprint:
            raise data_changed(self.folder)
        threads = state["threads"] if state else self.machine.threads or torch.get_num_threads()
        torch.set_num_threads(threads)
        num_steps = steps_of(self.run, self.pairs, self.size)
        pace = TrainingBudget(num_steps, training.minutes, self.run.schedule)
        watch = TrainingLog(self.folder, training.log_every, training.checkpoint_every)
        keep = lambda: self.save("best")  # noqa: E731 - the one thing that a validation does
        validation = Validation(
            self.splits.validation,
            self.preprocessing,
            keep,
            every=training.validate_every,
            patience=training.early_stopping,
        )
        callbacks: list[lightning.Callback] = [pace, *[validation] * bool(self.splits.validation), watch]
        if state and state["callbacks"][watch.state_key]["finished"]:  # broken off between the last step and the result
            steps: int | None = self.restore(state, callbacks)
        else:
            done = state["global_step"] if state else 0
            steps = self.fit(callbacks, pace, checkpoint if state else None, done)
        if steps is None:  # another process than the first
            return RunResult(self.folder, {})
        self.save("last")
        if not (self.folder / "best.safetensors").exists():
            self.save("best")
        best = Trained.load(self.folder / "best.safetensors")
        split = "test" if self.splits.test else "validation" if self.splits.validation else "train"
        scores = evaluate(best.model, getattr(self.splits, split), self.preprocessing)
        write_whole(self.folder / "scores.csv", scores.csv().encode())
        write_log(self.folder, watch.loss, watch.rates, validation.points)
        write_whole(self.folder / "timing.json", timing(pace.seconds, steps, threads, self.machine))
        values = {
            "run": self.run.resolve(),
            "digest": self.plan.digest,
            "parameters": self.plan.parameters,
            "macs": self.plan.at(covering_window(self.plan, self.size).input_size).macs,
            "data": self.splits.fingerprint,
            "weights": self.beginning.plain() if self.beginning else None,
            "seed": training.seed,
            "fraction": training.fraction,
            "steps": steps,
            "classes": list(self.pairs.classes),
            "scores": {"split": split, "images": scores.plain()},
            "loss": watch.loss,
            "validation": validation.points,
        }
        for name in ("last", "best"):
            self.tell(name, values, scored=name == "best")
        return write_result(self.folder, values)

    def tell(self, name: str, values: dict[str, Any], *, scored: bool) -> None:
        """Writes into a model file how it was trained, so that it can be described where its run is not at hand."""
        kept = Trained.load(self.folder / f"{name}.safetensors")
        known = {key: values[key] for key in ("steps", "digest")}
        known |= {key: thinned(values[key]) for key in ("loss", "validation")}
        if scored:
            rows = values["scores"]["images"]
            many = len(rows) > MOST_ROWS
            known["scores"] = {"split": values["scores"]["split"], "left_out": len(rows)} if many else values["scores"]
        replace(kept, training={**kept.training, **known}).save(self.folder / f"{name}.safetensors")

    def restore(self, state: dict[str, Any], callbacks: list[lightning.Callback]) -> int:
        """Takes weights and log from the checkpoint of a training that came to its end, and returns its steps."""
        own = {name: tensor for name, tensor in state["state_dict"].items() if name.startswith("model.")}
        weights = {name.removeprefix("model."): tensor for name, tensor in own.items()}
        self.model.load_state_dict(weights)
        self.model.eval()
        for one in callbacks:
            one.load_state_dict(state["callbacks"][one.state_key])
        return int(state["global_step"])

    def fit(
        self, callbacks: list[lightning.Callback], pace: TrainingBudget, checkpoint: Path | None, done: int
    ) -> int | None:
        """Trains to the end, after `done` steps, and returns the steps; None in all processes but the first."""
        training = self.run.training
        settings = PatchSettings(
            self.size,
            training.seed,
            self.run.augmentation,
            balance=training.balance,
            weight=self.run.loss.weight_map(),
        )
        patches = Patches(self.pairs, self.preprocessing.normalization, self.plan, settings)
        task = Segmentation(self.model, patches, self.run, self.splits.fingerprint)
        if self.progress:
            callbacks = [*callbacks, TrainingBar(pace, self.run.spec.name)]
        memory = kept_memory() if on_cpu(self.machine) else nullcontext()
        with quiet(), memory, torch.random.fork_rng(devices=[]):
            trainer = self.trainer(callbacks, done)
            if training.batch % trainer.world_size:  # told before the other processes begin
                message = f"a batch of {training.batch} patches cannot be shared by {trainer.world_size} processes"
                cure = f"Give a multiple of {trainer.world_size}."
                raise self.run.blame(Fault("batch", message, cure=cure), "training", "batch")
            try:
                with together(trainer):
                    trainer.fit(task, ckpt_path=checkpoint, weights_only=True)
            except OSError as error:  # of a log; what unetkit writes tells its own
                reason = error.strerror or str(error)
                cure = "Make room, and run the same again: it goes on from its last checkpoint."
                raise FileError(Fault("file-unwritable", f"{self.folder}: {reason}", cure=cure)) from error
            except SIGTERMException as error:  # in a program that does not handle the signal: Lightning exits with 0
                raise SystemExit(128 + signal.SIGTERM) from error
            except ValueError as error:  # of a batch norm in a block of others, of which the plan knows nothing
                if "more than 1 value per channel" not in str(error):
                    raise
                cure = "Take a larger training.patch, or a larger training.batch."
                raise TrainError(Fault("size-too-small", str(error), "training.patch", cure)) from error
        self.model.cpu().eval()
        return trainer.global_step if trainer.is_global_zero else None

    def trainer(self, callbacks: list[lightning.Callback], done: int) -> lightning.Trainer:
        """Returns Lightning's trainer; raises TrainError where there is no such machine."""
        training, machine = self.run.training, self.machine
        try:
            return lightning.Trainer(
                accelerator=machine.accelerator,
                devices=machine.devices,
                strategy=machine.strategy,
                num_nodes=machine.nodes,
                precision=cast(Any, PRECISIONS[training.precision]),
                max_epochs=1,
                accumulate_grad_batches=training.accumulate,
                gradient_clip_val=training.clip,
                callbacks=callbacks,
                plugins=[WholeFiles()],
                use_distributed_sampler=False,  # the task shares the patches out itself
                sync_batchnorm=torch.cuda.is_available(),
                logger=loggers(training.logger, self.run.spec.name, self.folder, done),
                enable_checkpointing=False,
                enable_model_summary=False,
                enable_progress_bar=self.progress,
                default_root_dir=self.folder,
            )
        except (MisconfigurationException, ValueError, TypeError, RuntimeError, ImportError) as error:
            asked = f"accelerator {machine.accelerator}, devices {machine.devices}, strategy {machine.strategy}"
            reason = str(error).partition("\n")[0]
            cure = "Change --accelerator, --devices, --strategy or --nodes."
            raise TrainError(Fault("machine", f"{asked}: {reason}", cure=cure)) from error

    def save(self, name: str) -> None:
        """Writes the network as it is to a model file of the folder."""
        summary = {"run": self.run.resolve(), "fraction": self.run.training.fraction, "seed": self.run.training.seed}
        trained = Trained(self.model, self.signature, data=self.splits.fingerprint, training=summary)
        trained.save(self.folder / f"{name}.safetensors")


@contextmanager
def together(trainer: lightning.Trainer) -> Iterator[None]:
    """Ends the other processes of a training where this one fails or is stopped: they would wait for it."""
    try:
        yield
    except BaseException:
        end = getattr(trainer.strategy.launcher, "kill", None)
        if end is not None:
            end(signal.SIGKILL)
        raise


def thinned(points: list[Any]) -> list[Any]:
    """Returns points of a curve, evenly chosen where they are many; the first and the last stay.

    >>> len(thinned(list(range(10_000)))), thinned(list(range(10_000)))[-1]
    (500, 9999)
    """
    if len(points) <= MOST_POINTS:
        return points
    return [points[round(at * (len(points) - 1) / (MOST_POINTS - 1))] for at in range(MOST_POINTS)]


def patch_size(run: RunSpec, pairs: Pairs) -> tuple[int, ...]:
    """Returns the size that a patch's output holds at least."""
    patch = run.training.patch
    if isinstance(patch, tuple):
        return patch
    if patch is not None:
        return (patch,) * run.spec.dims
    sizes = [pair.size for pair in pairs]
    return tuple(min(PATCH[run.spec.dims], *axis) for axis in zip(*sizes, strict=True))


def steps_of(run: RunSpec, pairs: Pairs, size: tuple[int, ...]) -> float:
    """Returns the number of steps, infinite where minutes alone end it; an epoch shows every pixel once."""
    training = run.training
    steps = inf if training.steps is None else training.steps
    if training.epochs is not None:
        pixels = training.epochs * sum(prod(pair.size) for pair in pairs)
        steps = min(steps, ceil(pixels / (training.batch * training.accumulate * prod(size))))
    return steps
