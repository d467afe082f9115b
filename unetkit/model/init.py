"""How the weights of convolutions begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from unetkit.spec.frame import Init

Fill = Callable[[Tensor], Tensor]
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def initialize(network: nn.Module, init: Init) -> None:
    """Fills the weights of convolutions by the named method, their biases with zeros; `default` is torch's own."""
    if init.type == "default":
        return
    fill = method(init)
    for module in network.modules():
        if isinstance(module, CONVOLUTIONS):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def method(init: Init) -> Fill:
    """Returns the function that fills a weight.

    kaiming: He et al., 2015, arXiv:1502.01852, for ReLU; kaiming_normal is √(2/N) of the 2015 U-Net paper.
    xavier: Glorot & Bengio, 2010. orthogonal: Saxe et al., 2014, arXiv:1312.6120.
    """
    std = init.std or 0.02
    methods: dict[str, Fill] = {
        "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
        "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
        "xavier_normal": nn.init.xavier_normal_,
        "xavier_uniform": nn.init.xavier_uniform_,
        "orthogonal": nn.init.orthogonal_,
        "normal": lambda weight: nn.init.normal_(weight, std=std),
        "trunc_normal": lambda weight: nn.init.trunc_normal_(weight, std=std),
    }
    return methods[init.type]


class Uninitialized(TorchFunctionMode):
    """Within it, torch.nn.init does nothing: for networks whose weights are about to be read from a file."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
