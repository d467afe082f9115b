"""Chooses tiles: those with the least multiply-adds among all whose activations fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from math import prod

from unetkit.errors import Fault, SizeError
from unetkit.operations.onednn import block_size
from unetkit.planning import Execution, Plan, Size
from unetkit.planning.memory import inference_bytes
from unetkit.tiling.cuts import Cuts, Reach, cut
from unetkit.tiling.padding import AxisPadding
from unetkit.wording import megabytes, size_text

_CANDIDATES = {1: 200, 2: 40, 3: 12}
"""About how many sizes per axis are tried, by dims: in 3D all pairs of two axes, beside the third."""


def tile_bytes(plan: Plan, size: Size, itemsize: int = 4) -> int:
    """The bytes of one tile: its activations, and the input twice, as it was read and as floats."""
    run = Execution(itemsize=itemsize, channels_last=plan.channels_last, channel_block=block_size())
    return inference_bytes(plan, size, run) + 8 * plan.spec.in_channels * prod(size)


def cheapest(
    plan: Plan, axes: tuple[tuple[AxisPadding, Reach], ...], memory: int, itemsize: int = 4
) -> tuple[Cuts, ...]:
    """The tiles per axis with the least multiply-adds in total; raises SizeError if not even the smallest fit."""
    options = [list(_candidates(frame, seen, _CANDIDATES[plan.dims])) for frame, seen in axes]

    @cache
    def fits(*sizes: int) -> bool:
        return tile_bytes(plan, sizes, itemsize) <= memory

    best: tuple[int, tuple[Cuts, ...]] | None = None
    for chosen in _corners(options, fits):
        cost = prod(len(one.cuts) for one in chosen) * plan.at(tuple(one.size for one in chosen)).macs
        if best is None or cost < best[0]:
            best = cost, chosen
    if best is None:
        raise too_little(plan, tuple(choices[-1].size for choices in options), memory, itemsize)
    return best[1]


def _candidates(frame: AxisPadding, seen: Reach, most: int) -> Iterator[Cuts]:
    """Yields about `most` tilings of one axis, from one tile to many, each with the smallest tiles for their count."""
    yield cut(frame, seen, 1)
    periods, smallest = seen.length, seen.length - min(seen.most, max(0, seen.length - 1))
    while periods > smallest:  # of output that each tile advances
        periods = max(smallest, min(periods - 1, periods - periods * 8 // (most * 2)))
        count = -(-seen.length // periods)
        periods = -(-seen.length // count)
        yield cut(frame, seen, count)
        if periods <= smallest:
            return


def _corners(options: list[list[Cuts]], fits: Callable[..., bool]) -> Iterator[tuple[Cuts, ...]]:
    """Yields the choices that fit whose last axis is as large as possible; options are sorted from large to small."""
    *outer, rows, columns = options if len(options) > 1 else [[], *options]
    if not rows:
        yield from ((column,) for column in [next((one for one in columns if fits(one.size)), None)] if column)
        return
    for fixed in product(*outer):
        reached = len(columns)
        for row in rows:
            sizes = [one.size for one in (*fixed, row)]
            while reached and fits(*sizes, columns[reached - 1].size):
                reached -= 1
            if reached < len(columns):
                yield *fixed, row, columns[reached]


def too_little(plan: Plan, least: Size, memory: int, itemsize: int) -> SizeError:
    """The error if not even the smallest tile fits into memory."""
    shape, needed = size_text(least), tile_bytes(plan, least, itemsize)
    message = f"{plan.spec.name}: the smallest tile, {shape}, needs {megabytes(needed)}, allowed are "
    return SizeError(Fault("memory", f"{message}{megabytes(memory)}", cure="Allow more memory."))
