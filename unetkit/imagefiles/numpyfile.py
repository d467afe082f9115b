"""NumPy files (.npy), mapped part by part: (channels, *spatial), (*spatial), or a stack of either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.imagefiles.kinds import Origin, unreadable
from unetkit.imagefiles.layout import Images, lay_out
from unetkit.imagefiles.raw import RawFile
from unetkit.imagefiles.target import Target
from unetkit.writing import placed


@contextmanager
def opened(path: Path, dims: int, channels: int) -> Iterator[Images]:
    """Gives the images in a file; raises FileError where it cannot be read."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        order = "C" if array.flags.c_contiguous else "F"
        raw = RawFile(path, array.offset, array.dtype, array.shape, order)  # type: ignore[arg-type]
    except (OSError, ValueError, EOFError, AttributeError) as error:
        raise unreadable(path, error) from error
    del array
    yield Images(raw, lay_out(path, raw.shape, dims, channels))


@contextmanager
def made(path: Path, origin: Origin, shape: tuple[int, ...], dtype: Any) -> Iterator[Target]:
    """Gives an array that is written to the file as it is filled."""
    with placed(path) as growing:
        array = np.lib.format.open_memmap(growing, "w+", dtype, shape)
        raw = RawFile(growing, array.offset, array.dtype, shape)
        del array
        yield raw
