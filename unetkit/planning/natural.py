"""The size at which a network is shown where nobody gave one."""

from __future__ import annotations

from unetkit.planning.planned import Plan
from unetkit.planning.sized import Size

USUAL = {1: (1024, 4096), 2: (512, 572), 3: (128, 132)}
"""Sizes to try first, by dims: what images have, and what the valid networks of the papers were given."""


def natural_size(plan: Plan) -> Size:
    """Returns a size that people use and at which the network is aligned; else the next above that is, or that fits.

    Where no size fits it is a usual one, of which `plan.at` says why it does not.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> natural_size(plan(load("unet-2015"))), natural_size(plan(load("unet-same")))
    ((572, 572), (512, 512))
    """
    least, other = USUAL[plan.dims]
    sets = plan.aligned if all(plan.aligned) else plan.accepted
    for size in (least, other):
        if all(size in sizes for sizes in sets):
            return (size,) * plan.dims
    return tuple(sizes.above(least) or sizes.below(least) or least for sizes in sets)
