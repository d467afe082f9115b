"""The interface of data sets: a frozen pydantic model whose fields are YAML keys, and a list of its images."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    """What the files of a pair hold.

    `image` is (channels, *spatial). `mask` is (*spatial) in whole numbers, or (*spatial, 3) in colours. `instances`
    numbers the objects (*spatial) from 1, 0 lies between them. `spacing` is the distance between samples per axis, in
    `unit`. `axis_codes` are those of the file (a volume's, also where slices of it are read). `notes` says what was
    done to make the files fit together.
    """

    image: NDArray[Any]
    mask: NDArray[Any]
    instances: NDArray[Any] | None = None
    spacing: tuple[float, ...] | None = None
    unit: str = ""
    axis_codes: str = ""
    notes: tuple[str, ...] = ()


class ImageEntry(NamedTuple):
    """A pair that has not been read yet: its name, what reads it, and the file that its mask is in, for messages.

    `read` raises FileError where it cannot.
    """

    name: str
    read: Callable[[], RawPair]
    mask: str = ""


@dataclass(frozen=True)
class ReadOptions:
    """How a data set is to be read: the folder that paths begin at, the spatial axes, and the channels to be found.

    `orientation` has the axis codes that volumes are brought to, as in RAS; most_common and native are those of a data
    file. `check_geometry`: masks that lie on other samples than their images are refused.
    """

    folder: Path
    dims: int
    channels: int
    orientation: str = "native"
    check_geometry: bool = True


class Dataset(Component):
    """Lists images with their masks. A plugin adds a kind of its own through the entry points `unetkit.datasets`."""

    slot = "dataset"
    classes: ClassVar[tuple[str, ...]] = ()
    """The names of the classes, if the data set defines them."""

    @abstractmethod
    def entries(self, asked: ReadOptions) -> Sequence[ImageEntry]:
        """The images, each with a unique name, in the order of a stack. No pixels are read.

        Raises FileError with all faults.
        """

    def orientation(self, asked: ReadOptions) -> str:
        """The axis codes to which `entries` turns volumes; "" if it leaves them as they are."""
        return ""

    def parts(self, names: Sequence[str]) -> tuple[list[str], list[str], list[str]] | None:
        """The names for training, validation and test, if the data set defines a split."""
        return None

    def notes(self, folder: Path) -> Sequence[str]:
        """Notes for the user that are no faults, such as skipped files."""
        return ()

    def files(self, folder: Path) -> Iterator[Path]:
        """Yields the files at its paths, which no result may replace; paths are relative to `folder`.

        `{...}` in a path stands for anything, `*` and `**` as in a pattern of files.
        """
        for name in path_fields(self):
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,) * (value is not None):
                parts = re.split(r"(\{[^{}]*\}|\*+)", str(folder / one))
                wild = ("*" if part.startswith("{") else part for part in parts[1::2])
                pattern = "".join(chain(*zip_longest(map(escape, parts[::2]), wild, fillvalue="")))
                for found in map(Path, iglob(pattern, recursive=True)):
                    yield from found.iterdir() if found.is_dir() and found.suffix != ".zarr" else (found,)


def path_fields(component: Component) -> Iterator[str]:
    """Yields the fields of a component that hold paths."""
    for name, field in type(component).model_fields.items():
        if any(isinstance(mark, PathField) for mark in field.metadata):
            yield name
