"""A run: a network, data and training, from one YAML file. Nothing here needs torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.block import Component
from unetkit.data.loading import data_of, load_data
from unetkit.data.patches.augmentation import Augmentation
from unetkit.data.spec import DataSpec
from unetkit.data.targets import Target
from unetkit.data.vectors import vector_faults
from unetkit.document.document import Document, from_values, inner, override, read, to_text
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import Key, TreeNode, as_lists, plain
from unetkit.document.reader import Reader, written_form
from unetkit.errors import Fault, FileError, SpecError
from unetkit.language import Spec, find_spec, load, spec_of
from unetkit.language.find import SUFFIXES
from unetkit.train.parts.losses import Loss
from unetkit.train.parts.optimizers import Optimizer
from unetkit.train.parts.schedules import Schedule
from unetkit.train.parts.task import OutputTask, task_faults, tasks_of, trained_network
from unetkit.train.run_keys import RunKeys, Training
from unetkit.train.weightsfile import CHANGED, digest_of
from unetkit.wording import listed

SLOTS = ("loss", "optimizer", "schedule")
_BY_OUTPUT = ("losses", "targets", "loss_weights")
_OF_PARTS = ("unfreeze", "learning_rates")
"""The keys that stand in a canonical form only where they say something."""
"""Settings of outputs by name."""


class TrainingParts(NamedTuple):
    """The components of a training."""

    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    augmentation: tuple[Augmentation, ...]
    losses: dict[str, Loss]
    targets: dict[str, Target]


@dataclass(frozen=True)
class RunSpec:
    """A network, its data and its training."""

    spec: Spec
    data: DataSpec
    training: Training
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    augmentation: tuple[Augmentation, ...]
    losses: dict[str, Loss]
    """Losses of outputs, in place of `loss`."""
    targets: dict[str, Target]
    """What outputs predict, where it is not the classes of the data."""
    types: dict[type[Component], str] = field(repr=False)
    """The registered name of each kind of component."""
    document: Document | None = field(default=None, repr=False, compare=False)
    taken: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What was taken from the files of a folder, as lines to be shown."""

    @cached_property
    def network(self) -> Spec:
        """The network that is trained: the spec, with heads at coarser levels where deep supervision adds them."""
        return trained_network(self.spec, self.training.deep_supervision)

    @cached_property
    def tasks(self) -> tuple[OutputTask, ...]:
        """What each output of the trained network is trained for."""
        parts = TrainingParts(*(getattr(self, name) for name in TrainingParts._fields))
        return _tasks(self.network, self.training, parts._replace(targets=self.data.targets | self.targets))

    def resolve(self) -> dict[str, Any]:
        """The canonical form as plain values, with absolute paths; loading it gives an equal run."""
        parts = TrainingParts(*(getattr(self, name) for name in TrainingParts._fields))
        form = _training_form(self.training, parts, self.types)
        values = {"unetkit": 1, "spec": self.spec.resolve(), "data": self.data.resolve(), "training": form}
        plain: dict[str, Any] = as_lists(values)
        return plain

    def text(self) -> str:
        """The canonical form as YAML."""
        return to_text(self.resolve())

    def blame(self, fault: Fault, *path: Key) -> SpecError:
        """The error for a fault at a path of the run, with its place."""
        place = self.document.place(path) if self.document else None
        return SpecError(Fault(fault.code, fault.message, ".".join(map(str, path)), fault.cure, fault.place or place))


def _tasks(network: Spec, training: Training, parts: TrainingParts) -> tuple[OutputTask, ...]:
    """What each output of a trained network is trained for."""
    settings = parts.losses, parts.targets, training.loss_weights, training.deep_supervision
    return tasks_of(network, parts.loss, *settings)


def _training_form(training: Training, parts: TrainingParts, types: Mapping[type[Component], str]) -> dict[str, Any]:
    """The settings of a training as plain values, every default filled in."""
    fields, values = Training.model_fields, training.model_dump()
    form = {key: value for key, value in values.items() if value is not None or fields[key].default is not None}
    if training.weights is None:
        del form["partial"]  # which has no effect then
    form |= {slot: written_form(getattr(parts, slot), types) for slot in SLOTS}
    for name in ("losses", "targets"):
        form[name] = {output: written_form(one, types) for output, one in getattr(parts, name).items()}
    form = {key: value for key, value in form.items() if value or key not in (*_BY_OUTPUT, *_OF_PARTS)}
    return form | {"augmentation": [written_form(one, types) for one in parts.augmentation]}


