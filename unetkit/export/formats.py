"""The formats, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from unetkit.errors import Fault, UnetkitError

Format = Literal["onnx", "openvino", "torch"]

FORMATS: tuple[Format, ...] = get_args(Format)
"""The formats by the name that they have on the command line."""


Run = Callable[[NDArray[Any]], NDArray[Any]]
"""What runs a file: an array (N, C, *spatial) to an array."""


class ExportError(UnetkitError):
    """A network cannot be exported, or an exported one not be run."""


def needed(name: str) -> Any:
    """Returns a package of the extra `export`, imported; raises ExportError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ExportError(
            Fault("missing-package", f"{name} is not installed: {error}", cure="pip install 'unetkit[export]'")
        ) from error
