"""A run: a network, data and training, from one YAML file. Nothing here needs torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from unetkit import registry
from unetkit.block import Component
from unetkit.data.loading import data_of, load_data
from unetkit.data.patches.augmentation import Augmentation
from unetkit.data.spec import DataSpec
from unetkit.document.document import Document, inner, override, parse, read
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import Key, TreeNode, plain
from unetkit.errors import BlockError, Fault, FileError, SpecError
from unetkit.language import Spec, find_spec, load, to_text
from unetkit.language.faults import faults_of
from unetkit.language.find import SUFFIXES
from unetkit.language.loading import Loader, as_lists
from unetkit.train.parts.losses import Loss
from unetkit.train.parts.optimizers import Optimizer
from unetkit.train.parts.schedules import Schedule
from unetkit.train.run_keys import RunKeys, Training
from unetkit.train.weightsfile import CHANGED, digest_of

Where = tuple[Key, ...]
P = TypeVar("P", bound=Component)
SLOTS = ("loss", "optimizer", "schedule")


@dataclass(frozen=True)
class RunSpec:
    """What is trained, on what, and how."""

    spec: Spec
    data: DataSpec
    training: Training
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    augmentation: tuple[Augmentation, ...]
    kinds: Mapping[str, Any] = field(repr=False)
    """The registered names of the parts, by slot."""
    document: Document | None = field(default=None, repr=False, compare=False)
    taken: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What was taken from the files of a folder, as lines to be shown."""

    def resolve(self) -> dict[str, Any]:
        """Returns the canonical form as plain values, paths absolute; loading it gives an equal run."""
        parts = {slot: getattr(self, slot) for slot in SLOTS} | {"augmentation": self.augmentation}
        form = training_form(self.training, self.kinds, parts)
        values = {"unetkit": 1, "spec": self.spec.resolve(), "data": self.data.resolve(), "training": form}
        plain: dict[str, Any] = as_lists(values)
        return plain

    def text(self) -> str:
        """Returns the canonical form as YAML."""
        return to_text(self.resolve())

    def blame(self, fault: Fault, *path: Key) -> SpecError:
        """Returns the error for a fault of what stands at a path of the run, with its place."""
        place = self.document.place(path) if self.document else None
        return SpecError(Fault(fault.code, fault.message, ".".join(map(str, path)), fault.cure, fault.place or place))


