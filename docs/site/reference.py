"""The reference of the Python interface: the public names, documented by their docstrings."""

from __future__ import annotations

from importlib import import_module
from inspect import isclass, isroutine

_MODULES = {
    "unetkit": "Load, plan, build, predict.",
    "unetkit.study": "Studies.",
    "unetkit.train": "Trainings.",
    "unetkit.plugin": "What plugins import: see [plugins](../plugins.md).",
    "unetkit.testing": "What tests of plugins import.",
}


def page() -> str:
    """The names of each public module, in alphabetical order."""
    lines = ["# Python", ""]
    told = set[object]()
    for name, about in _MODULES.items():
        module = import_module(name)
        lines += [f"## {name}", "", about, ""]
        for each in sorted(module.__all__, key=str.casefold):
            value = getattr(module, each)
            if isclass(value) or isroutine(value):
                lines += _entry(name, each, value, again=value in told)
                told.add(value)
    return "\n".join(lines) + "\n"


def _entry(module: str, name: str, value: object, *, again: bool) -> list[str]:
    directive = "autoclass" if isclass(value) else "autofunction"
    options = ["   :no-index:"] if again else []
    if isclass(value) and not again:
        options += ["   :members:"]
    return ["```{eval-rst}", f".. {directive}:: {module}.{name}", *options, "```", ""]