def load_run(
    source: str | PathLike[str] | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    folder: Path | None = None,
    data: DataSpec | None = None,
) -> RunSpec:
    """The run in a file, or given as plain values; `overrides` are `path=VALUE`, as in `spec.skip.align=pad`.

    Paths are relative to the folder of the file; in plain values, to `folder` or the current one. `data` replaces those
    that the run names. No images are read, except from a folder in place of a data file. Raises SpecError with all
    faults.
    """
    if isinstance(source, Mapping):
        document, file = from_values(source), (folder or Path()) / "<values>"
    else:
        file = Path(source)
        document = read(file)
        expect_kind(document, "run")
    return RunLoader(document, file, tuple(overrides), data).run()


def training_values(node: TreeNode, dims: int) -> dict[str, Any]:
    """The values under `training`, every default filled in, for images of so many axes.

    Raises SpecError with everything that is wrong, a missing budget left aside.
    """
    name, _ = next(iter(node.value.values()), (node, node)) if isinstance(node.value, dict) else (node, node)
    document = Document(node.source.name, TreeNode({"training": (name, node)}, node.source, node.start, node.end))
    loader = RunLoader(document, Path(node.source.name), ())
    loader.dims = dims
    if not isinstance(node.value, dict):
        cure = "Write a map, such as {steps: 1000}."
        loader.fault(Fault("wrong-value", f"{plain(node)!r} is no map of settings", cure=cure), "training")
        loader.stop()
    training, parts = loader.training(plain(node), budget=False)
    loader.check_patch(training, dims)
    loader.raise_faults()
    return as_lists(_training_form(training, parts, loader.types))  # type: ignore[no-any-return]


