"""Which layer of a file is which layer of a network: by the order in which the network runs, and by shape.

A state dict keeps layers in the order in which they were registered. Often that is the order in which they run; where
it is not, it is within each container: all blocks of a decoder in their order, all its transposed convolutions in
theirs. So the layers are first taken in the order of the file; where the shapes contradict it, they are dealt out to
the containers of the outermost names, then of finer ones. Each container must be in order; first they may only follow
one another, then take turns, until some order has the shapes of the network. There must be one only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from unetkit.model.importing.layers import ForeignLayer

MOST_STEPS = 100_000
"""After so many steps of a search, it is given up: the containers are too many, and too much alike."""

Pairs = tuple[tuple[str, str], ...]
"""Names of layers: in the file, in the network."""


class WeightMatch(NamedTuple):
    """The ways in which layers can be paired, at most two, and how far the longest try came.

    `spare` are further heads of the file, which deep supervision needs in training. `reached`: so many layers of the
    network had a partner. `complete`: the search has seen all ways.
    """

    ways: tuple[Pairs, ...]
    spare: tuple[str, ...] = ()
    reached: int = 0
    complete: bool = True


def match(theirs: Sequence[ForeignLayer], ours: Sequence[ForeignLayer]) -> WeightMatch:
    """Returns how the layers of a file pair with those of a network, by the coarsest containers that allow it."""
    best = WeightMatch((), reached=0)
    for heads in (False, True):
        seen = set()
        for depth in range(max((len(words(layer.name)) for layer in theirs), default=0) + 1):
            runs = containers(theirs, depth)
            if runs in seen:
                continue
            seen.add(runs)
            for turns in (False, True):
                found = Search(runs, ours, heads, turns).match()
                if found.ways or not found.complete:
                    return found
                best = max(best, found, key=lambda one: one.reached)
    return best


def words(name: str) -> list[str]:
    """Returns the parts of a name that lead to the first number.

    >>> words("decoder.blocks.3.conv1"), words("final")
    (['decoder', 'blocks'], ['final'])
    """
    parts = name.split(".")
    return parts[: next((index for index, part in enumerate(parts) if part.isdigit()), len(parts))]


def containers(found: Sequence[ForeignLayer], depth: int) -> tuple[tuple[ForeignLayer, ...], ...]:
    """Returns the layers by the first words of their names, so many of them; each container in the file's order."""
    groups: dict[tuple[str, ...], list[ForeignLayer]] = {}
    for layer in found:
        groups.setdefault(tuple(words(layer.name)[:depth]), []).append(layer)
    return tuple(map(tuple, groups.values()))


class Search:
    """The search for orders of containers that have the shapes of a network.

    `heads`: further heads may be left out. `turns`: a container may go on after others, instead of being one piece.
    """

    def __init__(
        self, runs: tuple[tuple[ForeignLayer, ...], ...], ours: Sequence[ForeignLayer], heads: bool, turns: bool
    ) -> None:
        self.runs = runs
        self.ours = ours
        self.heads = heads
        self.turns = turns
        self.dead: set[tuple[int, ...]] = set()
        self.steps = 0
        self.reached = 0

    def match(self) -> WeightMatch:
        """Returns the first two ways, or all."""
        wanted = Counter(layer.shapes for layer in self.ours)
        more = Counter(layer.shapes for run in self.runs for layer in run)
        more.subtract(wanted)
        allowed = {layer.shapes for run in self.runs for layer in run if self.heads and layer.is_head(self.ours[-1])}
        if any(count < 0 or (count and shapes not in allowed) for shapes, count in more.items()):
            return WeightMatch(())
        ways: list[tuple[ForeignLayer, ...]] = []
        for way in self.walk(tuple(0 for _ in self.runs), ()):
            ways.append(way)
            if len(ways) == 2:
                break
        used = {layer.name for layer in ways[0]} if ways else set()
        left = tuple(layer.name for run in self.runs for layer in run if layer.name not in used) if ways else ()
        pairs = tuple(tuple((a.name, b.name) for a, b in zip(way, self.ours, strict=True)) for way in ways)
        return WeightMatch(pairs, left, self.reached, self.steps < MOST_STEPS)

    def walk(self, at: tuple[int, ...], way: tuple[ForeignLayer, ...]) -> Iterator[tuple[ForeignLayer, ...]]:
        """Yields the ways that go on from a place in each container."""
        self.steps += 1
        self.reached = max(self.reached, len(way))
        state = (len(way), *at)
        if self.steps >= MOST_STEPS or state in self.dead:
            return
        if len(way) == len(self.ours):
            yield way  # as many layers of each shape are there, so that nothing but heads can be left
            return
        found = False
        for number, run in self.open(at):
            for n in self.next(run, at[number]):
                if run[n].shapes == self.ours[len(way)].shapes:
                    for whole in self.walk((*at[:number], n + 1, *at[number + 1 :]), (*way, run[n])):
                        found = True
                        yield whole
        if not found:
            self.dead.add(state)

    def open(self, at: tuple[int, ...]) -> Iterator[tuple[int, tuple[ForeignLayer, ...]]]:
        """Yields the containers that may go on, by number: all, or the one that has begun."""
        begun = [number for number, run in enumerate(self.runs) if 0 < at[number] < len(run)]
        if self.turns or not begun:
            yield from enumerate(self.runs)
        else:
            yield begun[0], self.runs[begun[0]]

    def next(self, run: tuple[ForeignLayer, ...], n: int) -> Iterator[int]:
        """Yields which layers of a container may come next: the one at n, or the one behind heads that are left out."""
        while n < len(run):
            yield n
            if not (self.heads and run[n].is_head(self.ours[-1])):
                return
            n += 1
