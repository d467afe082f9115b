"""Where the memory of a network goes, by level and purpose, and the largest image and batch that fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from unetkit.errors import SizeError
from unetkit.operations.execution import Execution
from unetkit.planning.choice import covering_size
from unetkit.planning.memory import inference_bytes, kept_by_level, needed_memory
from unetkit.planning.recomputation import recomputed_whole
from unetkit.planning.spatial_graph import Size

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan

_WEIGHT_BYTES = 4
"""Weights are float32, also where the computation is in bf16."""
_MOST_SAMPLES = {1: 1 << 26, 2: 1 << 15, 3: 1 << 11}
"""Samples per axis up to which the largest image is looked for, by the number of axes."""
_MOST_IMAGES = 1 << 16


class LevelMemory(NamedTuple):
    """Bytes of one level, by purpose; without training there are weights alone."""

    level: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    """That are kept from the forward to the backward pass."""


class MemoryUse(NamedTuple):
    """How a network is run: size and batch of the images, number type, and how it is trained."""

    size: Size
    run: Execution
    copies: int | None = None
    """Numbers that the optimizer keeps for each weight; None: the network is not trained."""

    @property
    def is_training(self) -> bool:
        """Whether gradients are computed."""
        return self.copies is not None


class MemoryReport(NamedTuple):
    """The memory of a network, by level and purpose."""

    levels: tuple[LevelMemory, ...]
    activations: int
    """The peak, workspaces included; in training more than what the levels keep."""
    images: int
    total: int

    def json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {**self._asdict(), "levels": [one._asdict() for one in self.levels]}


class Largest(NamedTuple):
    """The largest image at a batch, and the largest batch at a size, that fit; None where none does."""

    size: Size | None
    batch: int | None


def memory_report(planned: Plan, use: MemoryUse) -> MemoryReport:
    """The memory of a network for images of a size; raises SizeError where the size does not fit.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> report = memory_report(plan(load("unet-small")), MemoryUse((64, 64), Execution(batch=8), copies=2))
    >>> [one.optimizer // one.weights for one in report.levels]
    [2, 2, 2, 2]
    """
    kept = kept_by_level(planned, use.size, use.run) if use.is_training else {}
    weights: dict[int, int] = {}
    for step in planned.at(use.size).steps:
        weights[step.level] = weights.get(step.level, 0) + _WEIGHT_BYTES * step.parameters
    levels = tuple(
        LevelMemory(level, own, own * use.is_training, own * (use.copies or 0), kept.get(level, 0))
        for level, own in sorted(weights.items())
    )
    images, total = _images(planned, use), _total(planned, use)
    beside = images + sum(one.weights + one.gradients + one.optimizer for one in levels)
    return MemoryReport(levels, total - beside, images, total)


def largest(planned: Plan, use: MemoryUse, budget: int, *, recomputing: bool = False) -> Largest:
    """The largest image and batch within a budget; `recomputing`: where training computes all activations again."""

    def fits(other: MemoryUse) -> bool:
        return _total(planned, other, recomputing=recomputing) <= budget

    def sized(least: int) -> Size | None:
        try:
            found = covering_size(planned, (least,) * planned.dims)
            return found if fits(use._replace(size=found)) else None
        except SizeError:
            return None

    def fits_images(count: int) -> bool:
        return fits(use._replace(run=use.run._replace(batch=count)))

    samples = _last(lambda least: sized(least) is not None, _MOST_SAMPLES[planned.dims])
    images = _last(fits_images, _MOST_IMAGES)
    return Largest(sized(samples) if samples else None, images or None)


def _last(holds: Callable[[int], bool], most: int) -> int:
    """The last number from 1 to `most` for which something holds that then no longer does; 0 for none."""
    high = 1
    while high < most and holds(high):
        high *= 2
    if high == 1 and not holds(1):
        return 0
    low = max(1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _images(planned: Plan, use: MemoryUse) -> int:
    return use.run._replace(itemsize=_WEIGHT_BYTES).bytes(planned.spec.in_channels, use.size)


def _total(planned: Plan, use: MemoryUse, *, recomputing: bool = False) -> int:
    """The bytes of a step or of an inference: activations, weights and what belongs to them, and images.

    In another number type than float32 there is a copy of the weights in it.
    """
    run, weights = use.run, _WEIGHT_BYTES * planned.parameters
    copied = run.itemsize * planned.parameters if run.itemsize != _WEIGHT_BYTES else 0
    if use.copies is None:
        return inference_bytes(planned.for_inference(), use.size, run) + weights + copied + _images(planned, use)
    stretches = recomputed_whole(planned).stretches(planned) if recomputing else ()
    activations = needed_memory(planned, use.size, run, recomputed=stretches).training
    return activations + weights * (2 + use.copies) + copied + _images(planned, use)
