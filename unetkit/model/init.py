"""How the weights of convolutions begin."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from unetkit.planning.initialization import CONVOLUTIONS, filling
from unetkit.spec.frame import Init


def initialize(network: nn.Module, init: Init) -> None:
    """Fills the weights of convolutions by the named method, their biases with zeros; `default` is torch's own."""
    found = filling(init)
    if found is None:
        return
    fill, convolutions = getattr(nn.init, found.function), tuple(getattr(nn, name) for name in CONVOLUTIONS)
    for module in network.modules():
        if isinstance(module, convolutions):
            fill(module.weight, **found.arguments)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class Uninitialized(TorchFunctionMode):
    """Within it, functions of torch.nn.init do nothing: all, or those named, which fill what is filled again later."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init" and (not self.names or func.__name__ in self.names):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
