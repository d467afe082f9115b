"""The interface of data sets: pydantic models whose fields are their YAML keys, which list images with masks."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import escape, iglob
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from unetkit.block import Component

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PathField(NamedTuple):
    """Marks a field that holds a path, relative to the folder of the data file."""


FilePath = Annotated[str, PathField()]
"""A path, or a pattern of paths, relative to the folder of the data file."""


class RawPair(NamedTuple):
    """The content of the files of a pair.

    `image` is (channels, *spatial). `mask` is (*spatial) in whole numbers, or (*spatial, 3) in colours. `instances`
    (*spatial) numbers the objects from 1, with 0 between them. `spacing` is the distance between samples per axis, in
    `unit`. `axis_codes` are those of the file (of the volume, even where slices are read). `notes` lists what was done
    to make the files fit together.
    """

    image: NDArray[Any]
    mask: NDArray[Any]
    instances: NDArray[Any] | None = None
    spacing: tuple[float, ...] | None = None
    unit: str = ""
    axis_codes: str = ""
    notes: tuple[str, ...] = ()


class ImageEntry(NamedTuple):
    """A pair that is not read yet: its name, a function that reads it, and the file of its mask, for messages.

    `read` raises FileError on failure.
    """

    name: str
    read: Callable[[], RawPair]
    mask: str = ""


@dataclass(frozen=True)
class ReadOptions:
    """How to read a data set: the folder at which paths begin, the number of spatial axes, and of channels in a file.

    `orientation` has the axis codes that volumes are reoriented to, as in RAS, or is most_common or native as in a data
    file. `check_geometry`: masks that lie on other samples than their images are rejected.
    """

    folder: Path
    dims: int
    channels: int
    orientation: str = "native"
    check_geometry: bool = True
    of_each: Mapping[str, int] = field(default_factory=dict)
    """The channels of each of several images, by their names, where they are given."""


class Dataset(Component):
    """Lists images with their masks. A plugin adds a kind of its own through the entry points `unetkit.datasets`."""

    slot = "dataset"
    classes: ClassVar[tuple[str, ...]] = ()
    """The names of the classes, where the data set defines them."""

    @abstractmethod
    def entries(self, options: ReadOptions) -> Sequence[ImageEntry]:
        """The pairs, each with a unique name, in the order of a stack; reads no pixels.

        Raises FileError with all faults.
        """

    def orientation(self, options: ReadOptions) -> str:
        """The axis codes that `entries` reorients volumes to; "" where they keep those of their files."""
        return ""

    @property
    def image_names(self) -> tuple[str, ...]:
        """The names of the images that lie one after the other in the channels; none for one image."""
        return ()

    def parts(self, names: Sequence[str]) -> tuple[list[str], list[str], list[str]] | None:
        """The names for training, validation and test, where the data set has its own division."""
        return None

    def notes(self, folder: Path) -> Sequence[str]:
        """Remarks that are no faults, such as skipped files."""
        return ()

    def files(self, folder: Path) -> Iterator[Path]:
        """The files that its paths lead to, so that no result replaces one; paths begin at `folder`.

        `{...}` in a path stands for anything, `*` and `**` as in a pattern of files.
        """
        for name in path_fields(self):
            for path in paths_in(getattr(self, name)):
                parts = re.split(r"(\{[^{}]*\}|\*+)", str(folder / path))
                wildcards = ("*" if part.startswith("{") else part for part in parts[1::2])
                pattern = "".join(chain(*zip_longest(map(escape, parts[::2]), wildcards, fillvalue="")))
                for file in map(Path, iglob(pattern, recursive=True)):
                    yield from file.iterdir() if file.is_dir() and file.suffix != ".zarr" else (file,)


def paths_in(value: Any) -> Sequence[str]:
    """The paths in the value of a field that holds some.

    >>> paths_in("a"), paths_in({"before": "a", "after": "b"}), paths_in(None)
    (('a',), ('a', 'b'), ())
    """
    if isinstance(value, Mapping):
        return tuple(value.values())
    return value if isinstance(value, tuple) else () if value is None else (value,)


def path_fields(component: Component) -> Iterator[str]:
    """The fields of a component that hold paths."""
    for name, info in type(component).model_fields.items():
        if any(isinstance(mark, PathField) for mark in info.metadata):
            yield name
