"""Pairs the layers of a file with those of a network, by execution order and shape.

A state dict has layers in the order in which they were registered. Often that is the execution order. If not, it is
within each container: all blocks of a decoder in order, all its transposed convolutions in order. So the order of the
file is tried first, with the parts of modules of well-known programs in the order in which they run. If the shapes
contradict it, layers are grouped into containers by the outermost part of their names, then by finer parts. Each
container stays in order; containers first follow one another, then interleave, until some order has the shapes of the
network. Only one order may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from unetkit.checkpoint.layers import ForeignLayer
from unetkit.checkpoint.orders import arrangements

_MOST_STEPS = 100_000
"""The limit of search steps: beyond it the containers are too many and too similar."""

_Runs = tuple[tuple[ForeignLayer, ...], ...]
"""Containers, each with its layers in the order in which they run."""
Pairs = tuple[tuple[str, str], ...]
"""Names of layers: in the file, in the network."""


class WeightMatch(NamedTuple):
    """The ways to pair layers, at most two.

    `spare` are further heads of the file, of deep supervision. `reached` is the most layers of the network that had a
    partner. `complete`: the search has seen all ways.
    """

    ways: tuple[Pairs, ...]
    spare: tuple[str, ...] = ()
    reached: int = 0
    complete: bool = True


def match(theirs: Sequence[ForeignLayer], ours: Sequence[ForeignLayer]) -> WeightMatch:
    """Pairs the layers of a file with those of a network, by the coarsest containers that allow it."""
    best = WeightMatch((), reached=0)
    for heads in (False, True):
        for runs in _divisions(theirs):
            for turns in (False, True):
                found = Search(runs, ours, heads, turns).match()
                if found.ways or not found.complete:
                    return found
                best = max(best, found, key=lambda one: one.reached)
    return best


def _divisions(theirs: Sequence[ForeignLayer]) -> Iterator[_Runs]:
    """Yields the ways to divide the layers into containers, the coarsest first, in each order that they may have."""
    seen = set()
    deepest = max((len(_words(layer.name)) for layer in theirs), default=0)
    for arranged in arrangements(theirs):
        for depth in range(deepest + 1):
            runs = _containers(arranged, depth)
            if runs not in seen:
                seen.add(runs)
                yield runs


def _words(name: str) -> list[str]:
    """The parts of a name before the first number.

    >>> _words("decoder.blocks.3.conv1"), _words("final")
    (['decoder', 'blocks'], ['final'])
    """
    parts = name.split(".")
    return parts[: next((index for index, part in enumerate(parts) if part.isdigit()), len(parts))]


def _containers(found: Sequence[ForeignLayer], depth: int) -> _Runs:
    """The layers grouped by the first `depth` words of their names; each container keeps their order."""
    groups: dict[tuple[str, ...], list[ForeignLayer]] = {}
    for layer in found:
        groups.setdefault(tuple(_words(layer.name)[:depth]), []).append(layer)
    return tuple(map(tuple, groups.values()))


class Search:
    """A search for orders of containers that have the shapes of a network.

    `heads`: further heads may be skipped. `turns`: containers may interleave.
    """

    def __init__(self, runs: _Runs, ours: Sequence[ForeignLayer], heads: bool, turns: bool) -> None:
        self.runs = runs
        self.ours = ours
        self.heads = heads
        self.turns = turns
        self.dead: set[tuple[int, ...]] = set()
        self.steps = 0
        self.reached = 0

    def match(self) -> WeightMatch:
        """Searches for the first two ways."""
        wanted = Counter(layer.form for layer in self.ours)
        more = Counter(layer.form for run in self.runs for layer in run)
        more.subtract(wanted)
        allowed = {layer.form for run in self.runs for layer in run if self.heads and layer.is_head(self.ours[-1])}
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
        return WeightMatch(pairs, left, self.reached, self.steps < _MOST_STEPS)

    def walk(self, at: tuple[int, ...], way: tuple[ForeignLayer, ...]) -> Iterator[tuple[ForeignLayer, ...]]:
        """Yields the ways that continue from a position in each container."""
        self.steps += 1
        self.reached = max(self.reached, len(way))
        state = (len(way), *at)
        if self.steps >= _MOST_STEPS or state in self.dead:
            return
        if len(way) == len(self.ours):
            yield way  # as many layers of each shape are there, so that nothing but heads can be left
            return
        found = False
        for number, run in self.open(at):
            for n in self.next(run, at[number]):
                if run[n].form == self.ours[len(way)].form:
                    for whole in self.walk((*at[:number], n + 1, *at[number + 1 :]), (*way, run[n])):
                        found = True
                        yield whole
        if not found:
            self.dead.add(state)

    def open(self, at: tuple[int, ...]) -> Iterator[tuple[int, tuple[ForeignLayer, ...]]]:
        """Yields the containers that may come next, with their numbers: all, or only an unfinished one."""
        begun = [number for number, run in enumerate(self.runs) if 0 < at[number] < len(run)]
        if self.turns or not begun:
            yield from enumerate(self.runs)
        else:
            yield begun[0], self.runs[begun[0]]

    def next(self, run: tuple[ForeignLayer, ...], n: int) -> Iterator[int]:
        """Yields the layers of a container that may come next: the one at n, or after heads that are skipped."""
        while n < len(run):
            yield n
            if not (self.heads and run[n].is_head(self.ours[-1])):
                return
            n += 1
