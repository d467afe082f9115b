"""The accepted sizes of an exported model along each axis.

They are one remainder modulo the period, from a smallest size on; or a single size, where a network accepts only few.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.export import Dim

from unetkit.errors import Fault
from unetkit.export.formats import ExportError
from unetkit.geometry import SizeSet
from unetkit.planning import Plan, Size, propagate

Sizes = tuple[SizeSet, ...]
"""One set for each axis: without exceptions and with one remainder, or of a single size."""


def taken(plan: Plan) -> Sizes:
    """The sizes that an exported network accepts along each axis: aligned ones, or all if odd sizes are padded.

    Of several remainders it is that of the smallest size. Maps with a single sample cannot be traced, because torch
    would broadcast them, so the smallest size is one at which every map has two. A network that accepts only few sizes
    takes the largest of them. Raises ExportError if there is none.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> taken(plan(load("unet-2015")))[0]
    SizeSet(few=(), start=188, period=16, remainders=(12,))
    """
    found = {axis: along(plan, axis) for axis in dict.fromkeys(plan.equal_axes)}
    return tuple(found[axis] for axis in plan.equal_axes)


def along(plan: Plan, axis: int) -> SizeSet:
    """The sizes along one axis."""
    inner = plan.preferred_sizes[axis]
    if not inner.remainders:
        few = ", ".join(map(str, inner.few)) or "none"
        if inner.maximum is None or plan.pads:
            message = f"{plan.spec.name} accepts only few sizes ({few}), to which export pads no image"
            cure = "Choose odd_sizes: error." if inner.few else "See `unetkit sizes`."
            raise ExportError(Fault("export-sizes", message, cure=cure))
        return single(inner.maximum)
    if plan.pads and len(inner.remainders) > 1:
        several = ", ".join(map(str, inner.remainders))
        message = f"{plan.spec.name} pads odd sizes to the remainders {several} modulo {inner.period}"
        cure = "Export supports one remainder: choose other down and up blocks, or odd_sizes: error."
        raise ExportError(Fault("export-sizes", message, cure=cure))
    for size in regular(inner):
        if wide(plan, axis, size):
            if plan.pads:
                # all images that are padded to this size or a larger one
                return SizeSet((), max(plan.accepted[axis].start, size - inner.period + 1), 1, (0,))
            return SizeSet((), size, inner.period, (size % inner.period,))
    raise AssertionError("regular sizes are unbounded")


def single(size: int) -> SizeSet:
    """The set of one size."""
    return SizeSet((size,), size + 1, 1, ())


def regular(sizes: SizeSet) -> Iterator[int]:
    """Yields the regular sizes of a set in ascending order."""
    size = sizes.start
    while True:
        if size % sizes.period in sizes.remainders:
            yield size
        size += 1


def wide(plan: Plan, axis: int, size: int) -> bool:
    """Whether every map that grows with the image has at least two samples."""
    further = size + 4 * plan.preferred_sizes[axis].period
    here, larger = (propagate.sizes(plan.nodes, axis, n)[0] for n in (size, further))
    return all(n != 1 or more == 1 for n, more in zip(here, larger, strict=True))


def dynamic(sizes: Sizes) -> dict[int, Any]:
    """The dynamic axes of the input for torch.export, including the batch."""
    axes: dict[int, Any] = {0: Dim("batch", min=1)}
    for axis, (few, start, period, remainders) in enumerate(sizes):
        if few:  # it is the only size
            continue
        (remainder,) = remainders
        steps = Dim(f"steps{axis}", min=(start - remainder) // period)
        whole = steps * period if period > 1 else steps
        axes[axis + 2] = whole + remainder if remainder else whole
    return axes


def restricted(plan: Plan, sizes: Sizes) -> Plan:
    """A copy of a plan that prefers the sizes of an exported model."""
    return plan.preferring(
        tuple(
            inner._replace(few=(), start=inner.above(one.start) or one.start) if plan.pads else one
            for inner, one in zip(plan.preferred_sizes, sizes, strict=True)
        )
    )


def spread(sizes: Sizes, steps: tuple[int, ...]) -> Size:
    """The size that is a number of periods above the smallest along each axis, or the only one."""
    return tuple(
        one.few[0] if one.few else one.start + count * one.period for one, count in zip(sizes, steps, strict=True)
    )


def to_json(sizes: Sizes) -> list[dict[str, int]]:
    """The sizes as plain values; a single size has the period 0."""
    return [
        {"least": one.few[0], "period": 0, "remainder": 0}
        if one.few
        else {"least": one.start, "period": one.period, "remainder": one.remainders[0]}
        for one in sizes
    ]


def from_json(values: list[dict[str, int]]) -> Sizes:
    """The sizes in plain values; raises ValueError, LookupError or TypeError where they are invalid."""
    found = tuple(_read(int(one["least"]), int(one["period"]), int(one["remainder"])) for one in values)
    if any(one.period < 1 or (one.minimum or 0) < 1 or (not one.few and one.start not in one) for one in found):
        raise ValueError(f"invalid sizes: {values}")
    return found


def _read(least: int, period: int, remainder: int) -> SizeSet:
    return SizeSet((), least, period, (remainder,)) if period else single(least)
