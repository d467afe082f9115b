"""A validated data file: where images and masks are, what they mean, and how they are divided."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from unetkit.block import Component
from unetkit.data.data_keys import ChannelKeys, ClassKeys, DataKeys
from unetkit.data.dataset import Dataset, ReadOptions, path_fields, paths_in
from unetkit.data.files.modalities import channels_of_files
from unetkit.data.normalizations import NormalizationMethod
from unetkit.data.splits.split import Split
from unetkit.data.vectors import VectorSource
from unetkit.document.document import Document
from unetkit.document.merge import as_lists
from unetkit.document.reader import written_form

if TYPE_CHECKING:
    from unetkit.data.targets import Target


@dataclass(frozen=True)
class DataSpec:
    """The content of a data file. Paths in it begin at `folder`."""

    keys: DataKeys
    dataset: Dataset
    split: Split | None
    normalization: NormalizationMethod
    targets: dict[str, Target]
    """What outputs of a network predict, by name."""
    folder: Path
    types: dict[type[Component], str] = field(default_factory=dict, repr=False)
    """The registered name of each kind of component."""
    document: Document | None = field(default=None, repr=False, compare=False)
    inferred: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """For a folder: what was inferred from its files, as lines to display."""

    @property
    def name(self) -> str:
        """The name of the data."""
        return self.keys.name

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return self.keys.dims

    @property
    def take(self) -> tuple[int, ...] | None:
        """The channels of the files that are used; None for all."""
        return self.keys.channels.take if isinstance(self.keys.channels, ChannelKeys) else None

    @property
    def channels(self) -> int:
        """The number of channels that a network takes."""
        return self._stored_channels if self.take is None else len(self.take)

    @property
    def _stored_channels(self) -> int:
        """The number of channels in the files of an image."""
        given = self.keys.channels
        return (
            given if isinstance(given, int) else given.count if isinstance(given, ChannelKeys) else sum(given.values())
        )

    @property
    def image_channels(self) -> dict[str, int]:
        """The channels of each of several images by name; empty for one image, and where only some are used."""
        names = self.dataset.image_names if self.take is None else ()
        return dict(zip(names, channels_of_files(names, self.read_options), strict=True))

    @property
    def classes(self) -> tuple[ClassKeys, ...]:
        """The named classes; empty where the numbers in masks are the classes."""
        named = self.keys.classes or self.dataset.classes
        return tuple(ClassKeys(name=each) if isinstance(each, str) else each for each in named)

    @property
    def ignored(self) -> tuple[int | str, ...]:
        """Numbers and colours in masks that are ignored."""
        values = self.keys.ignore
        return () if values is None else values if isinstance(values, tuple) else (values,)

    @cached_property
    def vectors(self) -> dict[str, VectorSource]:
        """Where the vectors beside the images come from, by name."""
        return {name: VectorSource.of(name, given) for name, given in self.keys.vectors.items()}

    @property
    def spacing(self) -> Literal["native", "median"] | tuple[float, ...]:
        """The distance between samples that images are resampled to; native for no resampling."""
        return self.keys.spacing

    @property
    def cache(self) -> bool:
        """Whether images stay in memory."""
        return self.keys.cache

    @property
    def workers(self) -> int:
        """The number of processes that make patches."""
        return self.keys.workers

    @property
    def read_options(self) -> ReadOptions:
        """How to read the data set."""
        checked = self.keys.mask_geometry == "checked"
        of_each = self.keys.channels if isinstance(self.keys.channels, dict) else {}
        return ReadOptions(self.folder, self.dims, self._stored_channels, self.keys.orientation, checked, of_each)

    def files(self) -> set[Path]:
        """The files that are read: the data file with those that it extends, images, masks, split file and tables."""
        own = self.document.files() if self.document else set()
        split = {self.folder / getattr(self.split, name) for name in path_fields(self.split)} if self.split else set()
        tables = {self.folder / one.table for one in self.vectors.values() if one.table}
        return own | set(self.dataset.files(self.folder)) | split | tables

    def resolve(self, relative_to: Path | None = None) -> dict[str, Any]:
        """Every key that has an effect as plain values; loading them gives an equal data spec.

        Paths are absolute, or relative to a folder: that of the file that the values are written to.
        """
        keys = self.keys
        form: dict[str, Any] = {"unetkit": keys.unetkit}
        form |= {key: value for key in ("name", "description", "source") if (value := getattr(keys, key))}
        form |= {"dims": keys.dims, "dataset": self._written(self.dataset, relative_to)}
        if self.classes:
            form["classes"] = [_shortened(each.model_dump(exclude_none=True)) for each in self.classes]
        if self.targets:
            form["targets"] = {name: written_form(one, self.types) for name, one in self.targets.items()}
        if keys.ignore is not None:
            form["ignore"] = keys.ignore
        if self.vectors:
            form["vectors"] = {name: self._vector_form(one, relative_to) for name, one in self.vectors.items()}
        if self.split is not None:
            form["split"] = self._written(self.split, relative_to)
        form["channels"] = keys.channels.model_dump() if isinstance(keys.channels, ChannelKeys) else keys.channels
        form |= {key: getattr(keys, key) for key in ("orientation", "spacing", "mask_geometry")}
        form["normalization"] = written_form(self.normalization, self.types)
        form |= {"cache": keys.cache, "workers": keys.workers}
        values: dict[str, Any] = as_lists(form)
        return values

    def _written(self, part: Component, relative_to: Path | None) -> dict[str, Any]:
        """A component as a map, with its paths relative to a folder."""
        values: dict[str, Any] = written_form(part, self.types)
        for name in {*path_fields(part)} & values.keys():
            given = values[name]
            paths = [
                self._path(each, relative_to) for each in paths_in(tuple(given) if isinstance(given, list) else given)
            ]
            if isinstance(given, dict):
                values[name] = dict(zip(given, paths, strict=True))
            else:
                values[name] = paths if isinstance(given, list) else paths[0]
        return values

    def _path(self, path: str, relative_to: Path | None) -> str:
        """A path of the data file that is absolute, or relative to a folder."""
        absolute = os.path.abspath(self.folder / path)
        return absolute if relative_to is None else os.path.relpath(absolute, relative_to)

    def _vector_form(self, source: VectorSource, relative_to: Path | None) -> Any:
        """A vector as numbers or as a map."""
        if not source.table:
            return list(source.values)
        form = {"table": self._path(source.table, relative_to), "column": list(source.columns)}
        return form | ({"categories": list(source.categories)} if source.categories else {})


def _shortened(values: dict[str, Any]) -> Any:
    """A class by its name alone where it has nothing else."""
    return values["name"] if len(values) == 1 else values
