"""The function that fills the weights, where a spec asks for a method by name."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.planning import Plan

CONVOLUTIONS = ("nn.Conv", "nn.ConvTranspose")


def initialize(plan: Plan) -> Iterator[str]:
    """Yields the lines of the function; none where torch's own initialisation stays."""
    layers = [plan.layer(index) for index in range(1, len(plan.nodes))]
    layers = [layer for layer in layers if layer.name.startswith(CONVOLUTIONS)]
    if plan.spec.init.type == "default" or not layers:
        return
    names = sorted({layer.name for layer in layers})
    kinds = names[0] if len(names) == 1 else f"({', '.join(names)})"
    biased = {layer.kwargs.get("bias", True) for layer in layers}
    yield "def initialize(module: nn.Module) -> None:"
    yield f'    """Fills the weights of a convolution: {plan.spec.init.type}{", bias 0" if True in biased else ""}."""'
    yield f"    if isinstance(module, {kinds}):"
    yield f"        {fill(plan)}"
    if biased == {True}:
        yield "        nn.init.zeros_(module.bias)"
    elif True in biased:
        yield "        if module.bias is not None:"
        yield "            nn.init.zeros_(module.bias)"


def fill(plan: Plan) -> str:
    """Returns the call that fills a weight, as unetkit.model does it."""
    init = plan.spec.init
    further = ""
    if init.type.startswith("kaiming"):
        further = ', nonlinearity="relu"'
    elif init.type.endswith("normal") and not init.type.startswith("xavier"):
        further = f", std={init.std or 0.02!r}"
    return f"nn.init.{init.type}_(module.weight{further})"
