"""The training of a run in one process: data, training loop, scores on whole images, and the files of the run."""

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

from unetkit.data import Pairs, Patches, PatchSettings, Preprocessing, Splits, covering_window, preprocessing_of
from unetkit.data.preprocessing.signature import OutputRecord, Signature, signature_of
from unetkit.document.merge import as_lists
from unetkit.document.reader import written_form
from unetkit.errors import Fault, FileError
from unetkit.host.allocator import kept_memory
from unetkit.model import build
from unetkit.planning import plan
from unetkit.scoring.outputs import score_outputs, scores_file
from unetkit.train.loop.budget import TrainingBudget
from unetkit.train.loop.checkpoint import AtomicCheckpointIO, read_checkpoint
from unetkit.train.loop.initial_weights import load_initial_weights
from unetkit.train.loop.log import TrainingLog
from unetkit.train.loop.loggers import loggers, quiet
from unetkit.train.loop.progress_bar import TrainingBar, print_lines
from unetkit.train.loop.recomputation import recompute
from unetkit.train.loop.segmentation import Segmentation
from unetkit.train.loop.validation import Validation
from unetkit.train.machine import Machine, TrainError
from unetkit.train.memory import check_step_memory, num_processes, on_cpu, patch_size, recomputation
from unetkit.train.network_checks import check_pairs, check_samples
from unetkit.train.parts.task import pixel_maps
from unetkit.train.result import RunResult, write_log, write_result, write_timing
from unetkit.train.run_folder import CHECKPOINT, data_changed, is_main_process
from unetkit.train.runspec import RunSpec
from unetkit.trained.modelfile import Trained
from unetkit.writing import write_whole

MAX_POINTS, MAX_ROWS = 500, 2000
"""Largest numbers of points of a curve, and of rows of scores, that a model file stores."""
_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


