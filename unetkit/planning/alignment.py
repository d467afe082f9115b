"""Which sizes are accepted, which are aligned, and by how much encoder and decoder miss each other at the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from unetkit.geometry import Affine, Drifting, Run, SizeSet, Unsettled, collect, solve, split
from unetkit.planning import propagate
from unetkit.planning.propagate import Nodes


class Alignment(NamedTuple):
    """How one size fits along one axis.

    `offsets`: by level, how many input pixels lie between a skip and the decoder where they meet. `dropped`: by the
    name of an operation, how many samples at the far end have no influence. `aligned`: nothing is dropped, and no size
    has smaller offsets.
    """

    aligned: bool
    offsets: dict[int, float]
    dropped: dict[str, int]

    @property
    def shift(self) -> float:
        """The largest offset, in input pixels."""
        return max(self.offsets.values(), default=0.0)

    def json(self) -> dict[str, Any]:
        """The alignment as plain values."""
        return {"aligned": self.aligned, "offsets": self.offsets, "dropped": self.dropped}


def accepted(nodes: Nodes, axis: int) -> SizeSet:
    """Returns all sizes along an axis for which no operation fails."""
    return collect(solve(lambda size: propagate.each_limit(nodes, axis, size)))


def aligned(nodes: Nodes, axis: int, main: dict[int, int]) -> SizeSet:
    """Returns the accepted sizes at which nothing is dropped, and signals meet with the least offset in all."""
    runs = solve(lambda size: propagate.each_limit(nodes, axis, size, lossless=True))
    rated = [item for run in runs for item in rate(nodes, axis, main, run)]
    least = min((offset for offset, _ in rated), default=0.0)
    return collect([run for offset, run in rated if offset == least])


def rate(nodes: Nodes, axis: int, main: dict[int, int], run: Run) -> Iterator[tuple[float, Run]]:
    """Yields the run, or the parts of it, with the sum of all offsets; what drifts with the size is left out."""
    sizes = Affine(run.step, run.offset)
    try:
        found = propagate.sizes(nodes, axis, sizes)[0]
        yield sum(meeting.offset for meeting in propagate.grids(nodes, axis, found, main)[1]), run
    except Drifting:
        return
    except Unsettled as unsettled:
        for part, finer in enumerate(split(sizes, unsettled.factor)):
            first = -((part - run.first) // unsettled.factor)
            last = None if run.last is None else (run.last - part) // unsettled.factor
            yield from rate(nodes, axis, main, Run(finer.step, finer.offset, max(0, first), last))
