"""Windows that may reach over an image's border, where the image is mirrored (Ronneberger et al., 2015, fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, SizeError

if TYPE_CHECKING:
    from unetkit.geometry import SizeSet
    from unetkit.plan import Plan, SizedPlan

Value = TypeVar("Value", bound=np.generic)

TRIED = 64  # accepted sizes that are looked at for one that fits evenly; the deepest common period is 32


def mirrored(start: int, length: int, size: int) -> NDArray[np.intp]:
    """Returns the samples that a window shows of an axis with `size` samples, mirrored without repeating the border.

    >>> mirrored(-2, 8, 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    period = max(1, 2 * (size - 1))
    steps = np.arange(start, start + length) % period
    return np.minimum(steps, period - steps) if size > 1 else np.zeros(length, np.intp)


def window(array: NDArray[Value], starts: tuple[int, ...], size: tuple[int, ...]) -> NDArray[Value]:
    """Returns a copy of the last axes of `array` from `starts` on, in `size`, mirrored beyond the border."""
    spatial = array.shape[array.ndim - len(size) :]
    indices = [mirrored(*axis) for axis in zip(starts, size, spatial, strict=True)]
    lead = [np.arange(count) for count in array.shape[: array.ndim - len(size)]]
    return np.ascontiguousarray(array[np.ix_(*lead, *indices)])


@dataclass(frozen=True)
class Cover:
    """An input window whose output holds a whole region: where it starts, and what to keep of the output."""

    starts: tuple[int, ...]
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    keep: tuple[slice, ...]


def cover(plan: Plan, size: tuple[int, ...]) -> Cover:
    """Returns a small input that the plan accepts and whose output is at least `size`, centred on the region.

    Raises SizeError where no accepted size is large enough.
    """
    input_size = covering_size(plan, size)
    output_size = plan.output_size(input_size)
    target = plan.crop_target(input_size)
    before = tuple((have - want) // 2 for have, want in zip(output_size, size, strict=True))
    return Cover(
        starts=tuple(-part.start - skip for part, skip in zip(target, before, strict=True)),
        input_size=input_size,
        output_size=output_size,
        keep=tuple(slice(skip, skip + want) for skip, want in zip(before, size, strict=True)),
    )


def covering_size(plan: Plan, size: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the least accepted input whose output is at least `size`, or one a little larger that fits evenly."""
    found = [above(sizes, want) for sizes, want in zip(plan.accepted, size, strict=True)]
    while short := [axis for axis, want in enumerate(size) if plan.output_size(tuple(found))[axis] < want]:
        for axis in short:
            found[axis] = above(plan.accepted[axis], found[axis] + 1)
    return tuple(even(plan, tuple(found), axis) for axis in range(len(size)))


def even(plan: Plan, size: tuple[int, ...], axis: int) -> int:
    """Returns the least accepted size along an axis, from that in `size` on, that fits evenly; else that in `size`."""
    candidate: int | None = size[axis]
    for _ in range(TRIED):
        if candidate is None:
            break
        if fits_evenly(plan.at((*size[:axis], candidate, *size[axis + 1 :])), axis):
            return candidate
        candidate = plan.accepted[axis].above(candidate + 1)
    return size[axis]


def fits_evenly(plan: SizedPlan, axis: int) -> bool:
    """Whether along an axis no way down drops a sample and no skip is centred by half a sample.

    A valid network runs with other sizes too, but then shifts its output against the labels.
    """
    for step in plan.steps:
        if step.slot == "down" and step.input_size[axis] % step.output_size[axis]:
            return False
        if step.skip_size is not None and (step.skip_size[axis] - step.input_size[axis]) % 2:
            return False
    return True


def above(sizes: SizeSet, least: int) -> int:
    """Returns the smallest size in the set that is at least `least`; raises SizeError where there is none."""
    size = sizes.above(least)
    if size is None:
        raise SizeError(Fault("size-mismatch", f"no input of {least} or more samples fits this network"))
    return size