def training_form(training: Training, kinds: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a training as plain values, every default filled in."""
    fields, said = Training.model_fields, training.model_dump()
    form = {key: value for key, value in said.items() if value is not None or fields[key].default is not None}
    if training.weights is None:
        del form["partial"]  # which says nothing then
    form |= {slot: written(kinds[slot], parts[slot]) for slot in SLOTS}
    return form | {
        "augmentation": [written(*one) for one in zip(kinds["augmentation"], parts["augmentation"], strict=True)]
    }


def written(kind: str, part: Component) -> dict[str, Any]:
    """Returns a part as a map with its type."""
    return {"type": kind} | {key: value for key, value in part.model_dump().items() if value is not None}


def load_run(
    source: str | PathLike[str] | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    folder: Path | None = None,
    data: DataSpec | None = None,
) -> RunSpec:
    """Returns the run in a file, or given as plain values; `overrides` are `path=VALUE`, as in `spec.skip.align=pad`.

    Paths begin at the folder of the file; those in plain values at `folder`, or the current one. `data` stands for what
    the run names where it is loaded already. No images are read, but for a folder in place of a data file. Raises
    SpecError with everything that is wrong.
    """
    if isinstance(source, Mapping):
        document, file = parse(to_text(source), "<values>"), (folder or Path()) / "<values>"
    else:
        file = Path(source)
        document = read(file)
        expect_kind(document, "run")
    return RunLoader(document, file, tuple(overrides), data).run()


def training_values(node: TreeNode, dims: int) -> dict[str, Any]:
    """Returns what stands under `training`, every default filled in, for images of so many axes.

    Raises SpecError with everything that is wrong, how long to train left aside.
    """
    name, _ = next(iter(node.value.values()), (node, node)) if isinstance(node.value, dict) else (node, node)
    document = Document(node.source.name, TreeNode({"training": (name, node)}, node.source, node.start, node.end))
    if not isinstance(node.value, dict):
        cure = "Write a map, such as {steps: 1000}."
        fault = Fault("wrong-value", f"{plain(node)!r} is no map of settings", "training", cure)
        raise SpecError(fault.at(document.place(("training",))))
    loader = RunLoader(document, Path(node.source.name), ())
    training = loader.training(plain(node), budget=False)
    parts = loader.parts(training, dims) if training else None
    if training:
        loader.check_patch(training, dims)
    loader.stop()
    assert training is not None
    assert parts is not None
    return as_lists(training_form(training, loader.kinds, parts))  # type: ignore[no-any-return]


class RunLoader:
    """Turns a document into a run; collects all faults on the way."""

    def __init__(
        self, document: Document, file: Path, overrides: tuple[str, ...], data: DataSpec | None = None
    ) -> None:
        inside = {key: [one for one in overrides if one.startswith(f"{key}.")] for key in ("spec", "data")}
        others = [one for one in overrides if not one.startswith(("spec.", "data."))]
        self.document = override(document, others)
        self.overrides = {key: [one.removeprefix(f"{key}.") for one in found] for key, found in inside.items()}
        self.file = file
        self.dims: int | None = None
        self.known = data
        self.faults: list[Fault] = []
        self.kinds: dict[str, Any] = {}

    def run(self) -> RunSpec:
        """Returns the run; raises SpecError with everything that is wrong."""
        frame = self.frame()
        spec = self.tried(self.spec, frame)
        self.dims = spec.dims if spec else None
        data = self.tried(self.data, frame)
        training = self.training(frame.training)
        if training is None:
            self.stop()
            raise AssertionError("a training that is wrong has faults")
        parts = self.parts(training, spec.dims if spec else 2)
        if spec and data and parts:
            self.check(spec, data, training, parts["loss"])
        self.stop()
        assert spec is not None
        assert data is not None
        assert parts is not None
        return RunSpec(spec, data, training, **parts, kinds=self.kinds, document=self.document, taken=data.taken)

    def parts(self, training: Training, dims: int) -> dict[str, Any] | None:
        """Returns loss, optimizer, schedule and augmentations; None, with faults collected, where one is wrong."""
        made = {slot: self.slot(slot, getattr(training, slot), dims) for slot in SLOTS}
        found = [self.part("augmentation", one, dims, index) for index, one in enumerate(training.augmentation)]
        self.kinds["augmentation"] = [kind for kind, _ in found]
        parts = [part for _, part in found]
        if None in made.values() or None in parts:
            return None
        return {**made, "augmentation": tuple(parts)}

    def stop(self) -> None:
        """Raises what was collected, in the order of the file."""
        if self.faults:
            raise SpecError(*sorted(dict.fromkeys(self.faults), key=lambda fault: (fault.place or ("",))[1:3]))

    def fault(self, fault: Fault, *path: Key, key: bool = False) -> None:
        """Collects a fault of what stands at a path."""
        place = self.document.place(path, key=key)
        self.faults.append(Fault(fault.code, fault.message, ".".join(map(str, path)), fault.cure, place))

    def frame(self) -> RunKeys:
        """Returns the keys of the run."""
        try:
            return RunKeys.model_validate(self.document.values())
        except ValidationError as error:
            for path, fault in faults_of(error, RunKeys):
                self.fault(fault, *path, key=fault.code == "unknown-key")
        self.stop()
        raise AssertionError("a frame that is wrong has faults")

    def tried(self, make: Callable[[RunKeys], Any], frame: RunKeys) -> Any:
        """Returns what is made; None, with its faults collected, where that is wrong."""
        try:
            return make(frame)
        except (SpecError, FileError) as error:
            self.faults += [fault.at(self.document.place((make.__name__,))) for fault in error.faults]
            return None

    def node(self, key: str) -> TreeNode:
        """Returns what stands under a key."""
        found: TreeNode = self.document.root.value[key][1]
        return found

    def spec(self, frame: RunKeys) -> Spec:
        """Returns the network."""
        overrides = self.overrides["spec"]
        if isinstance(frame.spec, str):
            return load(find_spec(frame.spec, self.file), overrides)
        document = override(inner(self.node("spec"), self.file, find=find_spec), overrides)
        return Loader(document.values(), document).spec("unnamed")

    def data(self, frame: RunKeys) -> DataSpec:
        """Returns the data."""
        overrides = self.overrides["data"]
        if self.known is not None:
            return self.known
        if isinstance(frame.data, str):
            source = frame.data if frame.data == "mni" else self.file.parent / frame.data
            return load_data(source, overrides, dims=self.dims)
        return data_of(override(inner(self.node("data"), self.file), overrides), self.file.parent)

    def training(self, values: Mapping[str, Any], *, budget: bool = True) -> Training | None:
        """Returns how the network is trained; None, with faults collected, where that is wrong."""
        try:
            training = Training.model_validate(values)
        except ValidationError as error:
            for path, fault in faults_of(error, Training):
                self.fault(fault, "training", *path, key=fault.code == "unknown-key")
            return None
        if budget and training.steps is None and training.epochs is None and training.minutes is None:
            fault = Fault("no-budget", "it is not said how long to train", cure="Give steps, epochs or minutes.")
            self.fault(fault, "training", key=True)
        if training.early_stopping is not None and training.validate_every is None:
            fault = Fault("no-effect", "early_stopping has no effect: nothing is validated before the end",
                          cure="Give validate_every.")  # fmt: skip
            self.fault(fault, "training", "early_stopping", key=True)
        return self.with_weights(training)

    def with_weights(self, training: Training) -> Training:
        """Returns a training whose weights have an absolute path and their hash; collects what is wrong with them."""
        if training.weights is None:
            for key in ("weights_sha256", "partial"):
                if getattr(training, key):
                    fault = Fault("no-effect", f"{key} has no effect without weights", cure=f"Leave {key} out.")
                    self.fault(fault, "training", key, key=True)
            return training
        written_in = Path(self.document.root.value["training"][1].value["weights"][1].source.name)
        folder = written_in.parent if written_in.suffix in SUFFIXES else self.file.parent
        if written_in.name == "--set":  # what was typed on the command line begins at the current folder
            folder = Path()
        file = Path(os.path.abspath(folder / training.weights))
        try:
            found = digest_of(file)
        except FileError as error:
            self.fault(error.faults[0], "training", "weights")
            return training
        if training.weights_sha256 not in (None, found):
            message = f"{file} has changed since: its SHA-256 is {found[:12]}…, not {training.weights_sha256[:12]}…"
            self.fault(Fault("weights-changed", message, cure=CHANGED), "training", "weights_sha256")
        return training.model_copy(update={"weights": str(file), "weights_sha256": found})

    def slot(self, slot: str, values: dict[str, Any], dims: int) -> Component | None:
        """Returns the part of a slot, and notes its registered name."""
        self.kinds[slot], part = self.part(slot, values, dims)
        return part

    def part(self, slot: str, values: dict[str, Any], dims: int, *index: int) -> tuple[str, Component | None]:
        """Returns a part with its registered name; None, with faults collected, where it is wrong."""
        where: Where = ("training", slot, *index)
        own = dict(values)
        kind = own.pop("type", None)
        if kind is None:
            cure = f"Give a type: {', '.join(registry.names(slot))}."
            self.fault(Fault("missing-key", f"no type is given for this {slot}", cure=cure), *where)
            return "", None
        try:
            model = registry.find(slot, kind)
            part = model.model_validate(own, context={"dims": dims})
        except BlockError as error:
            for fault in error.faults:
                self.fault(fault, *where, "type")
            return kind, None
        except ValidationError as error:
            for path, fault in faults_of(error, model):
                self.fault(fault, *where, *path, key=fault.code == "unknown-key")
            return kind, None
        for name, message, cure in part.faults(dims):
            self.fault(Fault("wrong-value", message, cure=cure), *where, name)
        for name, reason in part.idle().items():
            if name in own:
                message = f"{name} has no effect: {reason}"
                self.fault(Fault("no-effect", message, cure=f"Leave {name} out."), *where, name, key=True)
        return registry.full_name(slot, kind), part

    def check_patch(self, training: Training, dims: int) -> None:
        """Collects a patch that has not one value per axis."""
        if isinstance(training.patch, tuple) and len(training.patch) != dims:
            message = f"{len(training.patch)} value{'s' * (len(training.patch) != 1)} for {dims} axes"
            fault = Fault("wrong-length", message, cure=f"Give one number, or a list of {dims}.")
            self.fault(fault, "training", "patch")

    def check(self, spec: Spec, data: DataSpec, training: Training, loss: Loss) -> None:
        """Collects what does not go together: network and images, patch and axes, classes and their weights."""
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
        classes, named = max(2, spec.out_channels), len(data.classes)
        if named > classes:
            message = f"the data define {named} classes, {spec.name} predicts {classes}"
            self.fault(Fault("classes", message, cure=f"Set spec.out_channels={named}."), "spec")
        for name, message, cure in loss.class_faults(classes):
            self.fault(Fault("wrong-length", message, cure=cure), "training", "loss", name)
        self.check_patch(training, spec.dims)
        if len(training.deep_supervision) > max(0, spec.depth - 2):
            coarse = max(0, spec.depth - 2)
            message = f"{len(training.deep_supervision)} weights for {coarse} coarser levels of the decoder"
            self.fault(Fault("wrong-length", message, cure=f"Give at most {coarse}."), "training", "deep_supervision")
        for index, level in enumerate(training.checkpointing):
            if level >= spec.depth:
                message = f"there is no level {level}, the network has levels 0 to {spec.depth - 1}"
                self.fault(Fault("unknown-level", message), "training", "checkpointing", index)
