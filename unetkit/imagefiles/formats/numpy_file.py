"""NumPy files (.npy), mapped part by part. They do not say what their axes are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.imagefiles.axes import lay_out
from unetkit.imagefiles.formats.raw import MappedArray
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.numbers import check_type
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.result import ArrayWriter, ResultAxes
from unetkit.imagefiles.target import ResultWriter
from unetkit.writing import placed


@contextmanager
def open_file(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Gives the images in a file; raises FileError where it cannot be read."""
    dtype = header(path)
    check_type(path, dtype)
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    order = "C" if array.flags.c_contiguous else "F"
    raw = MappedArray(path, array.offset, array.dtype, array.shape, order)  # type: ignore[arg-type]
    del array
    letters, layout = lay_out(path, raw.shape, request)
    yield Images(path, raw, layout, letters)


def header(path: Path) -> np.dtype[Any]:
    """Returns the type of the numbers in a file, before anything is mapped."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        dtype: np.dtype[Any] = read(file)[2]
    return dtype


@contextmanager
def create_file(path: Path, images: Images, channels: int | None, dtype: Any) -> Iterator[ResultWriter]:
    """Gives a target whose file has the axes of the image; channels stand where the image's do, else first."""
    with filled(path, ResultAxes.of(images, channels), dtype) as target:
        yield target


@contextmanager
def filled(path: Path, result: ResultAxes, dtype: Any) -> Iterator[ResultWriter]:
    """Gives a target whose file has these axes."""
    with placed(path) as growing:
        array = np.lib.format.open_memmap(growing, "w+", dtype, result.shape)
        raw = MappedArray(growing, array.offset, array.dtype, result.shape)
        del array
        yield ArrayWriter(raw, result)
