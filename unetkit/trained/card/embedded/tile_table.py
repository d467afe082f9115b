"""The tiles of images of all sizes as a table, for a program that has no plan.

All that `unetkit.tiling` computes of one axis repeats: an image that is a period larger gets a larger input, and the
rest stays the same. The table has the images up to a size from which that holds, and one period more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.errors import Fault, SizeError
from unetkit.planning import Plan
from unetkit.tiling.choice import tile_bytes
from unetkit.tiling.cuts import reach, steps
from unetkit.tiling.padding import AxisPadding, axis_padding
from unetkit.tiling.tiles import distant

_MOST = 4096
"""Rows of a table: networks that need more are refused."""
_TILES = (1024, 768, 512, 384, 256, 192, 128, 64)
_MEMORY = 256_000_000
"""Bytes for the activations of a tile, or of an image that cannot be cut, in a browser's tab."""


class Row(NamedTuple):
    """An image of a size along one axis: its padding (see `AxisPadding`), and how far the network sees (see `Reach`).

    `after`: samples of the input after `Reach.last`.
    """

    input: int
    before: int
    first: int
    output: int
    low: int
    after: int
    most: int

    def shifted(self, periods: int, period: int) -> Row:
        """The row of an image that is larger by some periods."""
        by = periods * period
        return self._replace(input=self.input + by, output=self.output + by, most=self.most + periods)


def tiles_of_all_sizes(plan: Plan) -> dict[str, Any]:
    """The table of each axis, the size of tiles, and how images are extended; plain values.

    Raises SizeError where the table would be too long.
    """
    exact = not distant(plan)
    tables = {axis: _table(plan, axis, exact=exact) for axis in dict.fromkeys(plan.equal_axes)}
    axes = [tables[axis] for axis in plan.equal_axes]
    exact = exact and all(axis["exact"] for axis in axes)
    return {"axes": axes, "exact": exact, "tile": _tile(plan), "padding": plan.spec.odd_sizes.padding or "reflect"}


def _table(plan: Plan, axis: int, *, exact: bool) -> dict[str, Any]:
    """The rows of an axis, by image size from 1 on, of which the last `period` repeat."""
    rows: list[Row] = []
    known: dict[int, tuple[int, int, int] | None] = {}

    def row(image: int) -> Row:
        frame = axis_padding(plan, axis, image, image)
        if frame.input not in known:
            known[frame.input] = _seen(plan, axis, frame) if exact else None
        return Row(frame.input, frame.before, frame.first, frame.output, *(known[frame.input] or (0, 0, 0)))

    period = steps(plan, axis, axis_padding(plan, axis, 1, 1))
    while len(rows) + period <= _MOST:
        rows += [row(image) for image in range(len(rows) + 1, len(rows) + period + 1)]
        further = len(rows) // period
        last = rows[-period:]
        if all(
            row(len(rows) - period + number + 1 + ahead * period) == one.shifted(ahead, period)
            for number, one in enumerate(last)
            for ahead in (1, 2, further + 3)
        ):
            can_cut = exact and all(known[one.input] is not None for one in last)
            return {"period": period, "rows": [list(one) for one in rows], "exact": can_cut}
    message = f"{plan.spec.name} pads images in no regular way"
    raise SizeError(Fault("export-sizes", message, cure="See `unetkit sizes`."))


def _seen(plan: Plan, axis: int, frame: AxisPadding) -> tuple[int, int, int] | None:
    found = reach(plan, axis, frame)
    return None if found is None else (found.first, frame.input - found.last, found.most)


def _tile(plan: Plan) -> int:
    """The size of the largest square tile, of a few, that fits into the memory; the smallest there is if none does."""
    sizes = plan.preferred_sizes[0]
    fitting = (
        one
        for most in _TILES
        if (one := sizes.below(most)) is not None and tile_bytes(plan, (one,) * plan.dims) <= _MEMORY
    )
    return next(fitting, sizes.minimum or 1)
