"""The tiles of one image: what each reads and writes, and their cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from unetkit.planning import Plan, Size
from unetkit.tiling.blending import exceeds, largest, overlapping
from unetkit.tiling.choice import cheapest, tile_bytes
from unetkit.tiling.cuts import Cut, Cuts, Reach, count_for, cut, reach, wrapping
from unetkit.tiling.padding import AxisPadding, PaddedImage, frames
from unetkit.wording import size_text

Tile = int | str | None
"""Samples per axis of a tile's input, "auto", "stream", or None for the whole image."""


@dataclass(frozen=True)
class Tiles(PaddedImage):
    """The tiles of an image. `exact`: each output pixel is computed once, as in the whole image."""

    axes: tuple[Cuts, ...]
    exact: bool

    @property
    def size(self) -> Size:
        """The input size of each tile."""
        return tuple(one.size for one in self.axes)

    @property
    def count(self) -> int:
        """The number of tiles."""
        return prod(len(one.cuts) for one in self.axes)

    @property
    def macs(self) -> int:
        """Multiply-adds of all tiles together."""
        return self.count * self.plan.at(self.size).macs

    @property
    def bytes(self) -> int:
        """The memory of one tile."""
        return tile_bytes(self.plan, self.size)

    def __str__(self) -> str:
        return "at once" if self.count == 1 else f"in {self.count} tiles of {size_text(self.size)}"

    def __iter__(self) -> Iterator[tuple[Cut, ...]]:
        """Yields the tiles row by row along the first axis."""
        return product(*(one.cuts for one in self.axes))


def distant(plan: Plan) -> tuple[str, ...]:
    """Names of the operations that depend on samples anywhere in the image, so that no tile is exact."""
    return plan.is_global + wrapping(plan)


def tiles(plan: Plan, size: Size, tile: Tile, memory: int) -> Tiles:
    """The tiles of an image of a size. With `tile` "auto" the activations of a tile fit into `memory` bytes.

    Raises SizeError if the network has no such size, or if not even the smallest tile fits into the memory.
    """
    if tile is not None and exceeds(plan, size):
        return Tiles(plan, *largest(plan, size), False)
    laid = frames(plan, size)
    whole = tuple(Cuts(one.input, (Cut(0, one.first, one.first + one.image),)) for one in laid)
    if tile is None or (tile == "auto" and tile_bytes(plan, tuple(one.input for one in laid)) <= memory):
        return Tiles(plan, laid, whole, True)
    seen = reaches(plan, laid)
    limit = None if isinstance(tile, str) else tile
    if seen is None:
        return _overlapped(plan, laid, limit, memory)
    axes = tuple(zip(laid, seen, strict=True))
    if limit is None:
        return Tiles(plan, laid, cheapest(plan, axes, memory), True)
    return Tiles(plan, laid, tuple(cut(*one, count_for(*one, limit)) for one in axes), True)


def _overlapped(plan: Plan, laid: tuple[AxisPadding, ...], limit: int | None, memory: int) -> Tiles:
    """Overlapping tiles; exact only if a single tile is the whole image."""
    axes = overlapping(plan, laid, limit, memory)
    return Tiles(plan, laid, axes, all(len(one.cuts) == 1 for one in axes))


def reaches(plan: Plan, laid: tuple[AxisPadding, ...]) -> tuple[Reach, ...] | None:
    """How far the network sees along each axis; None if that is the whole image along some axis."""
    if distant(plan):
        return None
    known: dict[tuple[int, AxisPadding], Reach | None] = {}
    for axis, frame in enumerate(laid):
        key = plan.equal_axes[axis], frame
        if key not in known:
            known[key] = reach(plan, axis, frame)
    found = tuple(known[plan.equal_axes[axis], frame] for axis, frame in enumerate(laid))
    return None if None in found else tuple(one for one in found if one is not None)
