"""The weights of a network: how they begin, and whether given ones fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from unetkit.block import CONVOLUTIONS, Init

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""The types in which weights may be stored."""


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
    """A mode in which torch.nn.init does nothing: for networks whose weights are then read from a file."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


class Misfit(NamedTuple):
    """A weight whose shape differs between a file and a network; an empty text where one of them lacks it."""

    name: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name}: {self.given or 'nothing'} in the file, {self.expected or 'nothing'} in the network"


def misfits(model: nn.Module, weights: Mapping[str, Tensor]) -> list[Misfit]:
    """The weights that only one side has, or that have another shape or type, by name."""
    expected = {name: _shape(tensor) for name, tensor in model.state_dict().items()}
    given = {name: _shape(tensor) for name, tensor in weights.items()}
    names = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    return [Misfit(name, given.get(name, ""), expected.get(name, "")) for name in names]


def _shape(tensor: Tensor) -> str:
    """The shape of weights, with their type unless it is a float."""
    shape = str(tuple(tensor.shape))
    return shape if tensor.dtype in _FLOATS else f"{shape} {str(tensor.dtype).removeprefix('torch.')}"
