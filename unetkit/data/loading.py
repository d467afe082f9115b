"""From YAML to a data spec: the keys first, then the data set, the split and the normalization by their own models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from unetkit import registry
from unetkit.data.data_keys import ChannelKeys, ClassKeys, DataKeys, NormalizationKeys, span_of
from unetkit.data.dataset import Dataset
from unetkit.data.spec import DataSpec
from unetkit.data.splits.split import SPLITS, Split
from unetkit.document.document import Document, override, parse, read
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import Key
from unetkit.errors import BlockError, Fault, SpecError, did_you_mean
from unetkit.language import to_text
from unetkit.language.faults import faults_of
from unetkit.language.loading import as_lists
from unetkit.wording import listed

Model = TypeVar("Model", bound=BaseModel)
SHOWN = ("dims", "dataset", "split", "channels", "classes", "ignore")
"""The keys of a folder that are shown, in this order."""
Advance = Callable[[int, int], None]
"""Called with how many files are read, and how many there are."""


def load_data(
    source: str | PathLike[str] | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    folder: Path | None = None,
    dims: int | None = None,
    advance: Advance = lambda done, total: None,
) -> DataSpec:
    """Returns the data spec in a file, or given as plain values; `overrides` are `path=VALUE`.

    Of a folder, the places of images and masks, channels and classes are taken from its files; `taken` of the data spec
    says what. `dims` is for a folder alone, and `advance` is called with the masks that were read for it. `mni` stands
    for the head template of the demo. No images are read otherwise. Paths begin at the folder of the file; those in
    plain values at `folder`, or the current one. Raises SpecError with everything that is wrong, and FileError for
    files of a folder that may be read in more than one way.
    """
    if isinstance(source, Mapping):
        document = parse(to_text(source), "<values>")
    elif str(source) == "mni":
        document = parse(to_text({"dataset": "mni"}), "mni")
    elif os.path.isdir(source):
        return of_folder(Path(source), tuple(overrides), dims, advance)
    else:
        document, folder = read(Path(source)), Path(source).parent
        expect_kind(document, "data")
        if "unetkit" not in document.values():
            fault = Fault("missing-key", "the key 'unetkit' is missing", "unetkit", "Write unetkit: 1 on top.")
            raise SpecError(fault.at(document.place(())))
    return data_of(override(document, overrides), folder or Path())


def of_folder(folder: Path, overrides: Sequence[str], dims: int | None, advance: Advance) -> DataSpec:
    """Returns the data spec of a folder: its arrangement by the names in it, channels and classes by its files."""
    from unetkit.data.files.folder_layout import arranged, left_over
    from unetkit.data.folder_keys import lines_of, taken  # numpy comes with it

    keys = ({} if dims is None else {"dims": dims}) | arranged(folder)
    found = data_of(override(parse(to_text(keys), str(folder)), overrides), folder)
    more = taken(found, {one.partition("=")[0].split(".")[0].strip() for one in overrides}, advance)
    more["dataset"] = keys["dataset"] | more.get("dataset", {})
    document = override(parse(to_text(keys | more), str(folder)), overrides)
    data, said = data_of(document, folder), as_lists(document.values())
    left = left_over(folder, said)
    notes = [f"note: not read: {listed(left)}"] * bool(left)
    notes += [f"note: {note}" for note in data.dataset.notes(folder)]
    shown = lines_of({key: said[key] for key in SHOWN if key in said})
    return replace(data, taken=(f"{folder}: read as", *(f"   {line}" for line in shown), *notes))


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
        frame = self.model(DataKeys, self.document.values(), ())
        if frame is None:
            self.stop()
            raise AssertionError("a frame that is wrong has faults")
        kind, dataset = self.dataset(frame)
        split = self.split(frame)
        normalization = self.normalization(frame)
        self.check_classes(frame)
        self.check_channels(frame)
        self.check_spacing(frame)
        self.check_orientation(frame)
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

    def dataset(self, frame: DataKeys) -> tuple[str, Dataset | None]:
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

    def split(self, frame: DataKeys) -> Split | None:
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

    def normalization(self, frame: DataKeys) -> NormalizationKeys | None:
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

    def check_moments(self, frame: DataKeys, keys: NormalizationKeys) -> None:
        """Collects a mean without a deviation, and numbers that are not one per channel."""
        channels = frame.channels if isinstance(frame.channels, int) else len(frame.channels.take)
        if (keys.mean is None) != (keys.std is None):
            self.fault(Fault("wrong-value", "mean and std belong together", cure="Give both."), ("normalization",))
        for name, values in (("mean", keys.mean), ("std", keys.std)):
            if values is not None and len(values) != channels:
                fault = Fault("wrong-length", f"{len(values)} numbers for {channels} channels", cure="Give one each.")
                self.fault(fault, ("normalization", name))

    def check_channels(self, frame: DataKeys) -> None:
        """Collects channels that the images do not have."""
        if isinstance(frame.channels, ChannelKeys):
            for index, one in enumerate(frame.channels.take):
                if one >= frame.channels.count:
                    message = f"there is no channel {one}, there are 0 to {frame.channels.count - 1}"
                    self.fault(Fault("unknown-channel", message), ("channels", "take", index))

    def check_orientation(self, frame: DataKeys) -> None:
        """Collects an orientation that has not a letter for each axis of a volume."""
        if frame.dims == 3 and len(frame.orientation) < frame.dims:
            message = f"{frame.orientation!r} is no orientation of a volume: it has {len(frame.orientation)} letters"
            self.fault(Fault("wrong-length", message, cure="Give three, as in RAS."), ("orientation",))

    def check_spacing(self, frame: DataKeys) -> None:
        """Collects a spacing that has not a number for each axis."""
        if isinstance(frame.spacing, tuple) and len(frame.spacing) != frame.dims:
            message = f"{len(frame.spacing)} numbers for {frame.dims} axes"
            self.fault(Fault("wrong-length", message, cure="Give one for each."), ("spacing",))

    def check_classes(self, frame: DataKeys) -> None:
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
