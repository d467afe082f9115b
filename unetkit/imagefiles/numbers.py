"""Which numbers are accepted: real ones, given to a network exactly or as the nearest float32."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.host import available_memory
from unetkit.wording import gigabytes, megabytes, plural, size_text

UNCHECKED_BYTES = 1 << 28
"""Smaller arrays are read without a look at the free memory."""
_MAX_COMPRESSION = 100_000
"""No image is compressed by more than this ratio."""
_MAX_WHOLE = 1 << 24
"""Up to here float32 represents every integer."""


def check_type(path: Path, dtype: np.dtype[Any]) -> None:
    """Raises FileError for types that are not real numbers: complex, structures, text, dates, objects."""
    if dtype.kind in "biuf":
        return
    if dtype.kind == "c":
        message, cure = f"{path} holds complex numbers ({dtype})", "Store magnitude and phase as two channels."
    elif dtype.names is not None:
        message, cure = (
            f"{path} holds structures with fields {', '.join(dtype.names)}",
            "Store fields as channels.",
        )
    else:
        message, cure = f"{path} holds {dtype}, not numbers", "Store numbers: integers or floats."
    raise FileError(Fault("image-type", message, cure=cure, file=str(path)))


def check_memory(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises FileError where an array to be read whole is larger than the free memory."""
    required = prod(shape) * dtype.itemsize
    if required < UNCHECKED_BYTES:
        return
    free = available_memory()
    if required > free:
        message = f"{path} needs {gigabytes(required)} in memory, {gigabytes(free)} are free"
        raise FileError(Fault("image-memory", message, cure="Store it in smaller images.", file=str(path)))


def check_ratio(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises FileError where a file is far too short for the size in its header."""
    claimed, stored = prod(shape) * dtype.itemsize, path.stat().st_size
    if claimed > _MAX_COMPRESSION * stored:
        message = f"{path} claims to hold {megabytes(claimed)} in {stored:,} bytes"
        raise FileError(Fault("no-image", message, cure="The file is damaged or malicious.", file=str(path)))


def check_length(path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises FileError where an uncompressed array, which begins at a byte of a file, goes on beyond its end."""
    end, stored = offset + prod(shape) * dtype.itemsize, path.stat().st_size
    if end > stored:
        message = f"{path} claims to hold {size_text(shape)} {dtype}, up to byte {end:,} of {stored:,}"
        raise FileError(Fault("no-image", message, cure="The file is damaged: save it again.", file=str(path)))


def for_network(image: NDArray[Any], name: str) -> NDArray[Any]:
    """The numbers of an image in a compact type.

    Integers of up to 16 bits and floats of up to 32 bits keep their type. Since networks compute in float32, larger
    integers become float32 where it represents them exactly, and 64-bit floats are rounded. Raises FileError for other
    integers and for values that are not finite.
    """
    if image.dtype.kind == "b":
        return _with_forward_strides(image.view(np.uint8))
    if image.dtype.kind in "iu":
        if image.dtype.itemsize <= 2:
            return _with_forward_strides(np.asarray(image, image.dtype.newbyteorder("=")))
        _check_whole(image, name)
        return _with_forward_strides(np.asarray(image, np.float32))
    with np.errstate(over="ignore"):
        numbers = _with_forward_strides(np.asarray(image, np.float16 if image.dtype.itemsize == 2 else np.float32))
    finite = np.isfinite(numbers)
    if not finite.all():
        count = int(numbers.size - np.count_nonzero(finite))
        message = f"the image of {name} has {plural(count, 'value')} that {'is' if count == 1 else 'are'} not finite"
        if np.isfinite(image).all():
            message = f"the image of {name} has {count:,} values beyond ±3.4e38, the range of float32"
        raise FileError(Fault("image-values", message, cure="Correct or remove it.", file=name))
    return numbers


def _with_forward_strides(array: NDArray[Any]) -> NDArray[Any]:
    """An array without negative strides, which torch does not support."""
    return np.ascontiguousarray(array) if any(step < 0 for step in array.strides) else array


def _check_whole(image: NDArray[Any], name: str) -> None:
    """Raises FileError where an image holds integers that float32 cannot represent."""
    low, high = (int(image.min()), int(image.max())) if image.size else (0, 0)
    if low >= -_MAX_WHOLE and high <= _MAX_WHOLE:
        return
    for part in np.array_split(image.ravel(), max(1, image.size >> 20)):
        inexact = [int(value) for value in np.unique(part) if int(np.float32(int(value))) != int(value)]
        if inexact:
            message = f"the image of {name} holds {inexact[0]:,}; networks compute in float32, which cannot hold it"
            cure = f"Store numbers up to {_MAX_WHOLE:,}: subtract the smallest, or divide."
            raise FileError(Fault("image-range", message, cure=cure, file=name))
