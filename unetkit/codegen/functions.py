"""Functions of the generated file: those copied from unetkit.functional, and the one that initializes weights."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from unetkit.block import CONVOLUTIONS
from unetkit.codegen.layout import INDENT, call, lay_out, literal
from unetkit.planning import Plan

_INNER = INDENT * 2


@cache
def definitions() -> dict[str, tuple[str, frozenset[str]]]:
    """The source of each function and class of unetkit.functional, and the names it uses; read without torch."""
    text = (files("unetkit") / "functional.py").read_text(encoding="utf-8")
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
            found[node.name] = (ast.get_source_segment(text, node) or "", names)
    return found


def borrowed(names: Iterable[str]) -> dict[str, str]:
    """The source of the named definitions and of all that they use, in the order of the file."""
    available, needed = definitions(), set[str]()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in available and name not in needed:
            needed.add(name)
            queue += available[name][1]
    return {name: source for name, (source, _) in available.items() if name in needed}


def initialize(plan: Plan) -> Iterator[str]:
    """Yields the lines of the function; none where torch's own initialization stays."""
    init = plan.spec.init
    layers = [plan.layer(index) for index in range(1, len(plan.nodes))]
    others = any(layer.home for layer in layers)
    layers = [layer for layer in layers if layer.name in {f"nn.{name}" for name in CONVOLUTIONS}]
    found = init.filling()
    if found is None or not (layers or others):
        return
    names = sorted({layer.name for layer in layers} | {f"nn.{name}" for name in CONVOLUTIONS if others})
    kinds = names[0] if len(names) == 1 else f"({', '.join(names)})"
    biased = {layer.kwargs.get("bias", True) for layer in layers} | ({True, False} if others else set())
    arguments = {name: literal(value) for name, value in found.arguments.items()}
    yield "def initialize(module: nn.Module) -> None:"
    method = f"{plan.spec.type_of(init)}{', bias 0' if True in biased else ''}"
    yield f'    """Fills the weights of a convolution: {method}."""'
    yield f"    if isinstance(module, {kinds}):"
    yield from lay_out("", call(f"nn.init.{found.function}", "module.weight", **arguments), _INNER)
    if biased == {True}:
        yield f"{_INNER}nn.init.zeros_(module.bias)"
    elif True in biased:
        yield f"{_INNER}if module.bias is not None:"
        yield f"{_INNER}{INDENT}nn.init.zeros_(module.bias)"
