"""The least input whose output covers a region."""

from __future__ import annotations

from unetkit.errors import Fault, SizeError
from unetkit.geometry import SizeSet
from unetkit.planning.planned import Plan
from unetkit.planning.sized import Size


def covering_size(plan: Plan, wanted: Size) -> Size:
    """Returns the least fitting input whose output has at least so many samples along each axis.

    Raises SizeError where there is none.
    """
    found = tuple(wanted)
    while True:
        found = tuple(above(sizes, n) for sizes, n in zip(plan.preferred_sizes, found, strict=True))
        lack = [max(0, least - n) for least, n in zip(wanted, plan.output_size(found), strict=True)]
        if not any(lack):
            return found
        found = tuple(n + more for n, more in zip(found, lack, strict=True))


def above(sizes: SizeSet, least: int) -> int:
    """Returns the smallest size in the set that is at least `least`; raises SizeError where there is none."""
    size = sizes.above(least)
    if size is None:
        raise SizeError(Fault("size-mismatch", f"no input of {least} or more samples fits this network"))
    return size