class Trainer:
    """The training of a run in one process."""

    def __init__(self, run: RunSpec, folder: Path, machine: Machine, splits: Splits, *, progress: bool) -> None:
        self.run = run
        self.folder = folder
        self.machine = machine
        self.progress = progress
        self.plan = plan(run.network)
        self.splits = splits
        pairs = splits.train.subset(run.training.fraction)
        check_pairs(self.plan, pairs, run.tasks)
        self.preprocessing = preprocessing_of(run.data, pairs)
        self.signature = _signature(run, pairs, self.preprocessing)
        self.pairs = self.preprocessing.pairs(pairs)
        self.size = patch_size(run, [min(axis) for axis in zip(*(pair.size for pair in self.pairs), strict=True)])
        check_samples(run, self.plan, self.size, processes=num_processes(machine))
        again = recomputation(run, self.plan, self.size)
        self.stretches = again.stretches(self.plan)
        if run.training.memory and progress and is_main_process():
            print_lines([f"computed again in the backward pass, for {run.training.memory}: {again.text()}"])
        self.model = build(run.network, seed=run.training.seed)
        self.initial_weights = load_initial_weights(self.model, run)
        if self.initial_weights and progress and is_main_process():
            print_lines(self.initial_weights.lines())
        training = run.training
        self.budget = TrainingBudget(num_steps(run, self.pairs, self.size), training.minutes, run.schedule)
        self.log = TrainingLog(folder / CHECKPOINT, training.log_every, training.checkpoint_every)
        self.validation = Validation(splits.validation, self.preprocessing, training, lambda: self._save("best"))

    def result(self) -> RunResult:
        """Trains, scores whole images, and writes all files; the result is empty in processes other than the first."""
        training = self.run.training
        if on_cpu(self.machine):
            check_step_memory(self.plan, self.size, training.batch, self.run.optimizer.copies, self.stretches)
        state = read_checkpoint(self.folder / CHECKPOINT)
        if state and state["data"] != self.splits.fingerprint:
            raise data_changed(self.folder)
        threads = state["threads"] if state else self.machine.threads or torch.get_num_threads()
        torch.set_num_threads(threads)
        if state and state["finished"]:  # interrupted between the last step and the result
            steps: int | None = self._restore(state)
        else:
            steps = self._fit(state["global_step"] if state else None)
        if steps is None:
            return RunResult(self.folder, {})
        self._save("last")
        if not (self.folder / "best.safetensors").exists():
            self._save("best")
        best = Trained.load(self.folder / "best.safetensors")
        split = "test" if self.splits.test else "validation" if self.splits.validation else "train"
        targets = {task.name: task.target for task in self.run.tasks}
        by_output = score_outputs(best.model, getattr(self.splits, split), self.preprocessing, targets)
        scores, *others = by_output.values()
        for name, one in by_output.items():
            write_whole(self.folder / scores_file(name if one is not scores else ""), one.csv().encode())
        write_log(self.folder, self.log.loss, self.log.rates, self.validation.points)
        write_timing(self.folder, self.budget.seconds, steps, threads, self.machine)
        network = self.plan.for_inference()
        values = {
            "run": self.run.resolve(),
            "digest": network.digest,
            "parameters": network.parameters,
            "macs": network.macs(covering_window(network, self.size).input_size),
            "data": self.splits.fingerprint,
            "weights": self.initial_weights.json() if self.initial_weights else None,
            "seed": training.seed,
            "fraction": training.fraction,
            "steps": steps,
            "classes": list(self.pairs.classes),
            "scores": {"split": split, "images": scores.plain()},
            "loss": self.log.loss,
            "validation": self.validation.points,
        }
        if others:
            values["outputs"] = {name: {"mean": one.means, "images": one.plain()} for name, one in by_output.items()}
        self._add_history("last", values, scored=False)
        self._add_history("best", values, scored=True)
        return write_result(self.folder, values)

    def _save(self, name: str) -> None:
        """Writes the present network to a model file in the folder."""
        summary = {"run": self.run.resolve(), "fraction": self.run.training.fraction, "seed": self.run.training.seed}
        trained = Trained(self.model, self.signature, data=self.splits.fingerprint, training=summary)
        trained.save(self.folder / f"{name}.safetensors")

    def _add_history(self, name: str, values: dict[str, Any], *, scored: bool) -> None:
        """Adds curves and scores to a model file, so that its card does not need the run's folder."""
        trained = Trained.load(self.folder / f"{name}.safetensors")
        history = {key: values[key] for key in ("steps", "digest")}
        history |= {key: _thinned(values[key]) for key in ("loss", "validation")}
        if scored:
            scores, num_rows = values["scores"], len(values["scores"]["images"])
            too_many = {"split": scores["split"], "left_out": num_rows}
            history["scores"] = too_many if num_rows > MAX_ROWS else scores
            history["outputs"] = {name: {"mean": one["mean"]} for name, one in values.get("outputs", {}).items()}
        replace(trained, training={**trained.training, **history}).save(self.folder / f"{name}.safetensors")

    @property
    def _callbacks(self) -> list[lightning.Callback]:
        return [self.budget, *[self.validation] * bool(self.splits.validation), self.log]

    def _restore(self, state: dict[str, Any]) -> int:
        """Restores weights and log from the checkpoint of a finished training, and returns its steps."""
        weights = {name: tensor for name, tensor in state["state_dict"].items() if name.startswith("model.")}
        self.model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in weights.items()})
        self.model.eval()
        for one in self._callbacks:
            one.load_state_dict(state["callbacks"][one.state_key])
        return int(state["global_step"])

    def _fit(self, resumed_after: int | None) -> int | None:
        """Trains to the end and returns the steps; None in all processes but the first."""
        training = self.run.training
        settings = PatchSettings(
            self.size, training.seed, self.run.augmentation, balance=training.balance, maps=pixel_maps(self.run.tasks)
        )
        patches = Patches(self.pairs, self.preprocessing.normalization, self.plan, settings)
        module = Segmentation(self.model, patches, self.run, self.splits.fingerprint)
        recompute(self.model, self.stretches)
        bars = [TrainingBar(self.budget, self.run.spec.name)] if self.progress else []
        memory = kept_memory() if on_cpu(self.machine) else nullcontext()
        with quiet(), memory, torch.random.fork_rng(devices=[]):
            trainer = self._trainer([*self._callbacks, *bars], resumed_after or 0)
            if training.batch % trainer.world_size:  # before the other processes start
                message = f"a batch of {training.batch} patches cannot be divided among {trainer.world_size} processes"
                fault = Fault("batch", message, cure=f"Use a multiple of {trainer.world_size}.")
                raise self.run.blame(fault, "training", "batch")
            checkpoint = None if resumed_after is None else self.folder / CHECKPOINT
            try:
                with _kill_others_on_failure(trainer):
                    trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
            except OSError as error:  # from a logger; unetkit's own files raise FileError
                cure = "Free some space and repeat the command: the run resumes from its last checkpoint."
                message = f"{self.folder}: {error.strerror or error}"
                raise FileError(Fault("file-unwritable", message, cure=cure)) from error
            except SIGTERMException as error:  # if no handler is installed; Lightning would exit with 0
                raise SystemExit(128 + signal.SIGTERM) from error
            except ValueError as error:  # from a batch norm inside a third-party block, which the plan cannot see
                if "more than 1 value per channel" not in str(error):
                    raise
                cure = "Use a larger training.patch or training.batch."
                raise TrainError(Fault("size-too-small", str(error), "training.patch", cure)) from error
        self.model.cpu().eval()
        return trainer.global_step if trainer.is_global_zero else None

    def _trainer(self, callbacks: list[lightning.Callback], done: int) -> lightning.Trainer:
        """Lightning's trainer; raises TrainError where the machine is not available."""
        training, machine = self.run.training, self.machine
        try:
            return lightning.Trainer(
                accelerator=machine.accelerator,
                devices=machine.devices,
                strategy=machine.strategy,
                num_nodes=machine.nodes,
                precision=cast(Any, _PRECISIONS[training.precision]),
                max_epochs=1,
                accumulate_grad_batches=training.accumulate,
                gradient_clip_val=training.clip,
                callbacks=callbacks,
                plugins=[AtomicCheckpointIO()],
                use_distributed_sampler=False,  # the module divides the patches itself
                sync_batchnorm=torch.cuda.is_available(),
                logger=loggers(training.logger, self.run.spec.name, self.folder, done),
                enable_checkpointing=False,
                enable_model_summary=False,
                enable_progress_bar=self.progress,
                default_root_dir=self.folder,
            )
        except (MisconfigurationException, ValueError, TypeError, RuntimeError, ImportError) as error:
            options = f"accelerator {machine.accelerator}, devices {machine.devices}, strategy {machine.strategy}"
            reason = str(error).partition("\n")[0]
            cure = "Change --accelerator, --devices, --strategy or --nodes."
            raise TrainError(Fault("machine", f"{options}: {reason}", cure=cure)) from error


