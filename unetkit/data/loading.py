"""Loads data specs from YAML, plain values, or a folder of images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from unetkit.data.data_keys import ChannelKeys, ClassKeys, DataKeys, VectorKeys, span_of
from unetkit.data.dataset import Dataset
from unetkit.data.normalizations import NormalizationMethod
from unetkit.data.spec import DataSpec
from unetkit.document.document import Document, from_values, override, read
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import as_lists
from unetkit.document.reader import Reader
from unetkit.errors import Fault, SpecError
from unetkit.signal import NAME_RULE, is_name
from unetkit.wording import listed

_SHOWN = ("dims", "dataset", "split", "channels", "classes", "ignore")
"""The keys of a folder that are displayed, in this order."""
_Advance = Callable[[int, int], None]
"""Called with the number of files that are read, and the number of all."""


def load_data(
    source: str | PathLike[str] | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    folder: Path | None = None,
    dims: int | None = None,
    advance: _Advance = lambda done, total: None,
) -> DataSpec:
    """The data spec in a file, or given as plain values; `overrides` are `path=VALUE`.

    For a folder, the places of images and masks, channels and classes are inferred from its files; `inferred` of the
    data spec lists them. `dims` is for a folder alone, and `advance` is called with the number of its masks that were
    read. `mni` is the head template of the demo. Otherwise no images are read. Paths begin at the folder of the file;
    those in plain values at `folder`, or the current one. Raises SpecError with all faults, and FileError for files of
    a folder with several interpretations.
    """
    if isinstance(source, Mapping):
        document = from_values(source)
    elif str(source) == "mni":
        document = from_values({"dataset": "mni"}, "mni")
    elif os.path.isdir(source):
        return _of_folder(Path(source), tuple(overrides), dims, advance)
    else:
        document, folder = read(Path(source)), Path(source).parent
        expect_kind(document, "data")
        if "unetkit" not in document.values():
            fault = Fault("missing-key", "the key 'unetkit' is missing", "unetkit", "Write unetkit: 1 on top.")
            raise SpecError(fault.at(document.place(())))
    return data_of(override(document, overrides), folder or Path())


def _of_folder(folder: Path, overrides: Sequence[str], dims: int | None, advance: _Advance) -> DataSpec:
    """The data spec of a folder: its layout by names, channels and classes by its files."""
    from unetkit.data.files.folder_layout import find_layout, unused_names
    from unetkit.data.folder_keys import infer_keys  # needs numpy
    from unetkit.data.labels.recognition import yaml_lines

    keys = ({} if dims is None else {"dims": dims}) | find_layout(folder)
    data = data_of(override(from_values(keys, str(folder)), overrides), folder)
    inferred = infer_keys(data, {text.partition("=")[0].split(".")[0].strip() for text in overrides}, advance)
    inferred["dataset"] = keys["dataset"] | inferred.get("dataset", {})
    document = override(from_values(keys | inferred, str(folder)), overrides)
    data, values = data_of(document, folder), as_lists(document.values())
    unused = unused_names(folder, values)
    notes = [f"note: not read: {listed(unused)}"] * bool(unused)
    notes += [f"note: {note}" for note in data.dataset.notes(folder)]
    lines = [line for key in _SHOWN if key in values for line in yaml_lines(key, values[key])]
    return replace(data, inferred=(f"{folder}: read as", *(f"   {line}" for line in lines), *notes))


def data_of(document: Document, folder: Path) -> DataSpec:
    """The data spec in a document; paths in it begin at `folder`."""
    return DataLoader(document).spec(folder)


class DataLoader(Reader):
    """Reads a data file."""

    def spec(self, folder: Path) -> DataSpec:
        """The data spec; raises SpecError with all faults."""
        keys = self.read_keys(DataKeys, self.document.values())
        self.dims, sound = keys.dims, not self.faults
        dataset = self.read_slot("dataset", keys.dataset, "dataset")
        split = self.read_slot("split", keys.split, "split") if keys.split is not None else None
        normalization = self.read_slot("normalization", keys.normalization, "normalization")
        targets = {name: self.read_slot("target", one, "targets", name) for name, one in keys.targets.items()}
        if sound:
            self._check_classes(keys)
            self._check_channels(keys, normalization)
            if dataset is not None:
                self._check_images(keys, dataset)
            self._check_axes(keys)
            self._check_vectors(keys)
        self.raise_faults()
        return DataSpec(keys, dataset, split, normalization, targets, folder, self.types, self.document)

    def _check_channels(self, keys: DataKeys, normalization: NormalizationMethod | None) -> None:
        """Collects faults of channels that do not exist, and of a normalization for another number of channels."""
        given = sum(keys.channels.values()) if isinstance(keys.channels, dict) else keys.channels
        chosen = given.take if isinstance(given, ChannelKeys) else range(given)
        stored = given.count if isinstance(given, ChannelKeys) else given
        for index, channel in enumerate(chosen):
            if channel >= stored:
                message = f"there is no channel {channel}, there are 0 to {stored - 1}"
                self.fault(Fault("unknown-channel", message), "channels", "take", index)
        for name, message, cure in normalization.channel_faults(len(chosen)) if normalization else ():
            self.fault(Fault("wrong-length", message, cure=cure), "normalization", name)

    def _check_images(self, keys: DataKeys, dataset: Dataset) -> None:
        """Collects faults of channels of each of several images, where the images have other names."""
        names = dataset.image_names
        for name in names:
            if not is_name(name):
                fault = Fault("wrong-value", f"{name!r} cannot name an input", cure=NAME_RULE)
                self.fault(fault, "dataset", "images", name, key=True)
        if isinstance(keys.channels, dict) and set(keys.channels) != set(names):
            message = f"channels are those of {', '.join(keys.channels)}, the data set has "
            message += f"the images {', '.join(names)}" if names else "one image"
            cure = "Give those of each of them." if names else "Give a number."
            self.fault(Fault("unknown-image", message, cure=cure), "channels")
        elif isinstance(keys.channels, int) and names and keys.channels % len(names):
            message = f"{keys.channels} channels cannot be divided among the images {', '.join(names)}"
            cure = f"Give those of each, as in {{{', '.join(f'{name}: 3' for name in names)}}}."
            self.fault(Fault("wrong-value", message, cure=cure), "channels")

    def _check_axes(self, keys: DataKeys) -> None:
        """Collects faults of an orientation or a spacing for another number of axes."""
        if keys.dims == 3 and len(keys.orientation) < keys.dims:
            message = f"{keys.orientation!r} is no orientation of a volume: it has {len(keys.orientation)} letters"
            self.fault(Fault("wrong-length", message, cure="Give three, as in RAS."), "orientation")
        if isinstance(keys.spacing, tuple) and len(keys.spacing) != keys.dims:
            message = f"{len(keys.spacing)} numbers for {keys.dims} axes"
            self.fault(Fault("wrong-length", message, cure="Give one for each."), "spacing")

    def _check_vectors(self, keys: DataKeys) -> None:
        """Collects faults of names that no input can have, and of categories in several columns or given twice."""
        for name, one in keys.vectors.items():
            if not is_name(name):
                message = f"{name!r} cannot name an input"
                self.fault(Fault("wrong-value", message, cure=NAME_RULE), "vectors", name, key=True)
            if not isinstance(one, VectorKeys) or not one.categories:
                continue
            if isinstance(one.column, tuple) and len(one.column) > 1:
                message = f"categories are those of one column, here are {len(one.column)}"
                self.fault(Fault("wrong-value", message, cure="Name one."), "vectors", name, "categories")
            if len(set(one.categories)) < len(one.categories):
                fault = Fault("wrong-value", "a category is given twice", cure="Leave one out.")
                self.fault(fault, "vectors", name, "categories")

    def _check_classes(self, keys: DataKeys) -> None:
        """Collects faults of names, colours and values that two classes, or a class and `ignore`, share."""
        ignored = keys.ignore if isinstance(keys.ignore, tuple) else () if keys.ignore is None else (keys.ignore,)
        owners = {colour: "ignore" for colour in ignored if isinstance(colour, str)}
        spans = [(span_of(value), -1, "ignore") for value in ignored if isinstance(value, int)]
        for index, each in enumerate(keys.classes or ()):
            item = ClassKeys(name=each) if isinstance(each, str) else each
            values = (index,) if item.values is None else item.values
            spans += [(span_of(value), index, item.name) for value in values]
            for mark in (item.name, item.colour):
                if mark in owners:
                    self._add_shared(mark, item.name, owners[mark], index)
                if mark is not None:
                    owners.setdefault(mark, repr(item.name))
        previous = None
        for span, index, name in sorted(spans):
            if previous is not None and span[0] <= previous[0][1]:
                pair = sorted((previous, (span, index, name)), key=lambda entry: entry[1])
                (_, first, other), (_, last, later) = pair
                self._add_shared(f"value {span[0]}", later, other if first < 0 else repr(other), last)
            if previous is None or span[1] > previous[0][1]:
                previous = (span, index, name)

    def _add_shared(self, what: str, name: str, other: str, index: int) -> None:
        message = f"{what} of {name!r} already belongs to {other}"
        self.fault(Fault("class-twice", message, cure="Give each its own."), "classes", max(index, 0))