class RunLoader(Reader):
    """Reads a run."""

    def __init__(
        self, document: Document, file: Path, overrides: tuple[str, ...], data: DataSpec | None = None
    ) -> None:
        inside = {key: [one for one in overrides if one.startswith(f"{key}.")] for key in ("spec", "data")}
        super().__init__(override(document, [one for one in overrides if not one.startswith(("spec.", "data."))]))
        self.overrides = {key: [one.removeprefix(f"{key}.") for one in found] for key, found in inside.items()}
        self.file = file
        self.known = data

    def run(self) -> RunSpec:
        """The run; raises SpecError with everything that is wrong."""
        keys = self.read_keys(RunKeys, self.document.values())
        spec: Spec | None = self.tried(self.spec, keys.spec)
        if spec:
            self.dims = spec.dims
        data: DataSpec | None = self.tried(self.data, keys.data, spec and spec.dims)
        training, parts = self.training(keys.training)
        components = (*parts[:3], *parts.augmentation, *parts.losses.values(), *parts.targets.values())
        if spec and data and None not in components:
            self.check(spec, data, training, parts)
        self.raise_faults()
        assert spec is not None
        assert data is not None
        return RunSpec(spec, data, training, *parts, self.types, self.document, data.inferred)

    def tried(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a method that is named after a key; None, with faults collected, where that is wrong."""
        try:
            return make(*arguments)
        except (SpecError, FileError) as error:
            self.collect(error, make.__name__)
            return None

    def spec(self, reference: str | dict[str, Any]) -> Spec:
        """The network."""
        overrides = self.overrides["spec"]
        if isinstance(reference, str):
            return load(find_spec(reference, self.file), overrides)
        return spec_of(override(inner(self.document.node("spec"), self.file, find=find_spec), overrides))

    def data(self, reference: str | dict[str, Any], dims: int | None) -> DataSpec:
        """The data; `dims` are the axes of the images of a folder, where they are known."""
        overrides = self.overrides["data"]
        if self.known is not None:
            return self.known
        if isinstance(reference, str):
            source = reference if reference == "mni" else self.file.parent / reference
            return load_data(source, overrides, dims=dims)
        return data_of(override(inner(self.document.node("data"), self.file), overrides), self.file.parent)

    def training(self, values: Mapping[str, Any], *, budget: bool = True) -> tuple[Training, TrainingParts]:
        """The settings of the training and its components, which are None where they are wrong."""
        before = len(self.faults)
        training = self.read_keys(Training, values, "training")
        if len(self.faults) == before:
            training = self.checked(training, budget=budget)
        loss, optimizer, schedule = (self.read_slot(slot, getattr(training, slot), "training", slot) for slot in SLOTS)
        augmentation = [
            self.read_slot("augmentation", one, "training", "augmentation", index)
            for index, one in enumerate(training.augmentation)
        ]
        losses, targets = (
            {name: self.read_slot(slot, one, "training", key, name) for name, one in getattr(training, key).items()}
            for slot, key in (("loss", "losses"), ("target", "targets"))
        )
        return training, TrainingParts(loss, optimizer, schedule, tuple(augmentation), losses, targets)

    def checked(self, training: Training, *, budget: bool) -> Training:
        """The settings with the weights file by its absolute path; collects settings that do not go together."""
        if budget and training.steps is None and training.epochs is None and training.minutes is None:
            fault = Fault("no-budget", "the length of the training is missing", cure="Give steps, epochs or minutes.")
            self.fault(fault, "training", key=True)
        if training.early_stopping is not None and training.validate_every is None:
            reason, cure = ": nothing is validated before the end", "Give validate_every."
            self.no_effect(reason, "training", "early_stopping", cure=cure)
        if training.memory is not None and training.checkpointing:
            self.no_effect(": memory chooses what is computed again", "training", "checkpointing")
        if training.weights is not None:
            return self.with_weights(training, training.weights)
        for key in ("weights_sha256", "partial"):
            if getattr(training, key):
                self.no_effect(" without weights", "training", key)
        return training

    def with_weights(self, training: Training, weights: str) -> Training:
        """The settings with an absolute path to the weights, and their hash; collects what is wrong with the file."""
        written_in = Path(self.document.node("training", "weights").source.name)
        folder = written_in.parent if written_in.suffix in SUFFIXES else self.file.parent
        if written_in.name == "--set":  # paths of the command line are relative to the current folder
            folder = Path()
        file = Path(os.path.abspath(folder / weights))
        try:
            found = digest_of(file)
        except FileError as error:
            self.fault(error.faults[0], "training", "weights")
            return training
        if training.weights_sha256 not in (None, found):
            message = f"{file} has changed since: its SHA-256 is {found[:12]}…, not {training.weights_sha256[:12]}…"
            self.fault(Fault("weights-changed", message, cure=CHANGED), "training", "weights_sha256")
        return training.model_copy(update={"weights": str(file), "weights_sha256": found})

    def check_supervision(self, spec: Spec, training: Training) -> bool:
        """Whether deep supervision has as many weights as the network has outputs for training, or levels for them."""
        given, own = len(training.deep_supervision), sum(output.when == "training" for output in spec.outputs)
        coarse = max(0, spec.depth - 2)
        if own and given and given != own:
            message, cure = f"{given} weights for {own} outputs for training", f"Give {own}."
        elif not own and given > coarse:
            message, cure = f"{given} weights for {coarse} coarser levels of the decoder", f"Give at most {coarse}."
        else:
            return True
        self.fault(Fault("wrong-length", message, cure=cure), "training", "deep_supervision")
        return False

    def check_names(self, spec: Spec, training: Training, data: DataSpec) -> bool:
        """Whether all settings of outputs are those of outputs that exist; collects the others."""
        known = [output.name for output in trained_network(spec, training.deep_supervision).outputs]
        cure = f"There are: {', '.join(known)}."
        given = [("training", key, name) for key in _BY_OUTPUT for name in getattr(training, key)]
        unknown = [path for path in (*given, *(("data", name) for name in data.targets)) if path[-1] not in known]
        for path in unknown:
            if path[0] == "data":
                fault = Fault("unknown-output", f"the data have a target of {path[1]!r}, which is no output", cure=cure)
                self.fault(fault, "data")
            else:
                self.fault(Fault("unknown-output", f"there is no output {path[2]!r}", cure=cure), *path, key=True)
        return not unknown

    def check_outputs(self, network: Spec, data: DataSpec, training: Training, parts: TrainingParts) -> None:
        """Collects what does not fit together: outputs, their targets and losses, and the classes of the data."""
        tasks = _tasks(network, training, parts)
        channels = {output.name: output.channels for output in network.outputs}
        named = len(data.classes)
        for task in tasks:
            classes = max(2, channels[task.name])
            if task.target.kind == "classes" and named > classes:
                message = f"the data define {named} classes, {network.name} predicts {classes}"
                cure = f"Set spec.out_channels={named}." if task is tasks[0] else f"Give {task.name} {named} channels."
                self.fault(Fault("classes", message, cure=cure), "spec")
            place = ("losses", task.name) if task.name in parts.losses else ("loss",)
            weighted = channels[task.name] if task.target.kind == "regions" else classes
            for key, message, cure in task.loss.class_faults(weighted):
                self.fault(Fault("wrong-length", message, cure=cure), "training", *place, key)
        for path, fault in task_faults(network, tasks, named or max(2, channels[tasks[0].name])):
            of_data = path[0] == "targets" and path[1] not in training.targets
            self.fault(fault, *(("data",) if of_data else ("training", *path)))
        if parts.losses.keys() >= channels.keys() and "loss" in training.model_fields_set:
            self.no_effect(": all outputs have their own", "training", "loss")

    def check_images(self, spec: Spec, data: DataSpec) -> None:
        """Collects the fault of images with other names, channels or another order than those of the network."""
        wanted = {name: one.channels for name, one in spec.keys.inputs.items() if not one.is_beside}
        given = data.image_channels
        if wanted and given and list(wanted.items()) != list(given.items()):
            taken, named = (listed([f"{name} ({count})" for name, count in one.items()], 9) for one in (wanted, given))
            message = f"{spec.name} takes images with the channels {taken}, the data have {named}"
            cure = f"Name them so, in this order: images: {{{', '.join(f'{name}: …' for name in wanted)}}}."
            self.fault(Fault("images", message, cure=cure), "data")

    def check_encoder(self, spec: Spec, training: Training) -> None:
        """Collects levels that are not frozen, and parts that the network does not have."""
        frozen = set(spec.encoder.frozen_levels) if spec.encoder else set[int]()
        for step, levels in sorted(training.unfreeze.items()):
            for level in levels:
                if level not in frozen:
                    message = f"level {level} of the encoder is not frozen at step {step}"
                    cure = "Freeze it in the spec: encoder.freeze." if spec.encoder else "Give encoder a type."
                    self.fault(Fault("no-effect", message, cure=cure), "training", "unfreeze", step)
            frozen -= set(levels)
        parts = {position.side for position in spec.layout.positions}
        for part in training.learning_rates:
            if part not in parts:
                message = f"the network has no {part}"
                self.fault(Fault("no-effect", message, cure="Leave it out."), "training", "learning_rates", part)

    def check_patch(self, training: Training, dims: int) -> None:
        """Collects a patch without one value per axis."""
        if isinstance(training.patch, tuple) and len(training.patch) != dims:
            message = f"{len(training.patch)} value{'s' * (len(training.patch) != 1)} for {dims} axes"
            fault = Fault("wrong-length", message, cure=f"Give one number, or a list of {dims}.")
            self.fault(fault, "training", "patch")

    def check(self, spec: Spec, data: DataSpec, training: Training, parts: TrainingParts) -> None:
        """Collects what does not fit together: network and images, patch and axes, classes and their weights."""
        if data.dims != spec.dims:
            message = f"the images have {data.dims} axes, {spec.name} takes {spec.dims}"
            self.fault(Fault("dims", message, cure=f"Set data.dims={spec.dims}, or choose another spec."), "data")
        if data.channels != spec.in_channels:
            several = "s" * (data.channels != 1)
            message = f"the images have {data.channels} channel{several}, {spec.name} takes {spec.in_channels}"
            cure = f"Set spec.in_channels={data.channels}, which uses all that the images have."
            if data.channels > spec.in_channels and data.take is None:
                cure += f" Or data.channels={{count: {data.channels}, take: {list(range(spec.in_channels))}}}."
            self.fault(Fault("in-channels", message, cure=cure), "data")
        self.check_images(spec, data)
        for fault in vector_faults(spec.name, spec.vectors, data.vectors):
            self.fault(fault, "data")
        self.check_patch(training, spec.dims)
        self.check_encoder(spec, training)
        if self.check_supervision(spec, training) and self.check_names(spec, training, data):
            targets = data.targets | parts.targets
            self.check_outputs(
                trained_network(spec, training.deep_supervision), data, training, parts._replace(targets=targets)
            )
        for index, level in enumerate(training.checkpointing):
            if level >= spec.depth:
                message = f"there is no level {level}, the network has levels 0 to {spec.depth - 1}"
                self.fault(Fault("unknown-level", message), "training", "checkpointing", index)
