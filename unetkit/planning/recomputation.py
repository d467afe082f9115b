"""What a training step computes again in the backward pass in place of keeping it, chosen for a memory budget.

A network is divided into units, each up to the map of a level. Of a unit everything may be computed again, or all but
the convolutions: those take the time, and what lies between them most of the memory (Chen et al., 2016,
arXiv:1604.06174).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING, Literal, NamedTuple

from unetkit.operations.execution import Execution
from unetkit.planning.memory import TrainingLedger, overwriting
from unetkit.planning.spatial_graph import Size
from unetkit.topology import MAP_SLOTS

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan

Share = Literal["all", "light"]
"""What of a unit is computed again: everything, or all but operations with multiply-adds."""
_COST_OF_NUMBER = 64
"""Multiply-adds of a convolution that take about as long as one number of an operation without any."""


class Unit(NamedTuple):
    """Consecutive operations of one level, up to those of the block that makes its map."""

    scope: str
    """Of that block."""
    level: int
    nodes: range


class Recomputation(NamedTuple):
    """What is computed again, by the scope of the unit."""

    shares: Mapping[str, Share] = {}  # never written to

    def text(self) -> str:
        """What is computed again, in words."""
        every, light = ([scope for scope, own in self.shares.items() if own == share] for share in ("all", "light"))
        words = [", ".join(every)] * bool(every)
        words += [f"{', '.join(light)} without convolutions"] * bool(light)
        return "; ".join(words) or "nothing"

    def stretches(self, planned: Plan) -> tuple[range, ...]:
        """The nodes that are computed again together, in execution order."""
        parts = units(planned)
        whole = [one.nodes for one in parts if self.shares.get(one.scope) == "all"]
        light = [one.nodes for one in parts if self.shares.get(one.scope) == "light"]
        taken = {index for nodes in whole for index in nodes}
        runs = [*whole, *_light(planned, {index for nodes in light for index in nodes}, taken)]
        found = [part for run in runs for part in _repeatable(planned, run)]
        return tuple(sorted(found, key=lambda one: one.start))


def of_levels(planned: Plan, levels: Collection[int]) -> Recomputation:
    """Everything of some levels is computed again.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> of_levels(plan(load("unet-same")), [0, 4]).text()
    'encoder.0.block, bottleneck.block, decoder.0.block'
    """
    return Recomputation({one.scope: "all" for one in units(planned) if one.level in levels})


def recomputed_whole(planned: Plan) -> Recomputation:
    """Everything of all levels is computed again."""
    return Recomputation({one.scope: "all" for one in units(planned)})


def fitting(planned: Plan, size: Size, run: Execution, budget: int) -> Recomputation | None:
    """What to compute again so that the activations of a training step fit into `budget` bytes; None where none does.

    The most memory for the least time comes first; what then turns out not to be needed is left out again.
    """
    search = _Search(planned, size, run)
    found = [one for one in search.candidates(budget) if search.peak(one) <= budget]
    if not found:
        return None
    best = min(found, key=search.cost)
    return Recomputation({unit.scope: best[unit.scope] for unit in search.units if unit.scope in best})


def least_peak(planned: Plan, size: Size, run: Execution) -> int:
    """The least bytes of activations of a training step."""
    search = _Search(planned, size, run)
    return min(map(search.peak, search.candidates(0)))


def units(planned: Plan) -> tuple[Unit, ...]:
    """The units of a network, in execution order."""
    found: list[Unit] = []
    start = level = -1
    for call in planned.calls:
        if planned.is_input(call):
            start = -1
            continue
        if start < 0 or call.level != level:
            start, level = call.start, call.level
        if call.slot in MAP_SLOTS:
            found.append(Unit(call.scope, level, range(start, call.end)))
            start = -1
    return tuple(found)


def _light(planned: Plan, inside: Collection[int], taken: Collection[int]) -> list[range]:
    """Runs of operations without multiply-adds that begin in a unit, each with the one that reads it."""
    found: list[range] = []
    start = -1
    for call in planned.calls:
        for index in range(call.start, call.end):
            if index in taken or planned.is_input(call):
                start = -1
                continue
            if start < 0 and index in inside:
                start = index
            if _multiplies(planned, index):
                if 0 <= start < index:
                    found.append(range(start, index + 1))
                start = -1
    return found


def _multiplies(planned: Plan, index: int) -> bool:
    """Whether a node has multiply-adds."""
    node, one = planned.nodes[index], (1,) * planned.dims
    assert node.operation is not None, "a call has operations only"
    channels = tuple(planned.nodes[source].channels for source in node.inputs)
    return node.operation.macs(channels, (one,) * len(node.inputs), one) > 0


def _repeatable(planned: Plan, run: range) -> list[range]:
    """A run without operations that write over what was made before it, which could not be computed twice."""
    found, start, written = list[range](), run.start, overwriting(planned)
    made_at: dict[int, int] = {}
    for index in run:
        node = planned.nodes[index]
        shares = index in written or (node.operation is not None and node.operation.is_view)
        made_at[index] = made_at.get(node.inputs[0], node.inputs[0]) if shares else index
        if index in written and made_at[index] < start:
            found.append(range(start, index))
            start = index + 1
    found.append(range(start, run.stop))
    return [one for one in found if len(one) > 1]


class _Search:
    """The search for what to compute again, with the peak and the cost of each answer."""

    def __init__(self, planned: Plan, size: Size, run: Execution) -> None:
        self.planned = planned
        self.units = units(planned)
        self.ledger = TrainingLedger(planned, size, run)
        self.peaks: dict[tuple[tuple[str, Share], ...], int] = {}
        sizes = planned.at(size).sizes
        self.costs: dict[tuple[str, Share], float] = {}
        for unit in self.units:
            numbers = macs = 0
            for index in unit.nodes:
                node = planned.nodes[index]
                assert node.operation is not None, "a unit has operations only"
                channels = tuple(planned.nodes[source].channels for source in node.inputs)
                own = node.operation.macs(channels, tuple(sizes[source] for source in node.inputs), sizes[index])
                macs += own
                numbers += 0 if own else node.channels * prod(sizes[index])
            self.costs[unit.scope, "light"] = _COST_OF_NUMBER * numbers
            self.costs[unit.scope, "all"] = macs + _COST_OF_NUMBER * numbers

    def cost(self, shares: Mapping[str, Share]) -> float:
        """The time of computing again, in multiply-adds."""
        return sum(self.costs[pair] for pair in shares.items())

    def peak(self, shares: Mapping[str, Share]) -> int:
        """The peak of the activations."""
        key = tuple(sorted(shares.items()))
        if key not in self.peaks:
            self.peaks[key] = self.ledger.peak(Recomputation(shares).stretches(self.planned))
        return self.peaks[key]

    def candidates(self, budget: int) -> Iterable[dict[str, Share]]:
        """Answers to choose from, some of which may not fit."""
        yield {}
        starts: tuple[dict[str, Share], ...] = ({}, {unit.scope: "light" for unit in self.units})
        for start in starts:
            yield self.without_needless(self.grown(start, budget), budget)
        yield self.without_needless({unit.scope: "all" for unit in self.units}, budget)

    def grown(self, shares: dict[str, Share], budget: int) -> dict[str, Share]:
        """More and more is computed again, what frees the most for its cost first, until the rest fits."""
        while self.peak(shares) > budget:
            steps: list[dict[str, Share]] = [
                {**shares, unit.scope: share}
                for unit in self.units
                for share in ("light", "all")
                if (shares.get(unit.scope), share) in ((None, "light"), (None, "all"), ("light", "all"))
            ]
            freed = [
                (self.peak(shares) - self.peak(step)) / max(1.0, self.cost(step) - self.cost(shares)) for step in steps
            ]
            if not freed or max(freed) <= 0:
                break
            shares = steps[freed.index(max(freed))]
        return shares

    def without_needless(self, shares: dict[str, Share], budget: int) -> dict[str, Share]:
        """The same without what need not be computed again, the costliest first."""
        for scope, _ in sorted(shares.items(), key=lambda pair: -self.costs[pair]):
            rest = {one: value for one, value in shares.items() if one != scope}
            light: dict[str, Share] = {**rest, scope: "light"}
            shares = next((one for one in (rest, light) if self.peak(one) <= budget), shares)
        return shares
