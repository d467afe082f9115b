"""Exact tiles along one axis: each output sample belongs to one tile, which has all input that the sample needs.

Tiles start at multiples of the common period of all grids in the network, and their size has the same remainder as the
whole input: so each pooling window, crop and pad covers the same samples as in the whole image. At the edges of the
image a tile gets the same padding as the whole; elsewhere the input that an output needs lies within the tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from math import lcm
from typing import NamedTuple, overload

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
    cuts: Sequence[Cut]


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
    return Cuts(size, _EvenCuts(frame, seen.last + 1 - frame.input + size, size, stride))


@dataclass(frozen=True)
class _EvenCuts(Sequence[Cut]):
    """Tiles at every `stride`: each gives outputs up to its sample `kept`, the last one to the end of the image.

    They are computed when asked for: a long axis may have millions.
    """

    frame: AxisPadding
    kept: int
    size: int
    stride: int

    @cached_property
    def _range(self) -> range:
        """The numbers of the tiles that give outputs, counted from the start of the input."""
        frame = self.frame
        to_end = max(0, -(-(frame.first + frame.image - self.kept) // self.stride))
        last = min(to_end, -(-(frame.input - self.size) // self.stride))
        first = max(0, (frame.first - self.kept) // self.stride + 1)
        return range(min(first, last), last + 1)

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, index: int) -> Cut: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Cut, ...]: ...
    def __getitem__(self, index: int | slice) -> Cut | tuple[Cut, ...]:
        if isinstance(index, slice):
            return tuple(map(self._cut, self._range[index]))
        return self._cut(self._range[index])

    def _cut(self, number: int) -> Cut:
        first, last, start = self._range[0], self._range[-1], number * self.stride
        end = self.frame.first + self.frame.image
        low = self.frame.first if number == first else start - self.stride + self.kept
        return Cut(min(start, self.frame.input - self.size), low, end if number == last else start + self.kept)


def count_for(frame: AxisPadding, seen: Reach, size: int) -> int:
    """The number of tiles of at most `size` samples, or of the smallest that the network allows."""
    most = min(seen.most, max(0, seen.length - 1))
    periods = min(most, max(0, -((size - frame.input) // seen.period)))
    return -(-seen.length // (seen.length - periods)) if periods else 1
