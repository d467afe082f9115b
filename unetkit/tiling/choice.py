"""Which tiles: those with the least multiply-adds of all whose activations fit into the memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from unetkit.errors import Fault, SizeError
from unetkit.planning import Plan
from unetkit.planning.memory import inference_bytes
from unetkit.planning.sized import Size
from unetkit.tiling.cuts import Cuts, Reach, cut
from unetkit.tiling.frame import Frame

CANDIDATES = {1: 200, 2: 48, 3: 12}
"""How many sizes are looked at per axis, by dims: the work grows with their number to the power of dims − 1."""


def tile_bytes(plan: Plan, size: Size, itemsize: int = 4) -> int:
    """Returns the bytes that one tile of input needs: itself, twice while it is converted, and its activations."""
    return inference_bytes(plan, size, itemsize=itemsize) + 8 * plan.spec.in_channels * prod(size)


def cheapest(plan: Plan, axes: tuple[tuple[Frame, Reach], ...], memory: int, itemsize: int = 4) -> tuple[Cuts, ...]:
    """Returns per axis the tiles with the least multiply-adds in all; raises SizeError where not even the least fit."""
    options = [list(candidates(frame, seen, CANDIDATES[plan.dims])) for frame, seen in axes]
    best: tuple[int, tuple[Cuts, ...]] | None = None
    for chosen in corners(plan, options, memory, itemsize):
        cost = prod(len(one.cuts) for one in chosen) * plan.at(tuple(one.size for one in chosen)).macs
        if best is None or cost < best[0]:
            best = cost, chosen
    if best is None:
        least = tuple(choices[-1].size for choices in options)
        raise too_little(plan, least, memory, itemsize)
    return best[1]


def corners(plan: Plan, options: list[list[Cuts]], memory: int, itemsize: int) -> Iterator[tuple[Cuts, ...]]:
    """Yields the choices that fit into memory and of which no axis could take the next larger size.

    Per axis the options go from large to small. For each choice of all axes but the last two, those two are walked
    along the border between what fits and what does not.
    """
    if len(options) == 1:
        options = [[whole_axis], *options] if (whole_axis := None) else [[], *options]
    *outer, rows, columns = options
    for fixed in product(*outer):
        column = len(columns) - 1
        for row in rows or [None]:
            kept = (*fixed, row) if row is not None else fixed
            best = None
            while column >= 0:
                chosen = (*kept, columns[column])
                if tile_bytes(plan, tuple(one.size for one in chosen), itemsize) > memory:
                    break
                best, column = chosen, column - 1
            if best is not None:
                yield best


def candidates(frame: Frame, seen: Reach, most: int) -> Iterator[Cuts]:
    """Yields tiles along one axis, from the whole to the smallest that still advance, at most about `most` of them."""
    size, count = 0, 1
    while True:
        made = cut(frame, seen, count)
        if made.size == size:
            return
        yield made
        size = made.size
        count = max(count + 1, count + count * 4 // most)


def too_little(plan: Plan, least: Size, memory: int, itemsize: int) -> SizeError:
    """Returns the error for a memory into which not even the smallest tile fits."""
    shape, needed = "×".join(map(str, least)), tile_bytes(plan, least, itemsize)
    message = f"{plan.spec.name}: the smallest tile, {shape}, needs {needed / 1e6:,.0f} MB, allowed are "
    return SizeError(Fault("memory", f"{message}{memory / 1e6:,.0f} MB", cure="Allow more memory."))
