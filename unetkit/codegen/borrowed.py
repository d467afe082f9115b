"""The source of unetkit's few tensor functions and layers, read as text: to import them would import torch."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from importlib.resources import files


@cache
def definitions() -> dict[str, tuple[str, frozenset[str]]]:
    """Returns each function and class of unetkit.functional: its source, and the names that it uses."""
    text = (files("unetkit") / "functional.py").read_text(encoding="utf-8")
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
            found[node.name] = (ast.get_source_segment(text, node) or "", names)
    return found


def borrowed(wanted: Iterable[str]) -> dict[str, str]:
    """Returns the source of the wanted definitions and of those that they use themselves, in the order of the file."""
    known, needed = definitions(), set[str]()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name in known and name not in needed:
            needed.add(name)
            queue += known[name][1]
    return {name: source for name, (source, _) in known.items() if name in needed}
