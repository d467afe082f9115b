"""The function that fills the weights, where a spec asks for a method by name."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.block import CONVOLUTIONS
from unetkit.codegen.layout import INDENT, call, lay_out, literal
from unetkit.planning import Plan

INNER = INDENT * 2


def initialize(plan: Plan) -> Iterator[str]:
    """Yields the lines of the function; none where torch's own initialisation stays."""
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
    yield from lay_out("", call(f"nn.init.{found.function}", "module.weight", **arguments), INNER)
    if biased == {True}:
        yield f"{INNER}nn.init.zeros_(module.bias)"
    elif True in biased:
        yield f"{INNER}if module.bias is not None:"
        yield f"{INNER}{INDENT}nn.init.zeros_(module.bias)"
