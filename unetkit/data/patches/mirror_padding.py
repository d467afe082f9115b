"""Windows that may reach beyond an image's border, where it is mirrored (Ronneberger et al., 2015, fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from unetkit.planning import covering_size

if TYPE_CHECKING:
    from unetkit.planning import Plan

Value = TypeVar("Value", bound=np.generic)


def _mirrored(start: int, length: int, size: int) -> NDArray[np.intp]:
    """The indices of a window along an axis with `size` samples, mirrored without repeating the border.

    >>> _mirrored(-2, 8, 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    period = max(1, 2 * (size - 1))
    steps = np.arange(start, start + length) % period
    return np.minimum(steps, period - steps) if size > 1 else np.zeros(length, np.intp)


def mirrored_window(array: NDArray[Value], starts: tuple[int, ...], size: tuple[int, ...]) -> NDArray[Value]:
    """A copy of the last axes of `array` from `starts` on, with some size, mirrored beyond the border."""
    spatial = array.shape[array.ndim - len(size) :]
    indices = [_mirrored(*axis) for axis in zip(starts, size, spatial, strict=True)]
    lead = [np.arange(count) for count in array.shape[: array.ndim - len(size)]]
    return np.ascontiguousarray(array[np.ix_(*lead, *indices)])


@dataclass(frozen=True)
class InputWindow:
    """An input window whose output covers a region: its start, and the part of the output to keep."""

    starts: tuple[int, ...]
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    keep: tuple[slice, ...]


def covering_window(plan: Plan, size: tuple[int, ...]) -> InputWindow:
    """A small input that the plan accepts, and whose output covers `size`, centred on the region.

    Raises SizeError if no size is large enough.
    """
    input_size = covering_size(plan, size)
    output_size = plan.output_size(input_size)
    target = plan.crop_target(input_size)
    before = tuple((have - want) // 2 for have, want in zip(output_size, size, strict=True))
    return InputWindow(
        starts=tuple(-part.start - skip for part, skip in zip(target, before, strict=True)),
        input_size=input_size,
        output_size=output_size,
        keep=tuple(slice(skip, skip + want) for skip, want in zip(before, size, strict=True)),
    )
