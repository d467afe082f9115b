"""Which numbers are read: real ones, of which a network is given each exactly or as the nearest float32."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.errors import Fault, FileError


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
    """Raises FileError where an array that must be decoded whole is larger than the memory that is free."""
    wanted, free = prod(shape) * dtype.itemsize, free_memory()
    if wanted > free:
        message = f"{path} has {wanted / 1e9:,.1f} GB when it is decoded, {free / 1e9:,.1f} GB of memory are free"
        cure = "Store it uncompressed, or in smaller files."
        raise FileError(Fault("image-memory", message, cure=cure, file=str(path)))


def free_memory() -> int:
    """Returns the bytes of main memory that a process can still get; 4 GB where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return 4_000_000_000
