"""Components of a project in progress: a Python file or module that the command line names, never a spec."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from unetkit.block import Component
from unetkit.errors import BlockError, Fault

_REQUESTED = "UNETKIT_PLUGINS"
"""The files and modules of `--plugin`, for the processes that a command starts."""


def load(reference: str) -> ModuleType:
    """Imports a file or a module by its dotted name. Raises BlockError if that fails."""
    is_file = reference.endswith(".py") or os.sep in reference
    try:
        return _load_file(Path(reference)) if is_file else _load_module(reference)
    except (Exception, SystemExit) as error:  # whatever the module raises becomes a fault of the plugin
        if isinstance(error, BlockError):
            raise
        message = f"the plugin {reference} cannot be imported: {type(error).__name__}: {error}"
        raise BlockError(Fault("plugin-import", message, cure=f"Repair it: python {reference} shows where.")) from error


def _load_module(name: str) -> ModuleType:
    """Imports a module; the current folder is searched too."""
    if not all(part.isidentifier() for part in name.split(".")):
        cure = "Give a Python file, or the name of a module."
        raise BlockError(Fault("plugin-unknown", f"{name!r} is neither a .py file nor a module", cure=cure))
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def _load_file(path: Path) -> ModuleType:
    """Imports a file as a module of its name; it can import the files beside it."""
    path = path.resolve()
    if not path.is_file():
        raise BlockError(Fault("plugin-unknown", f"there is no file {path}", cure="Give a Python file, or a module."))
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if not name.isidentifier() or known is not None or importlib.util.find_spec(name) not in (None, _spec_at(path)):
        cure = "Rename the file to a word that no installed module has."
        raise BlockError(Fault("plugin-name", f"{path} has the name of another module, or none: {name!r}", cure=cure))
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    return importlib.import_module(name)


def _spec_at(path: Path) -> object:
    """The import spec of a file, if its folder is on the path already."""
    spec = importlib.util.find_spec(path.stem)
    return spec if spec is not None and spec.origin == str(path) else None


def own_blocks(module: ModuleType) -> Iterator[tuple[str, type[Component]]]:
    """Yields (name, class) for the components that a module defines; the name is that of the class in snake case."""
    for attribute, value in vars(module).items():
        own = isinstance(value, type) and issubclass(value, Component) and value.__module__ == module.__name__
        if own and not attribute.startswith("_") and not getattr(value, "__abstractmethods__", ()):
            yield snake_case(attribute), value


def snake_case(name: str) -> str:
    """The name of a class in snake case, as a spec writes it.

    >>> snake_case("ConvBlock"), snake_case("SEConv"), snake_case("Conv2dReLU")
    ('conv_block', 'se_conv', 'conv2d_relu')
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name))
    return words.lower().replace("_re_lu", "_relu")


def request(reference: str) -> None:
    """Lets the processes that this one starts load a plugin too."""
    absolute = str(Path(reference).resolve()) if reference.endswith(".py") or os.sep in reference else reference
    asked = requested()
    if absolute not in asked:
        os.environ[_REQUESTED] = os.pathsep.join([*asked, absolute])


def requested() -> list[str]:
    """The plugins that this process is to load."""
    return [word for word in os.environ.get(_REQUESTED, "").split(os.pathsep) if word]