@contextmanager
def _kill_others_on_failure(trainer: lightning.Trainer) -> Iterator[None]:
    """Kills the other processes of a distributed training where this one fails; they would wait for it forever."""
    try:
        yield
    except BaseException:
        kill = getattr(trainer.strategy.launcher, "kill", None)
        if kill is not None:
            kill(signal.SIGKILL)
        raise


def _signature(run: RunSpec, pairs: Pairs, preprocessing: Preprocessing) -> Signature:
    """The record of the network that a run trains."""
    channels = {output.name: output.channels for output in run.network.for_inference().outputs}
    tasks = [task for task in run.tasks if task.name in channels]
    counts = {task.name: max(2, channels[task.name]) for task in tasks if task.target.kind == "classes"}
    signature = signature_of(run.data, pairs, preprocessing, counts.get(tasks[0].name, len(pairs.classes)))
    taken = run.network.for_inference().vectors
    vectors = tuple(one for one in signature.vectors if one.name in taken)
    signature = signature.model_copy(update={"vectors": vectors})
    if len(tasks) == 1 and counts:
        return signature
    records = tuple(
        OutputRecord(
            name=task.name,
            kind=task.target.kind,
            names=task.target.names(pairs.classes[: counts.get(task.name)]),
            target=as_lists(written_form(task.target, run.types)),
        )
        for task in tasks
        if task.target.kind != "presence"  # which exists in training only
    )
    return signature.model_copy(update={"outputs": records})


def _thinned(points: list[Any]) -> list[Any]:
    """At most MAX_POINTS points of a curve, evenly spaced, including the first and the last.

    >>> len(_thinned(list(range(10_000)))), _thinned(list(range(10_000)))[-1]
    (500, 9999)
    """
    if len(points) <= MAX_POINTS:
        return points
    return [points[round(index * (len(points) - 1) / (MAX_POINTS - 1))] for index in range(MAX_POINTS)]


def num_steps(run: RunSpec, pairs: Pairs, size: tuple[int, ...]) -> float:
    """The number of steps, infinite where only minutes are given; in an epoch each pixel is seen once on average."""
    training = run.training
    steps = inf if training.steps is None else training.steps
    if training.epochs is not None:
        pixels = training.epochs * sum(prod(pair.size) for pair in pairs)
        steps = min(steps, ceil(pixels / (training.batch * training.accumulate * prod(size))))
    return steps
