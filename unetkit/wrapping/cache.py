"""A cache of measurements on disk, keyed by the code of the module and its parameters."""

from __future__ import annotations

import inspect
import json
import os
import sys
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from unetkit.errors import UnetkitError
from unetkit.wrapping.facts import ModuleFacts
from unetkit.writing import write_whole

_FORM = 3
"""Version of the measuring code: measurements of other versions are repeated."""


def folder() -> Path:
    """The folder of measurements: unetkit/facts in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unetkit" / "facts"


def key(module: type, arguments: dict[str, Any], channels: tuple[int, ...], dims: int) -> str:
    """The key of a measurement; it changes with the source code of the module."""
    import torch

    code = [_text_of(kind) for kind in module.__mro__ if kind.__module__ not in ("builtins", "torch.nn.modules.module")]
    text = json.dumps(
        [_FORM, module.__qualname__, sorted(arguments.items()), channels, dims, torch.__version__], default=repr
    )
    return sha256("\0".join([text, *code]).encode()).hexdigest()


def _text_of(kind: type) -> str:
    """The source of the file that defines a class; without a file, of the class itself, or its name."""
    try:
        return inspect.getsource(sys.modules[kind.__module__])
    except (OSError, TypeError, KeyError):
        try:
            return inspect.getsource(kind)
        except (OSError, TypeError):
            return f"{kind.__module__}:{kind.__qualname__}"


def versions(packages: set[str]) -> dict[str, str]:
    """The installed versions of the packages that a module uses."""
    owners = packages_distributions()
    found = {}
    for package in sorted(packages - {"torch", "builtins", "__main__"}):
        for owner in owners.get(package, ()):
            try:
                found[owner] = version(owner)
            except PackageNotFoundError:
                continue
    return found


Stored = TypeVar("Stored", bound=BaseModel)


class CachedMeasurement(BaseModel):
    """A measurement as stored: facts by axis, output channels, weights, and versions of the packages."""

    model_config = ConfigDict(strict=True, extra="forbid")

    axes: tuple[ModuleFacts, ...]
    out: int
    weights: int
    versions: dict[str, str]


def read(name: str) -> CachedMeasurement | None:
    """A stored measurement; None if there is none, or if its packages have changed since."""
    kept = stored(name, CachedMeasurement)
    try:
        fresh = kept is not None and all(version(owner) == known for owner, known in kept.versions.items())
    except PackageNotFoundError:
        return None
    return kept if fresh else None


def stored(name: str, kind: type[Stored]) -> Stored | None:
    """What is stored under a name; None if there is nothing, or something damaged."""
    try:
        return kind.model_validate_json((folder() / f"{name}.json").read_bytes())
    except (OSError, ValueError, RuntimeError):  # a RuntimeError where there is no home
        return None


def write(name: str, values: dict[str, Any]) -> None:
    """Stores a measurement; if it cannot be written, the module is measured again next time."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        write_whole(folder() / f"{name}.json", json.dumps(values).encode())
    except (OSError, RuntimeError, UnetkitError):  # a full or read-only disk, or no home
        return
