"""The receptive field: how many input samples one output sample depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, lcm

from unetkit.errors import SizeError
from unetkit.geometry import Affine, Interval, Number, Unsettled
from unetkit.geometry.residues import MAX_FAMILIES, too_rare
from unetkit.planning import propagate
from unetkit.planning.propagate import Nodes

_MAX_POSITIONS = 64
"""Outputs that are looked at where what they depend on follows no pattern."""
_FEW_PHASES = 16
"""Neighbouring outputs that are looked at one by one; of more, all are looked at as a family."""
_MANY_PHASES = 512
"""Neighbouring outputs up to which each is looked at where there would be more families than outputs."""
LARGE = {1: 512, 2: 512, 3: 128}
"""Samples along an axis of the image whose outputs are looked at then, by dims."""


def receptive_field(
    nodes: Nodes, axis: int, output: int, size: int, large: Callable[[], int]
) -> tuple[int, int] | None:
    """The least and the most input samples that an output depends on; None where that is the whole image.

    It is found for all outputs of a regular network at once. Where the distance between what an operation reads depends
    on the size of the image, it is that of an image of `large()` samples, in which up to MAX_POSITIONS are looked at.
    """
    found = integers(nodes, axis, size)
    if not propagate.stretches(nodes, axis, found):
        # after so many outputs everything comes again
        phases = lcm(int(max(propagate.resolution(nodes, axis))), propagate.period(nodes, axis))
        if phases > _FEW_PHASES:
            try:
                return _lengths(nodes, axis, found, output, [Affine(1, 0)], min(phases, MAX_FAMILIES))
            except SizeError:  # as with pooling under windows of hundreds of samples
                if phases > _MANY_PHASES:
                    raise
        return _lengths(nodes, axis, found, output, range(phases))
    found = integers(nodes, axis, large())
    return _lengths(nodes, axis, found, output, range(0, found[output], 1 + found[output] // _MAX_POSITIONS))


def integers(nodes: Nodes, axis: int, size: int) -> list[int]:
    """The size of every signal for one size of the image."""
    return [int(n) for n in propagate.sizes(nodes, axis, size)[0]]  # type: ignore[arg-type]


def _lengths(
    nodes: Nodes, axis: int, found: list[int], output: int, positions: Sequence[Number], families: int = 0
) -> tuple[int, int] | None:
    """The least and the most samples that outputs depend on, at given positions or families of positions.

    Raises SizeError where these would have to be divided into more than so many families.
    """
    least, most = inf, 0
    waiting = list(positions)
    allowed = families + len(waiting)
    while waiting:
        position = waiting.pop()
        allowed -= 1
        if allowed < len(waiting):
            raise too_rare(f"one output depends on as much as another in more than {families} ways")
        try:
            interval = propagate.needs(nodes, axis, found, output, Interval(position, position))
        except Unsettled as unsettled:
            assert isinstance(position, Affine), "a single position is settled"
            waiting += position.parts(unsettled.step)
            continue
        if interval is None or not interval.bounded:
            return None
        length = interval.length
        low, high = length.bounds() if isinstance(length, Affine) else (length, length)
        least, most = min(least, low), max(most, high)
    return (int(least), most) if most else None
