"""Deep supervision: coarser levels of the decoder learn too, each told by a convolution that only training has.

Lee et al., 2015, arXiv:1409.5185. nnU-Net (Isensee et al., Nature Methods 18, 2021) halves the weight with each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.planning import Plan
from unetkit.train.parts.losses import UNLABELLED, Loss, scene


class Supervision(nn.Module):
    """The heads of the levels 1, 2, … and the labels that each is held against.

    A head is a 1×1 convolution of the output of a decoder block. A sample of it is held against the label of the pixel
    in whose middle it sits, by the plan's grid, of two the first; where there is none it counts nothing.
    """

    def __init__(
        self, model: nn.Module, plan: Plan, size: tuple[int, ...], weights: Sequence[float], seed: int
    ) -> None:
        super().__init__()
        self.weights = weights
        self.scopes = [f"decoder.{level}.block" for level in range(1, len(weights) + 1)]
        self.blocks = [model.get_submodule(scope) for scope in self.scopes]  # a list, so that they stay the model's own
        make: Any = getattr(nn, f"Conv{plan.dims}d")
        channels = {span.scope: plan.nodes[span.output].channels for span in plan.spans}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.heads = nn.ModuleList(make(channels[scope], plan.spec.out_channels, 1) for scope in self.scopes)
        self.places = [places(plan, scope, size) for scope in self.scopes]
        self.seen: dict[str, Tensor] = {}

    def logits(self, model: nn.Module, images: Tensor) -> Tensor:
        """Returns the output of the network, and keeps that of the blocks."""

        def keep(scope: str) -> Any:
            return lambda module, inputs, output: self.seen.update({scope: output})

        hooks = [
            block.register_forward_hook(keep(scope)) for scope, block in zip(self.scopes, self.blocks, strict=True)
        ]
        try:
            logits: Tensor = model(images)
        finally:
            for hook in hooks:
                hook.remove()
        return logits

    def terms(self, loss: Loss, terms: dict[str, Tensor], truth: Sequence[Tensor]) -> dict[str, Tensor]:
        """Returns the terms of the loss with one for each level: the weights, with 1 for the output, have the sum 1."""
        whole = 1 + sum(self.weights)
        found = {name: value / whole for name, value in terms.items()}
        rows = zip(self.scopes, self.heads, self.places, self.weights, strict=True)
        for level, (scope, head, place, weight) in enumerate(rows, start=1):
            seen = scene(head(self.seen.pop(scope)), *(sampled(one, place) for one in truth))
            found[f"level_{level}"] = torch.stack([*loss.terms(seen).values()]).sum() * (weight / whole)
        return found


def places(plan: Plan, scope: str, size: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Returns per axis which sample of the labels, those under the output, is that of each sample; −1: none."""
    found = []
    target = plan.crop_target(size)
    for (grid, count), part in zip(plan.block_grid(scope, size), target, strict=True):
        nearest = [ceil(grid.start + at * grid.step - 1 / 2) - part.start for at in range(count)]
        found.append(torch.tensor([at if 0 <= at < part.stop - part.start else -1 for at in nearest]))
    return tuple(found)


def sampled(labels: Tensor, place: Sequence[Tensor]) -> Tensor:
    """Returns labels, or what pixels count (N, *spatial), at some places; nothing where there is none."""
    nothing = 0 if labels.is_floating_point() else UNLABELLED
    for axis, wanted in enumerate(place, start=1):
        index = wanted.to(labels.device)
        labels = labels.index_select(axis, index.clamp(min=0))
        shape = [-1 if axis == other else 1 for other in range(labels.dim())]
        labels = labels.masked_fill((index < 0).reshape(shape), nothing)
    return labels
