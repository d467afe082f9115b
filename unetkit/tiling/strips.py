"""Prediction of an image in strips of rows: each row of each map once, in memory that grows with the width."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from unetkit.fast.streaming.graph import RowGraph, StreamingError
from unetkit.fast.streaming.network import StreamedNetwork
from unetkit.fast.streaming.schedule import Schedule, make_schedule
from unetkit.planning import Plan
from unetkit.planning.spatial_graph import Size
from unetkit.tiling.padding import AxisPadding, PaddedImage, frames
from unetkit.tiling.running import Runner, TorchRunner
from unetkit.tiling.window import Outside, Read, window

_SAMPLES = 1 << 19
"""Samples of the image that are read at once, where memory allows: fewer are slower, and more are not quicker."""
_LEAST = 8
"""Rows that are read at once, at least."""
_HEAP = 1.8
"""Bytes of the heap for each one of rows: those of maps of many sizes leave gaps."""


@dataclass(frozen=True)
class Strips(PaddedImage):
    """An image as strips of rows."""

    schedule: Schedule
    in_files: bool
    """Whether maps that wait for sums over the whole image do so in temporary files, and not in memory."""

    exact = True

    @property
    def macs(self) -> int:
        """Multiply-adds of all strips together."""
        return self.schedule.macs

    @property
    def bytes(self) -> int:
        """The memory for all rows that are held at once."""
        return int(_HEAP * self.schedule.bytes) + self.schedule.stored * (not self.in_files)

    @property
    def axis(self) -> int:
        """The axis along which the rows lie."""
        return self.schedule.axis

    def __str__(self) -> str:
        along = f" along {'DHW'[3 - self.plan.dims :][self.axis]}" if self.axis else ""
        passes = f", {self.schedule.passes} passes" if self.schedule.passes > 1 else ""
        return f"in strips of {self.schedule.strip} rows{along}{passes}"


def can_stream(runner: Runner) -> bool:
    """Whether a runner computes as streaming does: a network of torch on the CPU, in float32."""
    if not isinstance(runner, TorchRunner) or runner.device.type != "cpu":
        return False
    return runner.dtype == getattr(runner.model, "dtype", torch.float32) == torch.float32


def is_one_strip(size: Size) -> bool:
    """Whether an image is so small that it is one strip."""
    return prod(size) <= _SAMPLES


def strips(plan: Plan, size: Size, memory: int) -> Strips | None:
    """The strips of an image whose rows fit into `memory` bytes, as many rows at once as do; None where none do.

    Rows lie along the first axis, or along the next longer one where none along the first fit. Raises StreamingError
    where the network cannot be computed so.
    """
    laid = frames(plan, size)
    padded = tuple(frame.input for frame in laid)
    found = _along(plan, laid, 0, memory)
    longer = [axis for axis, count in enumerate(padded) if count > padded[0]]
    for axis in sorted(longer, key=lambda axis: -padded[axis]):
        with suppress(StreamingError):
            found = found or _along(plan, laid, axis, memory)
    return found


def _along(plan: Plan, laid: tuple[AxisPadding, ...], axis: int, memory: int) -> Strips | None:
    """The strips along an axis."""
    padded = tuple(frame.input for frame in laid)
    graph = RowGraph(plan, padded, axis)
    for rows in _heights(padded, axis):
        found = make_schedule(graph, rows)
        if _HEAP * found.bytes <= memory:
            return Strips(plan, laid, found, _HEAP * found.bytes + found.stored > memory)
    return None


def _heights(size: Size, axis: int) -> Iterator[int]:
    """Numbers of rows that may be read at once, from large to small: all, or powers of 2."""
    rows = max(_LEAST, _SAMPLES * size[axis] // prod(size))
    if rows >= size[axis]:
        yield size[axis]
    power = 1 << max(0, min(rows, size[axis] - 1).bit_length() - 1)
    while power >= _LEAST:
        yield power
        power //= 2


def run_strips(runner: TorchRunner, cut: Strips, read: Read) -> Iterator[tuple[tuple[slice, ...], Tensor]]:
    """Yields the output in strips of the image's pixels, as slices per axis and (channels, *part)."""
    axis, first = cut.axis, cut.frames[cut.axis]
    same = all(frame.input == frame.output for frame in cut.frames)
    outside = Outside((same and runner.plan.spec.odd_sizes.padding) or "reflect", runner.background)
    size = tuple(frame.image for frame in cut.frames)

    def rows(low: int, high: int) -> Tensor:
        starts, lengths = [-frame.before for frame in cut.frames], [frame.input for frame in cut.frames]
        starts[axis], lengths[axis] = low - first.before, high - low
        part = torch.from_numpy(window(read, size, tuple(starts), tuple(lengths), outside))
        return part[None].float().movedim(2 + axis, 2)

    vectors = [vector.reshape(1, -1, *(1,) * cut.plan.dims) for vector in runner.vectors]
    inner = [slice(frame.first, frame.first + frame.image) for frame in cut.frames]
    part = [slice(0, frame.image) for frame in cut.frames]
    with tempfile.TemporaryDirectory(prefix="unetkit-") as folder:
        network = StreamedNetwork(
            runner.model,
            cut.padded_size,
            strip=cut.schedule.strip,
            axis=axis,
            folder=Path(folder) if cut.in_files else None,
        )
        waiting = _Joined(list(cut.plan.outputs))
        for name, _, found in network(rows, vectors):
            for low, joined in waiting.add(name, found):
                start = max(low, first.first)
                stop = min(low + joined.shape[1], first.first + first.image)
                if start < stop:
                    inner[axis] = slice(start - low, stop - low)
                    part[axis] = slice(start - first.first, stop - first.first)
                    yield tuple(part), joined.movedim(1, 1 + axis)[(slice(None), *inner)]


class _Joined:
    """Rows of several outputs, which wait for those of the others."""

    def __init__(self, names: list[str]) -> None:
        self.rows: dict[str, list[Tensor]] = {name: [] for name in names}
        self.low = 0

    def add(self, name: str, found: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Yields the first row and the channels of all outputs of the rows that all have now."""
        self.rows[name].append(found[0])
        if not all(self.rows.values()):
            return
        joined = {one: torch.cat(rows, 1) if len(rows) > 1 else rows[0] for one, rows in self.rows.items()}
        count = min(rows.shape[1] for rows in joined.values())
        ready = [rows[:, :count] for rows in joined.values()]
        yield self.low, torch.cat(ready) if len(ready) > 1 else ready[0]
        self.low += count
        self.rows = {one: [rows[:, count:]] if rows.shape[1] > count else [] for one, rows in joined.items()}
