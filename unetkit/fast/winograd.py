"""Winograd's convolution F(4×4, 3×3) as batched matrix products (Lavin & Gray, 2016, arXiv:1509.09308).

Each tile of 6 × 6 input samples gives 4 × 4 output samples with 36 products per pair of channels, where the direct sum
needs 144. The transforms are matrix products as well; strips of a few rows of tiles keep them in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

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
    """The transform of both axes of a tile as one matrix."""
    one = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(one, one).to(device, torch.float32)


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
    depth, (_, height, width, channels) = parts[0].shape[0], output.shape
    tiles = -(-height // TILE), -(-width // TILE)
    pieces = [piece for part in parts for piece in torch.split(part, CHANNELS_AT_ONCE, dim=-1)]
    kernels = [matrices.split([piece.shape[-1] for piece in pieces], dim=1) for matrices in kernel]
    most = tiles_at_once(tiles[1], channels)
    for top, left in product(range(0, tiles[0], most[0]), range(0, tiles[1], most[1])):
        count = min(most[0], tiles[0] - top), min(most[1], tiles[1] - left)
        start = TILE * top - before[1], TILE * left - before[2]
        rows, columns = (slice(TILE * one, TILE * (one + many)) for one, many in zip((top, left), count, strict=True))
        held: dict[int, list[Tensor]] = {}  # transformed slices that later outputs read too
        for place in range(len(output)):
            total: Tensor | None = None
            for tap in range(len(kernel)):
                source = place + tap - before[0]
                if not 0 <= source < depth:
                    continue
                if len(kernel) > 1 and source not in held:
                    held[source] = [_transformed(piece[source], start, count) for piece in pieces]
                for number, matrices in enumerate(kernels[tap]):
                    found = held.get(source)
                    values = found[number] if found else _transformed(pieces[number][source], start, count)
                    total = torch.bmm(values, matrices) if total is None else total.baddbmm_(values, matrices)
                    del values
            held.pop(place - before[0], None)
            _put(total, count, bias, output[place, rows, columns])


def _transformed(part: Tensor, start: tuple[int, int], count: tuple[int, int]) -> Tensor:
    """Tiles (rows, columns) of (H, W, channels) from `start` on, transformed: (36, tiles, channels)."""
    rows, columns = count
    channels = part.shape[2]
    found = part.new_empty((_READ**2, rows, columns * channels))
    transform = _transform(_INPUT, part.device)
    for first, many in _chunks(rows, columns * channels):
        padded = _window(part, (start[0] + TILE * first, start[1]), (TILE * many + 2, TILE * columns + 2))
        steps = padded.stride()
        tiles = padded.as_strided(
            (_READ, _READ, many, columns, channels), (*steps[:2], TILE * steps[0], TILE * steps[1], steps[2])
        )
        target = found[:, first : first + many].flatten(1)
        torch.mm(transform, tiles.reshape(_READ**2, -1), out=target)
    return found.view(_READ**2, rows * columns, channels)


def _window(part: Tensor, start: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """A contiguous window of (H, W, channels), with zeros where it lies beyond the border."""
    around: list[int] = [0, 0]
    for axis in (1, 0):
        low, high, length = start[axis], start[axis] + size[axis], part.shape[axis]
        first, last = min(max(0, low), length), max(0, min(length, high))
        part = part.narrow(axis, first, max(0, last - first))
        around += [max(0, min(-low, size[axis])), max(0, high - max(length, low))]
    return (functional.pad(part, around) if any(around) else part).contiguous()


def _chunks(rows: int, numbers: int) -> Iterator[tuple[int, int]]:
    """The first row of tiles and their number, so many at once that they stay in the cache; `numbers` are in a row."""
    most = max(1, _CHUNK // (_READ**2 * numbers))
    for first in range(0, rows, most):
        yield first, min(most, rows - first)


def _put(total: Tensor | None, count: tuple[int, int], bias: Tensor | None, strip: Tensor) -> None:
    """Transforms the products of some tiles back into `strip` (H, W, out), which the last tiles may exceed."""
    rows, columns = count
    _, width, channels = strip.shape
    if total is None:
        strip.copy_(strip.new_zeros(channels) if bias is None else bias)
        return
    products, transform = total.view(_READ**2, rows, columns * channels), _transform(_OUTPUT, strip.device)
    for first, many in _chunks(rows, columns * channels):
        values = torch.mm(transform, products[:, first : first + many].flatten(1))
        if bias is not None:
            values.view(-1, channels).add_(bias)
        values = values.view(TILE, TILE, many, columns, channels).permute(2, 0, 3, 1, 4)
        target = strip[TILE * first : TILE * (first + many)]
        if target.shape[:2] == (TILE * many, TILE * columns):
            target.view(many, TILE, columns, TILE, channels).copy_(values)
        else:
            target.copy_(values.reshape(TILE * many, TILE * columns, channels)[: target.shape[0], :width])
