"""From YAML to a data spec: the keys first, then the data set, the split and the normalization by their own models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from unetkit import registry
from unetkit.data.dataset import Dataset
from unetkit.data.frame import ChannelKeys, ClassKeys, DataFrame, NormalizationKeys, span_of
from unetkit.data.spec import DataSpec
from unetkit.data.split import SPLITS, Split
from unetkit.errors import BlockError, Fault, SpecError, did_you_mean
from unetkit.spec import to_text
from unetkit.spec.faults import faults_of
from unetkit.spec.kinds import expect_kind
from unetkit.yamlfile import Document, override, parse, read
from unetkit.yamlmerge import Key

Model = TypeVar("Model", bound=BaseModel)


def load_data(
    source: str | PathLike[str] | Mapping[str, Any], overrides: Iterable[str] = (), *, folder: Path | None = None
) -> DataSpec:
    """Returns the data spec in a file, or given as plain values; `overrides` are `path=VALUE`. Reads no images.

    A folder stands for the images/ and masks/ in it, divided by its splits.json where it has one; `mni` for the head
    template of the demo. Paths begin at the folder of the file; those in plain values at `folder`, or the current one.
    Raises SpecError with everything that is wrong.
    """
    if isinstance(source, Mapping):
        document = parse(to_text(source), "<values>")
    elif str(source) == "mni" or Path(source).is_dir():
        folder = Path(source)
        document = parse(to_text(found_in(folder)), str(source))
    else:
        document, folder = read(Path(source)), Path(source).parent
        expect_kind(document, "data")
        if "unetkit" not in document.values():
            fault = Fault("missing-key", "the key 'unetkit' is missing", "unetkit", "Write unetkit: 1 on top.")
            raise SpecError(fault.at(document.place(())))
    return data_of(override(document, overrides), folder or Path())


def found_in(folder: Path) -> dict[str, Any]:
    """Returns the keys for a folder with images/ and masks/, or for the head template where it is called mni."""
    if str(folder) == "mni":
        return {"dataset": "mni"}
    split = {"split": {"type": "file", "file": "splits.json"}} if (folder / "splits.json").exists() else {}
    return {"dataset": {"type": "folders", "images": "images", "masks": "masks"}} | split


def data_of(document: Document, folder: Path) -> DataSpec:
    """Returns the data spec that a document holds; paths in it begin at `folder`."""
    return DataLoader(document).spec(folder)


class DataLoader:
    """Turns a document into a data spec; collects all faults on the way."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def spec(self, folder: Path) -> DataSpec:
        """Returns the data spec; raises SpecError with everything that is wrong."""
        frame = self.model(DataFrame, self.document.values(), ())
        if frame is None:
            self.stop()
            raise AssertionError("a frame that is wrong has faults")
        kind, dataset = self.dataset(frame)
        split = self.split(frame)
        normalization = self.normalization(frame)
        self.check_classes(frame)
        self.check_channels(frame)
        self.check_spacing(frame)
        if normalization is not None:
            self.check_moments(frame, normalization)
        self.stop()
        assert dataset is not None
        assert normalization is not None
        return DataSpec(frame, dataset, kind, split, normalization, folder, self.document)

    def stop(self) -> None:
        """Raises what was collected, in the order of the file."""
        if self.faults:
            raise SpecError(*sorted(dict.fromkeys(self.faults), key=lambda fault: (fault.place or ("",))[1:3]))

    def fault(self, fault: Fault, path: tuple[Key, ...], *, key: bool = False) -> None:
        """Collects a fault of what stands at a path."""
        place = self.document.place(path, key=key)
        self.faults.append(Fault(fault.code, fault.message, ".".join(map(str, path)), fault.cure, place))

    def model(self, model: type[Model], values: Mapping[str, Any], at: tuple[Key, ...]) -> Model | None:
        """Returns a part by its model; None, with faults collected, where it is wrong."""
        try:
            return model.model_validate(values, context={"dims": self.document.values().get("dims", 2)})
        except ValidationError as error:
            for path, fault in faults_of(error, model):
                self.fault(fault, (*at, *path), key=fault.code == "unknown-key")
            return None

    def dataset(self, frame: DataFrame) -> tuple[str, Dataset | None]:
        """Returns the data set with its registered name."""
        values = dict(frame.dataset)
        kind = values.pop("type", None)
        if kind is None:
            fault = Fault("missing-key", "no type is given for the dataset", cure="Write type: folders, for instance.")
            self.fault(fault, ("dataset",))
            return "", None
        try:
            model = registry.find("dataset", kind)
            kind = registry.full_name("dataset", kind)
        except BlockError as error:
            for fault in error.faults:
                self.fault(fault, ("dataset", "type"))
            return kind, None
        part = self.model(model, values, ("dataset",))
        for name, message, cure in part.faults(frame.dims) if part else ():
            self.fault(Fault("wrong-value", message, cure=cure), ("dataset", name))
        return kind, part if isinstance(part, Dataset) else None

    def split(self, frame: DataFrame) -> Split | None:
        """Returns the split that is asked for."""
        if frame.split is None:
            return None
        values = dict(frame.split)
        kind = values.pop("type", None)
        if kind not in SPLITS:
            cure = did_you_mean(kind, SPLITS) if kind else f"Give a type: {', '.join(SPLITS)}."
            self.fault(Fault("unknown-split", f"there is no split {kind!r}", cure=cure), ("split", "type"))
            return None
        return self.model(SPLITS[kind], values, ("split",))

    def normalization(self, frame: DataFrame) -> NormalizationKeys | None:
        """Returns how grey levels become numbers."""
        keys = self.model(NormalizationKeys, frame.normalization, ("normalization",))
        if keys is not None:
            for name, reason in keys.idle().items():
                if name in keys.model_fields_set:
                    fault = Fault("no-effect", f"{name} has no effect: {reason}", cure=f"Leave {name} out.")
                    self.fault(fault, ("normalization", name), key=True)
            if keys.low >= keys.high:
                fault = Fault("wrong-value", f"low {keys.low:g} is not below high {keys.high:g}", cure="Swap them?")
                self.fault(fault, ("normalization", "low"))
        return keys

    def check_moments(self, frame: DataFrame, keys: NormalizationKeys) -> None:
        """Collects a mean without a deviation, and numbers that are not one per channel."""
        channels = frame.channels if isinstance(frame.channels, int) else len(frame.channels.take)
        if (keys.mean is None) != (keys.std is None):
            self.fault(Fault("wrong-value", "mean and std belong together", cure="Give both."), ("normalization",))
        for name, values in (("mean", keys.mean), ("std", keys.std)):
            if values is not None and len(values) != channels:
                fault = Fault("wrong-length", f"{len(values)} numbers for {channels} channels", cure="Give one each.")
                self.fault(fault, ("normalization", name))

    def check_channels(self, frame: DataFrame) -> None:
        """Collects channels that the images do not have."""
        if isinstance(frame.channels, ChannelKeys):
            for index, one in enumerate(frame.channels.take):
                if one >= frame.channels.count:
                    message = f"there is no channel {one}, there are 0 to {frame.channels.count - 1}"
                    self.fault(Fault("unknown-channel", message), ("channels", "take", index))

    def check_spacing(self, frame: DataFrame) -> None:
        """Collects a spacing that has not a number for each axis."""
        if isinstance(frame.spacing, tuple) and len(frame.spacing) != frame.dims:
            message = f"{len(frame.spacing)} numbers for {frame.dims} axes"
            self.fault(Fault("wrong-length", message, cure="Give one for each."), ("spacing",))

    def check_classes(self, frame: DataFrame) -> None:
        """Collects names, colours and numbers that two classes share, or a class and what is ignored."""
        ignored = frame.ignore if isinstance(frame.ignore, tuple) else () if frame.ignore is None else (frame.ignore,)
        taken = {one: "what is ignored" for one in ignored if isinstance(one, str)}
        spans = [(span_of(one), -1, "what is ignored") for one in ignored if isinstance(one, int)]
        for index, said in enumerate(frame.classes or ()):
            one = ClassKeys(name=said) if isinstance(said, str) else said
            spans += [(span_of(value), index, one.name) for value in ((index,) if one.values is None else one.values)]
            for mark in (one.name, one.colour):
                if mark in taken:
                    self.shared(mark, one.name, taken[mark], index)
                if mark is not None:
                    taken.setdefault(mark, repr(one.name))
        before = None
        for span, index, name in sorted(spans):
            if before is not None and span[0] <= before[0][1]:
                (_, first, theirs), (_, last, mine) = sorted((before, (span, index, name)), key=lambda one: one[1])
                self.shared(f"value {span[0]}", mine, theirs if first < 0 else repr(theirs), last)
            if before is None or span[1] > before[0][1]:
                before = (span, index, name)

    def shared(self, what: str, name: str, other: str, index: int) -> None:
        """Collects what a class shares with another."""
        message = f"{what} of {name!r} is that of {other} already"
        self.fault(Fault("class-twice", message, cure="Give each its own."), ("classes", max(index, 0)))
