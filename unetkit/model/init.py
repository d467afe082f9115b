"""How the weights of convolutions begin."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from unetkit.block import CONVOLUTIONS, Init


def initialize(network: nn.Module, init: Init) -> None:
    """Fills the weights of convolutions by the named method, their biases with zeros; `default` is torch's own."""
    found = init.filling()
    if found is None:
        return
    fill, convolutions = getattr(nn.init, found.function), tuple(getattr(nn, name) for name in CONVOLUTIONS)
    for module in network.modules():
        if isinstance(module, convolutions):
            fill(module.weight, **found.arguments)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class Uninitialized(TorchFunctionMode):
    """Within it, torch.nn.init does nothing: for networks whose weights are about to be read from a file."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
