"""Exact tiles along one axis: each output sample belongs to one tile, which has all input that the sample needs.

Tiles start at multiples of the common period of all grids in the network, and their size has the same remainder as the
whole input: so each pooling window, crop and pad covers the same samples as in the whole image. At the edges of the
image a tile gets the same padding as the whole; elsewhere the input that an output needs lies within the tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from math import lcm
from typing import NamedTuple

from unetkit.geometry import EVERYWHERE, Interval
from unetkit.planning import Plan, propagate
from unetkit.tiling.padding import AxisPadding


class Cut(NamedTuple):
    """One tile along one axis: it reads input from `start` on, and gives the outputs low … high − 1."""

    start: int
    low: int
    high: int


class Cuts(NamedTuple):
    """All tiles along one axis, of equal `size`."""

    size: int
    cuts: tuple[Cut, ...]


class Reach(NamedTuple):
    """How far a network sees along one axis of one input.

    `period`: samples after which the grids repeat. `first` and `last`: the range of output samples that need nothing
    outside the input. `most`: by how many periods a tile may be smaller than the input.
    """

    period: int
    first: int
    last: int
    most: int

    @property
    def length(self) -> int:
        """Periods of output of the whole input without its border."""
        return (self.last - self.first + 1) // self.period


def wrapping(plan: Plan) -> tuple[str, ...]:
    """Names of the operations that read the far end of the image at its border: circular padding."""
    return tuple(
        f"{call.scope}.{plan.nodes[index].name}"
        for call in plan.calls
        for index in range(call.start, call.end)
        if (operation := plan.nodes[index].operation) is not None and operation.wraps
    )


def reach(plan: Plan, axis: int, frame: AxisPadding) -> Reach | None:
    """How far the network sees along an axis; None if that depends on the size, so that no tile is exact."""
    found = [int(n) for n in propagate.sizes(plan.nodes, axis, frame.input)[0]]  # type: ignore[arg-type]
    if propagate.stretches(plan.nodes, axis, found):
        return None

    def needs(position: int) -> Interval:
        wanted = Interval(position, position)
        each = (propagate.needs(plan.nodes, axis, found, output, wanted) for output in plan.outputs.values())
        return reduce(Interval.union, (one or EVERYWHERE for one in each))

    if not needs(frame.output // 2).bounded:
        return None
    first = _turning_point(lambda position: needs(position).low >= 0)
    last = _turning_point(lambda position: needs(position).high >= frame.input) - 1
    period = steps(plan, axis, frame)
    sizes = plan.preferred_sizes[axis]
    least = max(sizes.start, 1)
    most = max(0, (frame.input - least) // period)
    while most and frame.input - most * period not in sizes:
        most -= 1
    return Reach(period, first, last, most)


def steps(plan: Plan, axis: int, frame: AxisPadding) -> int:
    """The smallest number of input samples that is a whole number of samples, and windows, in every feature map."""
    found = propagate.sizes(plan.nodes, axis, frame.input)[0]
    grids = propagate.grids(plan.nodes, axis, found, plan.main_inputs)
    windows = propagate.period(plan.nodes, axis)
    return lcm(plan.preferred_sizes[axis].period, windows, *(grid.step.numerator for grid in grids))


def _turning_point(holds: Callable[[int], bool]) -> int:
    """The smallest number from which on a condition holds.

    >>> _turning_point(lambda number: number >= -7)
    -7
    """
    width = 1
    while holds(-width):
        width *= 2
    below, width = -width, 1
    while not holds(width):
        below, width = width, 2 * width
    above = width
    while above - below > 1:
        middle = (above + below) // 2
        below, above = (below, middle) if holds(middle) else (middle, above)
    return above


def cut(frame: AxisPadding, seen: Reach, count: int) -> Cuts:
    """At most `count` tiles, of the smallest common size that covers all outputs of the image."""
    most = min(seen.most, max(0, seen.length - 1))
    periods = min(most, (count - 1) * max(0, seen.length) // count)
    size = frame.input - periods * seen.period
    stride = max(1, seen.length - periods) * seen.period
    return Cuts(size, tuple(_each_cut(frame, seen.last + 1 - frame.input + size, size, stride)))


def _each_cut(frame: AxisPadding, kept: int, size: int, stride: int) -> Iterator[Cut]:
    """Yields the tiles that give outputs: each up to its sample `kept`, the last one to the end."""
    done, end = frame.first, frame.first + frame.image
    for start in range(0, frame.input, stride):
        start = min(start, frame.input - size)
        upto = end if start == frame.input - size else min(end, start + kept)
        if upto > done:
            yield Cut(start, done, upto)
            done = upto
        if done == end:
            return


def count_for(frame: AxisPadding, seen: Reach, size: int) -> int:
    """The number of tiles of at most `size` samples, or of the smallest that the network allows."""
    most = min(seen.most, max(0, seen.length - 1))
    periods = min(most, max(0, -((size - frame.input) // seen.period)))
    return -(-seen.length // (seen.length - periods)) if periods else 1
