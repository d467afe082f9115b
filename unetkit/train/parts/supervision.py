"""Deep supervision: auxiliary losses at coarser levels of the decoder.

Lee et al., 2015, arXiv:1409.5185. nnU-Net (Isensee et al., Nature Methods 18, 2021) halves the weight with each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.planning import Plan
from unetkit.train.parts.losses import UNLABELLED, Loss, loss_input


class Supervision(nn.Module):
    """The auxiliary heads at levels 1, 2, …, used in training only.

    A head is a 1×1 convolution of the output of a decoder block. Each of its samples is compared with the label of the
    pixel nearest to its position on the plan's grid (the first of two); samples outside of the labels are ignored.
    """

    def __init__(
        self, model: nn.Module, plan: Plan, size: tuple[int, ...], weights: Sequence[float], seed: int
    ) -> None:
        super().__init__()
        self.weights = weights
        self.scopes = [f"decoder.{level}.block" for level in range(1, len(weights) + 1)]
        self.blocks = [model.get_submodule(scope) for scope in self.scopes]  # in a list, so not registered here too
        conv: Any = getattr(nn, f"Conv{plan.dims}d")
        channels = {call.scope: plan.nodes[call.output].channels for call in plan.calls}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.heads = nn.ModuleList(conv(channels[scope], plan.spec.out_channels, 1) for scope in self.scopes)
        self.positions = [_label_positions(plan, scope, size) for scope in self.scopes]
        self.outputs: dict[str, Tensor] = {}

    def logits(self, model: nn.Module, images: Tensor) -> Tensor:
        """The output of the network; the outputs of the blocks are stored for `terms`."""

        def store(scope: str) -> Any:
            return lambda module, inputs, output: self.outputs.update({scope: output})

        scoped = zip(self.scopes, self.blocks, strict=True)
        hooks = [block.register_forward_hook(store(scope)) for scope, block in scoped]
        try:
            logits: Tensor = model(images)
        finally:
            for hook in hooks:
                hook.remove()
        return logits

    def terms(self, loss: Loss, terms: dict[str, Tensor], targets: Sequence[Tensor]) -> dict[str, Tensor]:
        """The terms of the loss and one for each level; all weights, with 1 for the output, are scaled to sum 1."""
        total = 1 + sum(self.weights)
        result = {name: value / total for name, value in terms.items()}
        rows = zip(self.scopes, self.heads, self.positions, self.weights, strict=True)
        for level, (scope, head, positions, weight) in enumerate(rows, start=1):
            batch = loss_input(head(self.outputs.pop(scope)), *(sampled(one, positions) for one in targets))
            result[f"level_{level}"] = torch.stack([*loss.terms(batch).values()]).sum() * (weight / total)
        return result


def _label_positions(plan: Plan, scope: str, size: tuple[int, ...]) -> tuple[Tensor, ...]:
    """For each axis, the index of the label that belongs to each sample of a block; −1 where there is none."""
    positions = []
    for (grid, count), part in zip(plan.block_grid(scope, size), plan.crop_target(size), strict=True):
        nearest = [ceil(grid.start + index * grid.step - 1 / 2) - part.start for index in range(count)]
        positions.append(torch.tensor([index if 0 <= index < part.stop - part.start else -1 for index in nearest]))
    return tuple(positions)


def sampled(labels: Tensor, positions: Sequence[Tensor]) -> Tensor:
    """Labels or weights (N, *spatial) at the given positions; unlabelled or 0 at position −1."""
    nothing = 0 if labels.is_floating_point() else UNLABELLED
    for axis, indices in enumerate(positions, start=1):
        index = indices.to(labels.device)
        labels = labels.index_select(axis, index.clamp(min=0))
        shape = [-1 if axis == other else 1 for other in range(labels.dim())]
        labels = labels.masked_fill((index < 0).reshape(shape), nothing)
    return labels
