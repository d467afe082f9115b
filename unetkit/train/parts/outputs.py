"""The loss of all outputs of a network, some of which may exist in training only.

Deep supervision: Lee et al., 2015, arXiv:1409.5185. nnU-Net (Isensee et al., Nature Methods 18, 2021) halves the weight
with each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unetkit.data.targets import Presence, Regions
from unetkit.planning import Plan
from unetkit.train.parts.losses import UNLABELLED, RegionInput, ValueInput, loss_input
from unetkit.train.parts.task import OutputTask


class _Place(NamedTuple):
    """An output at a patch: for each axis the index of the label that belongs to each sample, None: all in order."""

    task: OutputTask
    positions: tuple[Tensor, ...] | None
    weight: float


class OutputLosses:
    """The losses of the outputs of a network for patches of one size.

    Labels are those of the first output. Each sample of another output is compared with the label of the pixel nearest
    to its position on the plan's grid (the first of two); samples outside of the labels are ignored. The terms of all
    outputs are scaled by the weights of the outputs, whose sum is 1.
    """

    def __init__(self, plan: Plan, size: tuple[int, ...], tasks: Sequence[OutputTask]) -> None:
        total = sum(task.weight for task in tasks)
        self.places = [
            _Place(
                task,
                label_positions(plan, task.name, size) if number and task.target.kind != "presence" else None,
                task.weight / total,
            )
            for number, task in enumerate(tasks)
        ]
        self.weighted = any(task.loss.weight_map() is not None for task in tasks)
        """Whether the first map of a batch has the weights of the pixels."""
        self.with_values = [task.name for task in tasks if task.target.kind == "values"]
        """The outputs whose numbers are the further maps of a batch."""

    def terms(self, outputs: Any, labels: Tensor, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """The terms of the loss of the first output by name, and one for each other output, by its name."""
        weight = maps[0] if self.weighted else None
        values = dict(zip(self.with_values, maps[self.weighted :], strict=True))
        result: dict[str, Tensor] = {}
        for number, place in enumerate(self.places):
            task = place.task
            output = outputs if isinstance(outputs, Tensor) else getattr(outputs, task.name)
            batch = _batch(place, output, labels, weight, values.get(task.name))
            terms = {name: value * place.weight for name, value in task.loss.terms(batch).items()}
            result |= {task.name: torch.stack([*terms.values()]).sum()} if number else terms
        return result


def _batch(place: _Place, output: Tensor, labels: Tensor, weight: Tensor | None, values: Tensor | None) -> Any:
    """The input of the loss of an output."""
    task, positions = place.task, place.positions
    if isinstance(task.target, Presence):
        return loss_input(output, presence(labels))
    weight = weight if task.loss.weight_map() is not None else None
    if positions is not None:
        labels = sampled(labels, positions)
        weight = None if weight is None else sampled(weight, positions)
        values = None if values is None else sampled(values, positions, lead=2)
    if values is not None:
        return ValueInput(output, values, (labels != UNLABELLED).float())
    if isinstance(task.target, Regions):
        return region_input(output, labels, task.target, weight)
    return loss_input(output, labels, weight)


def presence(labels: Tensor) -> Tensor:
    """The class (N, 1, …) of each image: 1 where any label is above 0; unlabelled where no pixel is labelled."""
    axes = tuple(range(1, labels.dim()))
    found = ((labels > 0) & (labels != UNLABELLED)).any(axes, keepdim=True).long()
    return found.masked_fill((labels == UNLABELLED).all(axes, keepdim=True), UNLABELLED)


def region_input(logits: Tensor, labels: Tensor, target: Regions, weight: Tensor | None = None) -> RegionInput:
    """The input of a loss for regions, from a network's output (N, regions, *spatial) and labels (N, *spatial)."""
    labelled = labels != UNLABELLED
    members = [labels.new_tensor(classes) for classes in target.regions.values()]
    regions = torch.stack([torch.isin(labels, one) for one in members], 1).float()
    return RegionInput(logits, regions, labelled.float() if weight is None else labelled * weight.float())


def label_positions(plan: Plan, output: str, size: tuple[int, ...]) -> tuple[Tensor, ...] | None:
    """For each axis, the index of the label that belongs to each sample of an output; −1 where there is none.

    None where the samples are those of the labels.
    """
    positions = []
    sizes, grids, parts = plan.output_sizes(size)[output], plan.output_grid(size, output), plan.crop_target(size)
    for count, grid, part in zip(sizes, grids, parts, strict=True):
        nearest = [ceil(grid.start + index * grid.step - 1 / 2) - part.start for index in range(count)]
        positions.append(torch.tensor([index if 0 <= index < part.stop - part.start else -1 for index in nearest]))
    whole = [torch.arange(part.stop - part.start) for part in parts]
    same = all(torch.equal(one, other) for one, other in zip(positions, whole, strict=True))
    return None if same else tuple(positions)


def sampled(labels: Tensor, positions: Sequence[Tensor], *, lead: int = 1) -> Tensor:
    """Labels or numbers (N, …, *spatial), with `lead` axes before the spatial ones, at the given positions.

    They are unlabelled or 0 at position −1.
    """
    nothing = 0 if labels.is_floating_point() else UNLABELLED
    for axis, indices in enumerate(positions, start=lead):
        index = indices.to(labels.device)
        labels = labels.index_select(axis, index.clamp(min=0))
        shape = [-1 if axis == other else 1 for other in range(labels.dim())]
        labels = labels.masked_fill((index < 0).reshape(shape), nothing)
    return labels
