"""Random weights with which maps keep their scale through a whole network."""

from __future__ import annotations

import torch
from torch import nn


def with_random_weights(network: nn.Module) -> nn.Module:
    """The network in evaluation mode, all of its weights and running values random, so that maps keep their scale."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if not value.is_floating_point():  # a count, or an index
                continue
            noise = torch.rand(value.shape, generator=generator)
            if value.dim() > 1:  # uniform, with the variance of He et al., 2015
                value.copy_((noise - 0.5) * (24 / value[0].numel()) ** 0.5)
            elif value.dim():
                value.copy_(noise + 0.5 if name.endswith(("weight", "running_var")) else noise - 0.5)
    return network.eval()
