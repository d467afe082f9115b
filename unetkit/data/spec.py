"""A validated data file: where images and masks are, what they mean, and how they are divided."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from unetkit.data.data_keys import ChannelKeys, ClassKeys, DataKeys, NormalizationKeys
from unetkit.data.dataset import Dataset, ReadOptions
from unetkit.data.splits.split import FileSplit, Split
from unetkit.document.document import Document
from unetkit.language.loading import as_lists


@dataclass(frozen=True)
class DataSpec:
    """What was asked for. Paths in it begin at `folder`."""

    frame: DataKeys
    dataset: Dataset
    kind: str
    """The registered name of the kind of data set."""
    split: Split | None
    normalization: NormalizationKeys
    folder: Path
    document: Document | None = field(default=None, repr=False, compare=False)
    taken: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """Of a folder: what was taken from its files, as lines to be shown."""

    @property
    def name(self) -> str:
        """The name of the data."""
        return self.frame.name

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return self.frame.dims

    @property
    def take(self) -> tuple[int, ...] | None:
        """Which channels of the files are used; None where that is all."""
        return self.frame.channels.take if isinstance(self.frame.channels, ChannelKeys) else None

    @property
    def channels(self) -> int:
        """Channels of the images that a network is given."""
        return self.frame.channels if isinstance(self.frame.channels, int) else len(self.frame.channels.take)

    @property
    def classes(self) -> tuple[ClassKeys, ...]:
        """The classes that are named; none where they are taken as they are found."""
        named = self.frame.classes or self.dataset.classes
        return tuple(ClassKeys(name=one) if isinstance(one, str) else one for one in named)

    @property
    def ignored(self) -> tuple[int | str, ...]:
        """Numbers and colours in masks that count nowhere."""
        said = self.frame.ignore
        return () if said is None else said if isinstance(said, tuple) else (said,)

    @property
    def spacing(self) -> Literal["native", "median"] | tuple[float, ...]:
        """The distance between samples that images are resampled to; native where they are not."""
        return self.frame.spacing

    @property
    def cache(self) -> bool:
        """Whether images stay in memory once they are read."""
        return self.frame.cache

    @property
    def workers(self) -> int:
        """Processes that make patches beside the one that trains."""
        return self.frame.workers

    @property
    def asked(self) -> ReadOptions:
        """How the data set is to be read."""
        stored = self.frame.channels if isinstance(self.frame.channels, int) else self.frame.channels.count
        checked = self.frame.mask_geometry == "checked"
        return ReadOptions(self.folder, self.dims, stored, self.frame.orientation, checked)

    def files(self) -> set[Path]:
        """Returns the files that are read: the data file with what it extends, images, masks, and that of the split."""
        found = self.document.files() if self.document else set()
        return found | set(self.dataset.files(self.folder)) | self.split_files()

    def split_files(self) -> set[Path]:
        """Returns the file that divides the pairs, where there is one."""
        return {self.folder / self.split.file} if isinstance(self.split, FileSplit) else set()

    def resolve(self, relative_to: Path | None = None) -> dict[str, Any]:
        """Returns every key that has an effect as plain values; loading them gives an equal data spec.

        Paths are absolute, or relative to a folder: that of the file that the values are written to.
        """
        frame = self.frame
        form: dict[str, Any] = {"unetkit": frame.unetkit}
        form |= {key: value for key in ("name", "description", "source") if (value := getattr(frame, key))}
        form |= {"dims": frame.dims, "dataset": {"type": self.kind} | self.located(self.dataset, relative_to)}
        if self.classes:
            form["classes"] = [shortened(one.model_dump(exclude_none=True)) for one in self.classes]
        if frame.ignore is not None:
            form["ignore"] = frame.ignore
        if self.split is not None:
            form["split"] = {"type": self.split.type} | self.located(self.split, relative_to)
        form["channels"] = frame.channels if isinstance(frame.channels, int) else frame.channels.model_dump()
        form |= {key: getattr(frame, key) for key in ("orientation", "spacing", "mask_geometry")}
        kept = self.normalization.model_dump(exclude={*self.normalization.idle()}, exclude_none=True)
        form |= {"normalization": kept, "cache": frame.cache, "workers": frame.workers}
        values: dict[str, Any] = as_lists(form)
        return values

    def located(self, part: Dataset | Split, relative_to: Path | None) -> dict[str, Any]:
        """Returns the parameters of a part, its paths as they are to be written."""
        values = part.model_dump(exclude_none=True)
        names = part.located() if isinstance(part, Dataset) else ["file"] if isinstance(part, FileSplit) else []
        for name in names:
            if name in values:
                said = values[name]
                whole = [os.path.abspath(self.folder / one) for one in (said if isinstance(said, tuple) else (said,))]
                paths = tuple(one if relative_to is None else os.path.relpath(one, relative_to) for one in whole)
                values[name] = paths if isinstance(said, tuple) else paths[0]
        return values


def shortened(values: dict[str, Any]) -> Any:
    """Returns a class by its name where that says all."""
    return values["name"] if len(values) == 1 else values
