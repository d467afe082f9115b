"""Which numbers are read: real ones, of which a network is given each exactly or as the nearest float32."""

from __future__ import annotations

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
