"""NumPy files (.npy), mapped part by part. They do not name their axes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.imagefiles.axes import find_axes
from unetkit.imagefiles.images import Images, ReadRequest
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.result import ArrayWriter, ResultAxes, ResultWriter
from unetkit.imagefiles.views.arrays import MappedArray
from unetkit.writing import placed


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Opens a file as a mapped array."""
    check_type(path, _stored_type(path))
    array = MappedArray.of(path, np.load(path, mmap_mode="r", allow_pickle=False))
    letters, layout = find_axes(path, array.shape, request)
    yield Images(path, array, layout, letters)


def _stored_type(path: Path) -> np.dtype[Any]:
    """The type of the numbers in a file, read before anything is mapped."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        dtype: np.dtype[Any] = read(file)[2]
    return dtype


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Creates a file with the axes of the image; without a channel axis there, channels come first."""
    with create_array(path, ResultAxes.of(images, channels), dtype) as writer:
        yield writer


@contextmanager
def create_array(path: Path, result: ResultAxes, dtype: Any) -> Iterator[ResultWriter]:
    """Creates a file with these axes."""
    with placed(path) as growing:
        array = MappedArray.of(growing, np.lib.format.open_memmap(growing, "w+", dtype, result.shape))
        yield ArrayWriter(array, result)
