"""Weights held against a network: which of them do not fit it, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""The types in which weights may be kept."""


class Misfit(NamedTuple):
    """A weight whose shape differs between a file and a network; an empty text where one of them lacks it."""

    name: str
    given: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.name}: {self.given or 'nothing'} in the file, {self.wanted or 'nothing'} in the network"


def misfits(model: nn.Module, weights: Mapping[str, Tensor]) -> list[Misfit]:
    """Returns, by name, the weights that the network has and the others lack, or the reverse, or of other shapes."""
    wanted = {name: shape_of(tensor) for name, tensor in model.state_dict().items()}
    given = {name: shape_of(tensor) for name, tensor in weights.items()}
    names = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
    return [Misfit(name, given.get(name, ""), wanted.get(name, "")) for name in names]


def shape_of(tensor: Tensor) -> str:
    """Returns the shape of weights, and what they count in where that is no kind of float."""
    shape = str(tuple(tensor.shape))
    return shape if tensor.dtype in FLOATS else f"{shape} {str(tensor.dtype).removeprefix('torch.')}"
