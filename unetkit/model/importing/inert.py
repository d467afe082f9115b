"""Objects of other programs in a checkpoint, read as inert objects: none of their code is imported or executed.

Beside weights, checkpoints hold numpy scalars, settings, callbacks, or a whole model. torch reads tensors and plain
values only, and reports every other class by name. Each such name gets an inert class here that accepts any state. Of
a whole model, the names and weights of its modules are kept.
"""

from __future__ import annotations

import re
import sys
from _compat_pickle import IMPORT_MAPPING
from collections.abc import Iterator
from typing import Any

from torch import Tensor

_REFUSED = re.compile(r"Unsupported global: GLOBAL (\S+) was not an allowed global")
"""torch's error for a class that it does not know."""
_HARMLESS = {
    "_codecs", "argparse", "array", "builtins", "collections", "copyreg", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "logging", "numbers", "pathlib", "re", "types", "typing", "uuid", "zoneinfo", "__main__",
}  # fmt: skip
"""Modules of the standard library whose objects occur in settings."""
_BUILTINS = {
    "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set",
    "slice", "str", "tuple",
}  # fmt: skip


class Inert:
    """The stand-in for an object of another program."""

    def __new__(cls, *values: Any, **named: Any) -> Inert:
        return object.__new__(cls)

    def __init__(self, *values: Any, **named: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


def inert(name: str) -> type[Inert]:
    """The inert class for the objects of one class, such as numpy.dtype."""
    return type(name.rpartition(".")[2].replace("\0", "") or "Inert", (Inert,), {"__qualname__": name})


def asked_for(error: BaseException) -> str | None:
    """The class name in torch's error; None for other errors."""
    found = _REFUSED.search(str(error))
    if found is None:
        return None
    return found[1] if "." in found[1] else f"builtins.{found[1]}"


def is_suspicious(name: str) -> bool:
    """Whether a name does not belong in a checkpoint: functions that run programs, open files and so on.

    >>> is_suspicious("subprocess.run"), is_suspicious("builtins.eval"), is_suspicious("numpy.dtype")
    (True, True, False)

    torch writes pickles with the names of Python 2: commands.run is subprocess.run.
    """
    module, _, last = name.rpartition(".")
    module = IMPORT_MAPPING.get(module, module)
    package = module.partition(".")[0]
    if module == "builtins":
        return last not in _BUILTINS
    return package in sys.stdlib_module_names and package not in _HARMLESS


def weights_of(module: Inert, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yields the names and weights of a whole model, as in its state dict; nothing for other objects."""
    for kind in ("_parameters", "_buffers"):
        found = module.state.get(kind)
        for name, value in found.items() if isinstance(found, dict) else ():
            if isinstance(value, Tensor):
                yield f"{prefix}{name}", value
    inner = module.state.get("_modules")
    for name, value in inner.items() if isinstance(inner, dict) else ():
        if isinstance(value, Inert):
            yield from weights_of(value, f"{prefix}{name}.")
