"""Which numbers are read: real ones, of which a network is given each exactly or as the nearest float32."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.host import available_memory
from unetkit.wording import gigabytes, megabytes

LARGE = 1 << 28
"""Bytes below which the free memory is not looked at."""
MOST_PACKED = 100_000
"""No image is packed into less than this part of its bytes."""
WHOLE = 1 << 24
"""Up to here float32 holds every whole number."""


def check_type(path: Path, dtype: np.dtype[Any]) -> None:
    """Raises FileError for numbers that are not real: complex ones, structures, text, dates, objects."""
    if dtype.kind in "biuf":
        return
    if dtype.kind == "c":
        message, cure = f"{path} holds complex numbers ({dtype})", "Store magnitude and phase as two channels."
    elif dtype.names is not None:
        fields = ", ".join(dtype.names)
        message, cure = f"{path} holds structures of the fields {fields}", "Store each field as a channel."
    else:
        message, cure = f"{path} holds no numbers, but {dtype}", "Store numbers: integers or floats."
    raise FileError(Fault("image-type", message, cure=cure, file=str(path)))


def check_memory(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises FileError where an array that is to be read whole is larger than the memory that is free."""
    wanted = prod(shape) * dtype.itemsize
    if wanted < LARGE:
        return
    free = available_memory()
    if wanted > free:
        message = f"{path} has {gigabytes(wanted)} when it is read, {gigabytes(free)} of memory are free"
        cure = "Store it in smaller images."
        raise FileError(Fault("image-memory", message, cure=cure, file=str(path)))


def check_ratio(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises FileError where a file is far too short for what its head says."""
    wanted, found = prod(shape) * dtype.itemsize, path.stat().st_size
    if wanted > MOST_PACKED * found:
        message = f"{path} says that it holds {megabytes(wanted)}, in {found:,} bytes"
        raise FileError(Fault("no-image", message, cure="It is damaged, or made to harm.", file=str(path)))


def for_network(image: NDArray[Any], name: str) -> NDArray[Any]:
    """Returns the numbers of an image in a type of few bytes.

    Integers of up to 16 bit and floats of up to 32 stay as they are. Since a network computes in float32, larger
    integers become float32 where it holds each of them, and floats of 64 bit the nearest. Raises FileError for integers
    that it does not hold, and for what is no finite number.
    """
    if image.dtype.kind == "b":
        return forwards(image.view(np.uint8))
    if image.dtype.kind in "iu":
        if image.dtype.itemsize <= 2:
            return forwards(np.asarray(image, image.dtype.newbyteorder("=")))
        check_whole(image, name)
        return forwards(np.asarray(image, np.float32))
    with np.errstate(over="ignore"):
        numbers = forwards(np.asarray(image, np.float16 if image.dtype.itemsize == 2 else np.float32))
    finite = np.isfinite(numbers)
    if not finite.all():
        count = int(numbers.size - np.count_nonzero(finite))
        values = "1 value that is" if count == 1 else f"{count:,} values that are"
        message = f"the image of {name} has {values} no finite number"
        if np.isfinite(image).all():
            message = f"the image of {name} has {count:,} values beyond ±3.4e38, the range of float32"
        raise FileError(Fault("image-values", message, cure="Mend or remove it.", file=name))
    return numbers


def forwards(array: NDArray[Any]) -> NDArray[Any]:
    """Returns an array none of whose axes runs backwards in memory, as torch wants it."""
    return np.ascontiguousarray(array) if any(step < 0 for step in array.strides) else array


def check_whole(image: NDArray[Any], name: str) -> None:
    """Raises FileError where an image holds integers that float32 does not."""
    low, high = (int(image.min()), int(image.max())) if image.size else (0, 0)
    if low >= -WHOLE and high <= WHOLE:
        return
    for part in np.array_split(image.ravel(), max(1, image.size >> 20)):
        lost = [int(value) for value in np.unique(part) if int(np.float32(int(value))) != int(value)]
        if lost:
            message = f"the image of {name} holds {lost[0]:,}, which float32, in which networks compute, does not hold"
            cure = f"Store numbers up to {WHOLE:,}: subtract the smallest, or divide."
            raise FileError(Fault("image-range", message, cure=cure, file=name))
