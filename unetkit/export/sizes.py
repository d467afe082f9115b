"""The sizes that an exported file takes: along each axis one remainder modulo the period, from a least size on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.export import Dim

from unetkit.errors import Fault
from unetkit.export.formats import ExportError
from unetkit.geometry import SizeSet
from unetkit.planning import Plan, Size, propagate

Sizes = tuple[SizeSet, ...]
"""Per axis a set without exceptions and with one remainder."""


def taken(plan: Plan) -> Sizes:
    """Returns per axis the sizes that a file of this network takes: aligned ones, or any where odd sizes are padded.

    Of several remainders it is the one of the smallest size. A trace knows no map of a single sample, which torch takes
    for one to be broadcast; so it begins where every map has two. Raises ExportError where that is nowhere.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> taken(plan(load("unet-2015")))[0]
    SizeSet(few=(), start=188, period=16, remainders=(12,))
    """
    found = {axis: along(plan, axis) for axis in dict.fromkeys(plan.equal_axes)}
    return tuple(found[axis] for axis in plan.equal_axes)


def along(plan: Plan, axis: int) -> SizeSet:
    """Returns the sizes along one axis."""
    inner = plan.preferred_sizes[axis]
    if not inner.remainders:
        few = ", ".join(map(str, inner.few)) or "none"
        message = f"{plan.spec.name}: the sizes that fit are few ({few}), a file is for sizes in steps"
        raise ExportError(Fault("export-sizes", message, cure="`unetkit sizes` says why."))
    if plan.pads and len(inner.remainders) > 1:
        several = ", ".join(map(str, inner.remainders))
        message = f"{plan.spec.name}: odd sizes are padded to remainders {several} modulo {inner.period}"
        cure = "A file pads to one remainder only: choose a down and an up that leave one, or odd_sizes: error."
        raise ExportError(Fault("export-sizes", message, cure=cure))
    for size in regular(inner):
        if wide(plan, axis, size):
            if plan.pads:
                # all images that are padded to this size or a larger one
                return SizeSet((), max(plan.accepted[axis].start, size - inner.period + 1), 1, (0,))
            return SizeSet((), size, inner.period, (size % inner.period,))
    raise AssertionError("sizes that repeat grow without end")


def regular(sizes: SizeSet) -> Iterator[int]:
    """Yields the sizes of the regular part of a set in order."""
    size = sizes.start
    while True:
        if size % sizes.period in sizes.remainders:
            yield size
        size += 1


def wide(plan: Plan, axis: int, size: int) -> bool:
    """Whether every map that grows with the image has two samples at least."""
    further = size + 4 * plan.preferred_sizes[axis].period
    here, larger = (propagate.sizes(plan.nodes, axis, n)[0] for n in (size, further))
    return all(n != 1 or more == 1 for n, more in zip(here, larger, strict=True))


def dynamic(sizes: Sizes) -> dict[int, Any]:
    """Returns the axes of the input that may differ from call to call, as torch.export wants them; the batch is one."""
    axes: dict[int, Any] = {0: Dim("batch", min=1)}
    for axis, (_, start, period, (remainder,)) in enumerate(sizes):
        steps = Dim(f"steps{axis}", min=(start - remainder) // period)
        whole = steps * period if period > 1 else steps
        axes[axis + 2] = whole + remainder if remainder else whole
    return axes


def restricted(plan: Plan, sizes: Sizes) -> Plan:
    """Returns the plan with the sizes of a file as those to bring an image to."""
    return plan.preferring(
        tuple(
            inner._replace(few=(), start=inner.above(one.start) or one.start) if plan.pads else one
            for inner, one in zip(plan.preferred_sizes, sizes, strict=True)
        )
    )


def spread(sizes: Sizes, steps: tuple[int, ...]) -> Size:
    """Returns a size that lies so many periods above the least one, along each axis."""
    return tuple(one.start + count * one.period for one, count in zip(sizes, steps, strict=True))


def to_json(sizes: Sizes) -> list[dict[str, int]]:
    """Returns the sizes as plain values."""
    return [{"least": one.start, "period": one.period, "remainder": one.remainders[0]} for one in sizes]


def from_json(values: list[dict[str, int]]) -> Sizes:
    """Returns the sizes of plain values; raises ValueError, LookupError or TypeError where they are none."""
    found = tuple(SizeSet((), int(one["least"]), int(one["period"]), (int(one["remainder"]),)) for one in values)
    if any(one.period < 1 or one.start not in one for one in found):
        raise ValueError(f"no sizes: {values}")
    return found
