"""Which sizes are accepted, which are aligned, and by how much encoder and decoder miss each other at the others."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import Any, NamedTuple

from unetkit.geometry import Drifting, Run, SizeSet, Unsettled, collect, solve
from unetkit.geometry.residues import MAX_FAMILIES, too_rare
from unetkit.planning import propagate
from unetkit.planning.propagate import Misalignment, Nodes


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
    """All sizes along an axis for which no operation fails."""
    return collect(solve(lambda size: propagate.each_limit(nodes, axis, size)))


def aligned(nodes: Nodes, axis: int, outputs: tuple[int, ...], main: dict[int, int]) -> SizeSet:
    """The accepted sizes at which nothing is dropped, and signals meet with the least offset in all.

    No output is larger than the image there.
    """
    runs = solve(lambda size: propagate.each_lossless_limit(nodes, axis, size, outputs))
    return collect(nearest(nodes, axis, main, runs))


def nearest(nodes: Nodes, axis: int, main: dict[int, int], runs: list[Run]) -> list[Run]:
    """The runs, or the parts of them, with the least sum of all offsets; what drifts with the size is left out.

    Those whose first meetings have the least offsets are looked at first, so that the others need no further look.
    """
    found: list[Run] = []
    waiting = [(0.0, number, run) for number, run in enumerate(runs)]
    looked_at, least = len(runs), inf
    while waiting and waiting[0][0] <= least:
        _, _, run = heappop(waiting)
        meetings: list[Misalignment] = []
        try:
            propagate.grids(nodes, axis, propagate.sizes(nodes, axis, run.sizes)[0], main, meetings)
        except Drifting:
            continue
        except Unsettled as unsettled:
            so_far = sum(meeting.offset for meeting in meetings)
            for part in run.parts(unsettled.step):
                looked_at += 1
                heappush(waiting, (so_far, looked_at, part))
            if looked_at > MAX_FAMILIES:
                raise too_rare(f"more than {MAX_FAMILIES} cases have offsets of their own") from None
        else:
            offset = sum(meeting.offset for meeting in meetings)
            found = [*found, run] if offset == least else [run] if offset < least else found
            least = min(least, offset)
    return found
