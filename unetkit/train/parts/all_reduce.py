"""A differentiable sum over the processes of a training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


class AllReduceSum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs. torch's own public version is deprecated."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return AllReduceSum.forward(ctx, gradients[0])


def all_reduce_sum(value: Tensor) -> Tensor:
    """The sum of a scalar over all processes."""
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return value
    total: Tensor = AllReduceSum.apply(value)
    return total
