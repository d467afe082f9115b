"""Public names of a package, each imported at its first use: torch, Lightning and their kind take seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose names come from the given modules."""
    modules = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return find


def call_late(module: str, function: str, value: object) -> Any:
    """Calls a function of a module that is imported now, such as one of a higher layer that shows a value."""
    return getattr(import_module(module), function)(value)
