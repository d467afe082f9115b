"""Winograd's convolution F(4×4, 3×3) as batched matrix products (Lavin & Gray, 2016, arXiv:1509.09308).

Each tile of 6 × 6 input samples gives 4 × 4 output samples with 36 products per pair of channels, where the direct sum
needs 144. The transforms are matrix products as well; strips of a few rows of tiles keep them in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from math import prod

import torch
from torch import Tensor

from unetkit.operations.fast import CHANNELS_AT_ONCE, TILE, tiles_at_once

_INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
_READ = TILE + 2
_CHUNK = 1 << 18
"""Numbers that a transform reads at once: 1 MB."""


@cache
def _transform(rows: tuple[tuple[float, ...], ...], device: torch.device) -> Tensor:
    """The transform of both axes of a tile as one matrix, with a last column that adds the same to each number."""
    one = torch.tensor(rows, dtype=torch.float64)
    both = torch.kron(one, one)
    return torch.cat([both, both.new_ones(len(both), 1)], 1).to(device, torch.float32)


def transformed_kernel(weight: Tensor) -> Tensor:
    """A kernel (out, in, [3,] 3, 3) as (taps, 36, in, out): one matrix per frequency, for each tap in depth."""
    kernel = weight.detach().double()
    kernel = kernel[:, :, None] if kernel.dim() == 4 else kernel
    one = torch.tensor(_KERNEL, dtype=torch.float64, device=kernel.device)
    found = torch.einsum("ij,kcdjl,ml->dimck", one, kernel, one)
    return found.reshape(found.shape[0], _READ**2, *found.shape[3:]).float().contiguous()


def original_kernel(transformed: Tensor, dims: int) -> Tensor:
    """The kernel of which `transformed_kernel` gave these matrices, up to rounding."""
    one = torch.linalg.pinv(torch.tensor(_KERNEL, dtype=torch.float64, device=transformed.device))
    matrices = transformed.double().view(len(transformed), _READ, _READ, *transformed.shape[2:])
    found = torch.einsum("ij,djlck,ml->kcdim", one, matrices, one).float()
    return found if dims == 3 else found[:, :, 0]


def winograd(parts: Sequence[Tensor], kernel: Tensor, bias: Tensor | None, padding: tuple[int, ...]) -> Tensor:
    """The convolution of the concatenation of `parts` (N, channels, [D,] H, W) with stride 1, channels last.

    `kernel` is what `transformed_kernel` gives.
    """
    flat = [part if part.dim() == 5 else part[:, :, None] for part in parts]
    depth, height, width = flat[0].shape[2:]
    before = padding if len(padding) == 3 else (0, *padding)
    taps = kernel.shape[0]
    size = (depth + 2 * before[0] - taps + 1, height + 2 * before[1] - 2, width + 2 * before[2] - 2)
    output = flat[0].new_empty((len(flat[0]), *size, kernel.shape[-1]))
    for number in range(len(output)):
        _one_image([part[number].permute(1, 2, 3, 0) for part in flat], kernel, bias, before, output[number])
    found = output.permute(0, 4, 1, 2, 3)
    return found if parts[0].dim() == 5 else found[:, :, 0]


def _one_image(
    parts: list[Tensor], kernel: Tensor, bias: Tensor | None, before: tuple[int, ...], output: Tensor
) -> None:
    """Fills `output` (D, H, W, out) for parts (D, H, W, in)."""
    depth, height, width, channels = output.shape
    tiles = -(-height // TILE), -(-width // TILE)
    groups = _groups(parts)
    read = [sum(piece.shape[-1] for piece in pieces) for pieces in groups]
    kernels = torch.split(kernel, read, dim=2)
    slices, *most = tiles_at_once(tiles[1], max(channels, *read) if depth > 1 else channels, depth)
    for top, left in product(range(0, tiles[0], most[0]), range(0, tiles[1], most[1])):
        count = min(most[0], tiles[0] - top), min(most[1], tiles[1] - left)
        start = TILE * top - before[1], TILE * left - before[2]
        rows, columns = (slice(TILE * one, TILE * (one + many)) for one, many in zip((top, left), count, strict=True))
        columns_of_tiles = [_Column(pieces, start, count, len(kernel) - 1) for pieces in groups]
        for first in range(0, depth, slices):
            strip = output[first : first + slices, rows, columns]
            total = output.new_empty((_READ**2 + 1, len(strip) * prod(count), channels))
            total[-1] = 0 if bias is None else bias
            for number, (column, matrices) in enumerate(zip(columns_of_tiles, kernels, strict=True)):
                values = column.read(first - before[0], len(strip))
                for tap, matrix in enumerate(matrices):
                    tapped = values[:, tap : tap + len(strip)].flatten(1, 2)
                    torch.baddbmm(total[:-1], tapped, matrix, beta=min(1, number + tap), out=total[:-1])
                del values, tapped
            _put(total, count, strip)
            del total


def _groups(parts: list[Tensor]) -> list[list[Tensor]]:
    """The parts (D, H, W, channels), in pieces, in groups of channels that are transformed at once."""
    groups: list[list[Tensor]] = []
    room = 0
    for piece in (piece for part in parts for piece in torch.split(part, CHANNELS_AT_ONCE, dim=-1)):
        if piece.shape[-1] > room:
            groups.append([])
            room = CHANNELS_AT_ONCE
        groups[-1].append(piece)
        room -= piece.shape[-1]
    return groups


class _Column:
    """The same tiles of one slice after the other of maps (D, H, W, channels) that are joined, transformed."""

    def __init__(self, parts: list[Tensor], start: tuple[int, int], count: tuple[int, int], again: int) -> None:
        self.parts, self.start, self.count = parts, start, count
        self.channels = sum(part.shape[3] for part in parts)
        self.again = again
        """Slices that the next call reads again."""
        self.kept: Tensor | None = None

    def read(self, first: int, many: int) -> Tensor:
        """Tiles (36, many + again, rows × columns, channels) from a slice on; zeros beyond the ends."""
        rows, columns = self.count
        like = self.parts[0]
        found = like.new_empty((_READ**2, many + self.again, rows, columns * self.channels))
        done = 0
        if self.kept is not None:
            done = self.again
            found[:, :done] = self.kept
        low, high = (min(max(first + one, 0), len(like)) for one in (done, many + self.again))
        found[:, done : low - first] = 0
        found[:, max(done, high - first) :] = 0
        self._transform(low, high, found[:, low - first : high - first])
        if self.again:
            self.kept = found[:, many:].clone()
        return found.view(_READ**2, many + self.again, rows * columns, self.channels)

    def _transform(self, low: int, high: int, found: Tensor) -> None:
        """Transforms the tiles of the slices `low` … high − 1."""
        rows, columns = self.count
        transform = _transform(_INPUT, found.device)[:, :-1]
        for slices, lines in _chunks(high - low, rows, columns * self.channels):
            many = slices.stop - slices.start, lines.stop - lines.start
            start = self.start[0] + TILE * lines.start, self.start[1]
            size = TILE * many[1] + 2, TILE * columns + 2
            tiles = found.new_empty((_READ, _READ, *many, columns, self.channels))
            first = 0
            for part in self.parts:
                window = _window(part[low + slices.start : low + slices.stop], start, size)
                place = tiles[..., first : first + part.shape[3]]
                depth, row, column, channel = window.stride()
                place.copy_(window.as_strided(place.shape, (row, column, depth, TILE * row, TILE * column, channel)))
                first += part.shape[3]
            torch.mm(transform, tiles.view(_READ**2, -1), out=found[:, slices, lines].flatten(1))


def _window(part: Tensor, start: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """A window of (D, H, W, channels), with zeros where it lies beyond the border."""
    ends = [(low, low + count) for low, count in zip(start, size, strict=True)]
    rows, columns = (
        slice(min(max(0, low), length), max(0, min(length, high)))
        for (low, high), length in zip(ends, part.shape[1:3], strict=True)
    )
    part = part[:, rows, columns]
    if part.shape[1:3] == size:
        return part
    found = part.new_empty((len(part), *size, part.shape[3]))
    (top, bottom), (left, right) = (
        (max(0, inside.start - low), max(0, inside.stop - low))
        for inside, (low, _) in zip((rows, columns), ends, strict=True)
    )
    for beyond in (found[:, :top], found[:, bottom:], found[:, top:bottom, :left], found[:, top:bottom, right:]):
        beyond.zero_()
    found[:, top:bottom, left:right] = part
    return found


def _chunks(slices: int, rows: int, numbers: int) -> Iterator[tuple[slice, slice]]:
    """Slices and rows of tiles, so many at once that they stay in the cache; `numbers` are in a row."""
    most = max(1, _CHUNK // (_READ**2 * numbers))
    together = max(1, most // rows)
    for first in range(0, slices, together):
        for row in range(0, rows, most):
            yield slice(first, min(slices, first + together)), slice(row, min(rows, row + most))


def _put(total: Tensor, count: tuple[int, int], strip: Tensor) -> None:
    """Transforms the products of some tiles back into `strip` (D, H, W, out), which the last tiles may exceed.

    The last row of the products is the bias.
    """
    rows, columns = count
    depth, _, width, channels = strip.shape
    products, transform = total.view(_READ**2 + 1, depth, rows, columns * channels), _transform(_OUTPUT, strip.device)
    for slices, lines in _chunks(depth, rows, columns * channels):
        values = torch.mm(transform, products[:, slices, lines].flatten(1))
        many = slices.stop - slices.start, lines.stop - lines.start
        values = values.view(TILE, TILE, *many, columns, channels).permute(2, 3, 0, 4, 1, 5)
        target = strip[slices, TILE * lines.start : TILE * lines.stop]
        if target.shape[1:3] == (TILE * many[1], TILE * columns):
            target.view(*many, TILE, columns, TILE, channels).copy_(values)
        else:
            whole = values.reshape(many[0], TILE * many[1], TILE * columns, channels)
            target.copy_(whole[:, : target.shape[1], :width])
