"""Choosing the size of an image: the one at which a network is shown, and the least that covers a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.errors import Fault, SizeError
from unetkit.geometry import SizeSet
from unetkit.planning.refusal import fits
from unetkit.planning.spatial_graph import Size

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan

_USUAL = {1: (1024, 4096), 2: (512, 572), 3: (128, 132)}
"""Sizes to try first, by dims: those of usual images, and those of the valid networks in the papers."""
_LARGEST = 4096
"""Samples per axis up to which a size in common is looked for."""


def natural_size(plan: Plan) -> Size:
    """A size in common use at which the network is aligned; else the next above that is, or that fits.

    Where no size fits it is a usual one; `plan.at` then raises the reason.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> natural_size(plan(load("unet-2015"))), natural_size(plan(load("unet-same")))
    ((572, 572), (512, 512))
    """
    least, other = _USUAL[plan.dims]
    sets = plan.aligned if all(plan.aligned) else plan.accepted
    for size in (least, other):
        if all(size in sizes for sizes in sets):
            return (size,) * plan.dims
    return tuple(sizes.above(least) or sizes.below(least) or least for sizes in sets)


def common_size(first: Plan, second: Plan) -> Size | None:
    """A size that fits both networks, if possible the natural size of one; None where there is none below 4096.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> common_size(plan(load("unet-2015")), plan(load("unet-milesial")))
    (572, 572)
    """
    if first.dims != second.dims:
        return None
    least, _ = _USUAL[first.dims]
    axes = zip(first.accepted, second.accepted, strict=True)
    both = [next((n for n in range(least, _LARGEST) if n in one and n in other), 0) for one, other in axes]
    tried = (natural_size(first), natural_size(second), tuple(both))
    return next((size for size in tried if fits(first, size) and fits(second, size)), None)


def covering_size(plan: Plan, wanted: Size) -> Size:
    """The least preferred input whose output has at least as many samples along each axis.

    Raises SizeError where there is none.
    """
    found = tuple(wanted)
    while True:
        found = tuple(size_from(sizes, n) for sizes, n in zip(plan.preferred_sizes, found, strict=True))
        lack = [max(0, least - n) for least, n in zip(wanted, plan.output_size(found), strict=True)]
        if not any(lack):
            return found
        found = tuple(n + more for n, more in zip(found, lack, strict=True))


def size_from(sizes: SizeSet, least: int) -> int:
    """The smallest size in the set that is at least `least`; raises SizeError where there is none."""
    size = sizes.above(least)
    if size is None:
        message = f"no input of {least} or more samples fits this network"
        cure = f"The largest that fits has {sizes.maximum}." if sizes.maximum else ""
        raise SizeError(Fault("size-mismatch", message, cure=cure))
    return size
