"""The order of channels and pixels in memory in which a network is quickest."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unetkit.planning import Plan

CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


def memory_format(plan: Plan) -> torch.memory_format:
    """Returns channels last, unless the network has one axis, or operations that are slower so.

    On two cores a training step of a U-Net with batch norm takes 1.2 (2D) to 1.5 (3D) times as long with channels
    first; with instance norm it takes 0.8 times as long.
    """
    return CHANNELS_LAST[plan.dims] if plan.channels_last else torch.contiguous_format


def arranged(tensor: Tensor, plan: Plan, device: torch.device | None = None) -> Tensor:
    """Returns a tensor in the memory format of a network, where it has all axes of a batch of images."""
    fitting = memory_format(plan) if tensor.dim() == plan.dims + 2 else torch.preserve_format
    return tensor.to(device or tensor.device, memory_format=fitting)


def arrange(module: nn.Module, plan: Plan) -> None:
    """Puts the parameters of a network, or of what holds it, into its memory format."""
    for weight in module.parameters():
        weight.data = arranged(weight.data, plan)
