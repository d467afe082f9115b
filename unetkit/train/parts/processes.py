"""A number that all processes of a training share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


class Sum(torch.autograd.Function):
    """The sum over all processes. Its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        summed = own.clone()
        distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        summed = gradients[0].clone()
        distributed.all_reduce(summed)
        return summed


def summed(own: Tensor) -> Tensor:
    """Returns the sum of a number over all processes, with a gradient through all of them."""
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return own
    result: Tensor = Sum.apply(own)
    return result
