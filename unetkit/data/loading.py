"""From YAML, or a folder of images, to a data spec."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from unetkit.data.data_keys import ChannelKeys, ClassKeys, DataKeys, span_of
from unetkit.data.normalizations import NormalizationMethod
from unetkit.data.spec import DataSpec
from unetkit.document.document import Document, from_values, override, read
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import as_lists
from unetkit.document.reader import Reader
from unetkit.errors import Fault, SpecError
from unetkit.wording import listed

SHOWN = ("dims", "dataset", "split", "channels", "classes", "ignore")
"""The inferred keys that are shown, in this order."""
Advance = Callable[[int, int], None]
"""Called with the number of files that were read, and of all."""


def load_data(
    source: str | PathLike[str] | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    folder: Path | None = None,
    dims: int | None = None,
    advance: Advance = lambda done, total: None,
) -> DataSpec:
    """Loads a data file, or plain values; `overrides` are `path=VALUE`.

    The source may also be a folder: its layout, channels and classes are inferred from its files, and `taken` of the
    data spec lists what was inferred. `dims` applies to a folder only; `advance` is called while its masks are read.
    `mni` is the head template of the demo. Paths are relative to the folder of the file; in plain values, to `folder`
    or the current one. Raises SpecError with all faults, and FileError for a folder that can be read in several ways.
    """
    if isinstance(source, Mapping):
        document = from_values(source)
    elif str(source) == "mni":
        document = from_values({"dataset": "mni"}, "mni")
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
    """The data spec of a folder: its layout follows from the names, channels and classes from the files."""
    from unetkit.data.files.folder_layout import arranged, left_over
    from unetkit.data.folder_keys import lines_of, taken  # numpy comes with it

    keys = ({} if dims is None else {"dims": dims}) | arranged(folder)
    found = data_of(override(from_values(keys, str(folder)), overrides), folder)
    more = taken(found, {one.partition("=")[0].split(".")[0].strip() for one in overrides}, advance)
    more["dataset"] = keys["dataset"] | more.get("dataset", {})
    document = override(from_values(keys | more, str(folder)), overrides)
    data, values = data_of(document, folder), as_lists(document.values())
    left = left_over(folder, values)
    notes = [f"note: not read: {listed(left)}"] * bool(left)
    notes += [f"note: {note}" for note in data.dataset.notes(folder)]
    shown = lines_of({key: values[key] for key in SHOWN if key in values})
    return replace(data, taken=(f"{folder}: read as", *(f"   {line}" for line in shown), *notes))


def data_of(document: Document, folder: Path) -> DataSpec:
    """The data spec in a document; its paths are relative to `folder`."""
    return DataLoader(document).spec(folder)


class DataLoader(Reader):
    """Reads a data file."""

    def spec(self, folder: Path) -> DataSpec:
        """The data spec; raises SpecError with everything that is wrong."""
        keys = self.read_keys(DataKeys, self.document.values())
        self.dims, sound = keys.dims, not self.faults
        dataset = self.read_slot("dataset", keys.dataset, "dataset")
        split = self.read_slot("split", keys.split, "split") if keys.split is not None else None
        normalization = self.read_slot("normalization", keys.normalization, "normalization")
        if sound:
            self.check_classes(keys)
            self.check_channels(keys, normalization)
            self.check_axes(keys)
        self.raise_faults()
        return DataSpec(keys, dataset, split, normalization, folder, self.types, self.document)

    def check_channels(self, keys: DataKeys, normalization: NormalizationMethod | None) -> None:
        """Collects channels that the images do not have, and a normalization for another number of them."""
        chosen = keys.channels.take if isinstance(keys.channels, ChannelKeys) else range(keys.channels)
        stored = keys.channels.count if isinstance(keys.channels, ChannelKeys) else keys.channels
        for index, one in enumerate(chosen):
            if one >= stored:
                message = f"there is no channel {one}, there are 0 to {stored - 1}"
                self.fault(Fault("unknown-channel", message), "channels", "take", index)
        for name, message, cure in normalization.channel_faults(len(chosen)) if normalization else ():
            self.fault(Fault("wrong-length", message, cure=cure), "normalization", name)

    def check_axes(self, keys: DataKeys) -> None:
        """Collects an orientation that has not a letter for each axis of a volume, and a spacing without a number."""
        if keys.dims == 3 and len(keys.orientation) < keys.dims:
            message = f"{keys.orientation!r} is no orientation of a volume: it has {len(keys.orientation)} letters"
            self.fault(Fault("wrong-length", message, cure="Give three, as in RAS."), "orientation")
        if isinstance(keys.spacing, tuple) and len(keys.spacing) != keys.dims:
            message = f"{len(keys.spacing)} numbers for {keys.dims} axes"
            self.fault(Fault("wrong-length", message, cure="Give one for each."), "spacing")

    def check_classes(self, keys: DataKeys) -> None:
        """Collects names, colours and numbers that two classes share, or a class and what is ignored."""
        ignored = keys.ignore if isinstance(keys.ignore, tuple) else () if keys.ignore is None else (keys.ignore,)
        owners = {one: "what is ignored" for one in ignored if isinstance(one, str)}
        spans = [(span_of(one), -1, "what is ignored") for one in ignored if isinstance(one, int)]
        for index, given in enumerate(keys.classes or ()):
            one = ClassKeys(name=given) if isinstance(given, str) else given
            spans += [(span_of(value), index, one.name) for value in ((index,) if one.values is None else one.values)]
            for mark in (one.name, one.colour):
                if mark in owners:
                    self.shared(mark, one.name, owners[mark], index)
                if mark is not None:
                    owners.setdefault(mark, repr(one.name))
        before = None
        for span, index, name in sorted(spans):
            if before is not None and span[0] <= before[0][1]:
                (_, first, theirs), (_, last, mine) = sorted((before, (span, index, name)), key=lambda one: one[1])
                self.shared(f"value {span[0]}", mine, theirs if first < 0 else repr(theirs), last)
            if before is None or span[1] > before[0][1]:
                before = (span, index, name)

    def shared(self, what: str, name: str, other: str, index: int) -> None:
        """Collects a name, colour or number that two classes share."""
        message = f"{what} of {name!r} is that of {other} already"
        self.fault(Fault("class-twice", message, cure="Give each its own."), "classes", max(index, 0))
