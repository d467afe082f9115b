"""Prediction for images of any size: the output block by block, each block once and final."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import groupby
from math import prod
from typing import Any, overload

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unetkit.errors import Fault, SizeError
from unetkit.fast.streaming import StreamingError
from unetkit.host.allocator import reserve
from unetkit.model.interface import named_outputs, plan_of
from unetkit.planning import Plan
from unetkit.tiling.blending import weights
from unetkit.tiling.cuts import Cut
from unetkit.tiling.running import InferenceError, Runner, TorchRunner, free_memory, ready
from unetkit.tiling.strips import Strips, can_stream, is_one_strip, run_strips, strips
from unetkit.tiling.tiles import Tile, Tiles, distant, tiles
from unetkit.tiling.window import Outside, Read, window
from unetkit.wording import listed, megabytes

_LOCAL_MEMORY = 1_000_000_000
"""Default bytes for the activations of a tile: more saves few multiply-adds."""
_STRIP_COST = 1.05
"""Time of a multiply-add in strips as a multiple of that in tiles: a few rows are copied from one strip to the next."""

Block = tuple[tuple[slice, ...], Tensor]
"""A part of the image's pixels, as slices per axis, and the channels of all outputs (channels, *part) for it."""


@overload
def predict(
    model: nn.Module,
    image: Tensor,
    tile: Tile = "auto",
    *,
    memory: int | None = None,
    device: str | torch.device | None = None,
    dtype: str = "fp32",
    exact: bool = False,
    vectors: Mapping[str, Any] | None = None,
) -> Tensor: ...


@overload
def predict(
    model: nn.Module,
    image: NDArray[Any],
    tile: Tile = "auto",
    *,
    memory: int | None = None,
    device: str | torch.device | None = None,
    dtype: str = "fp32",
    exact: bool = False,
    vectors: Mapping[str, Any] | None = None,
) -> NDArray[Any]: ...


def predict(  # noqa: PLR0913 - options of a public function
    model: nn.Module,
    image: NDArray[Any] | Tensor,
    tile: Tile = "auto",
    *,
    memory: int | None = None,
    device: str | torch.device | None = None,
    dtype: str = "fp32",
    exact: bool = False,
    vectors: Mapping[str, Any] | None = None,
) -> NDArray[Any] | Tensor:
    """The output (out_channels, *spatial), float32, for an image (in_channels, *spatial) of any size.

    A network with several outputs gives a named tuple of them, without those that exist in training only.

    The image is mirrored beyond its border, so that the network gives an output for each of its pixels. `tile` is
    "auto" (the whole image, tiles or strips, whichever takes the least work within `memory` bytes), "stream"
    (strips of rows: each row of each map is computed once; a small image is one strip), a number of samples per
    axis of a tile, or None for the whole image at once. Tiles and strips equal the whole image up to float
    rounding. If an operation depends on the whole image, strips are computed in several passes. Tiles then overlap
    and are blended, with a UserWarning, or with `exact` an InferenceError. `dtype` is fp32, bf16 or fp16; strips
    are computed in fp32 on the CPU. `vectors` are the inputs beside the image, by name.
    """
    options: dict[str, Any] = {"memory": memory, "device": device, "dtype": dtype, "exact": exact, "vectors": vectors}
    array: NDArray[Any] = image.numpy(force=True) if isinstance(image, Tensor) else image
    found: Any = predict_channels(model, array, tile, **options)
    if isinstance(image, Tensor):
        found = torch.from_numpy(found).to(image.device)
    return by_output(plan_of(model).for_inference(), found)  # type: ignore[no-any-return]


def predict_channels(  # noqa: PLR0913 - the options of `predict`
    model: nn.Module,
    array: NDArray[Any],
    tile: Tile = "auto",
    *,
    memory: int | None = None,
    device: str | torch.device | None = None,
    dtype: str = "fp32",
    exact: bool = False,
    vectors: Mapping[str, Any] | None = None,
) -> NDArray[Any]:
    """What `predict` gives, with the channels of all outputs one after the other (channels, *spatial)."""
    with ready(model, device=device, dtype=dtype) as runner:
        runner.condition(vectors or {})
        _check_shape(runner.plan, array.shape)
        cut = plan_tiles(runner, array.shape[1:], tile, memory, exact=exact)
        shape = (cut.num_channels, *array.shape[1:])
        reserve(4 * prod(shape))
        result = torch.empty(shape)
        for part, block in stream(runner, cut, lambda wanted: array[(slice(None), *wanted)]):
            result[(slice(None), *part)] = block
    return result.numpy()


def by_output(plan: Plan, channels: Any) -> Any:
    """The channels of all outputs (channels, …), divided: a named tuple, or the same where there is one output."""
    parts, first = [], 0
    for count in plan.output_channels.values():
        parts.append(channels[first : first + count])
        first += count
    return named_outputs(tuple(plan.outputs), parts)


def _check_shape(plan: Plan, shape: tuple[int, ...]) -> None:
    """Raises SizeError where an image is not (in_channels, *spatial)."""
    spec = plan.spec
    if len(shape) != plan.dims + 1 or shape[0] != spec.in_channels:
        axes = ", ".join([str(spec.in_channels), *"DHW"[3 - plan.dims :]])
        raise SizeError(Fault("input-shape", f"{spec.name} takes an image ({axes}), not {tuple(shape)}"))


def plan_tiles(
    runner: Runner, size: tuple[int, ...], tile: Tile = "auto", memory: int | None = None, *, exact: bool = False
) -> Tiles | Strips:
    """The tiles or strips of an image.

    Warns, or raises InferenceError, if tiles cannot give the output of the whole image.
    """
    if memory is None:
        memory = free_memory(runner.device) // 2
        if runner.device.type == "cpu" and not distant(runner.plan):
            memory = min(memory, _LOCAL_MEMORY)
    if tile == "stream":
        return _streamed(runner, size, memory)
    try:
        cut = tiles(runner.plan, size, tile, memory)
    except SizeError:
        if tile != "auto":
            raise
        with suppress(InferenceError, StreamingError):
            return _streamed(runner, size, memory)
        raise
    if tile == "auto" and cut.count > 1 and can_stream(runner):
        with suppress(SizeError, StreamingError):
            found = strips(runner.plan, size, memory)
            if found is not None and (not cut.exact or found.macs * _STRIP_COST < cut.macs):
                return found
    if not cut.exact:
        names = distant(runner.plan) or ("an operation",)
        verb = "depends" if len(names) == 1 else "depend"
        why = f"{runner.plan.spec.name}: {listed(names, 3)} {verb} on the whole image, so {cut.count} tiles"
        if exact:
            cure = "Allow more memory, or a larger tile, so that the image is one tile; or let them be blended."
            raise InferenceError(Fault("not-exact", f"{why} cannot give what the whole image gives", cure=cure))
        warnings.warn(f"{why} are blended and differ from the whole image's output", UserWarning, stacklevel=3)
    return cut


def _streamed(runner: Runner, size: tuple[int, ...], memory: int) -> Tiles | Strips:
    """The strips of an image, or the whole where that is one strip; raises UnetkitError where it cannot be streamed."""
    whole = tiles(runner.plan, size, None, memory)
    if whole.count == 1 and is_one_strip(size) and whole.bytes <= memory:
        return whole
    if not can_stream(runner):
        raise InferenceError(Fault("not-streamed", "strips are computed in fp32 on the CPU", cure="Use tiles."))
    found = strips(runner.plan, size, memory)
    if found is None:
        message = f"{runner.plan.spec.name}: strips of rows do not fit into {megabytes(memory)}"
        raise InferenceError(Fault("memory", message, cure="Allow more memory, or use tiles."))
    return found


def stream(runner: Runner, cut: Tiles | Strips, read: Read) -> Iterator[Block]:
    """Yields the output block by block, each pixel in one block; `read` returns parts of the image."""
    if isinstance(cut, Strips):
        assert isinstance(runner, TorchRunner), "others have tiles"
        reserve(cut.bytes)
        return run_strips(runner, cut, read)
    run = _tile_by_tile(runner, cut, read)
    return run() if cut.exact else _blended(cut, run)


def _tile_by_tile(runner: Runner, cut: Tiles, read: Read) -> Callable[[], Iterator[Block]]:
    """An iteration over the outputs of the tiles, each cut to the pixels that the tile gives."""
    same = all(frame.input == frame.output for frame in cut.frames)
    mode = (same and runner.plan.spec.odd_sizes.padding) or "reflect"
    outside = Outside(mode, runner.background)
    size = tuple(frame.image for frame in cut.frames)

    def run() -> Iterator[Block]:
        if runner.device.type == "cpu":
            reserve(cut.bytes)
        for tile in cut:
            starts = tuple(one.start - frame.before for one, frame in zip(tile, cut.frames, strict=True))
            output = runner(torch.from_numpy(window(read, size, starts, cut.size, outside)))
            inner = tuple(slice(one.low - one.start, one.high - one.start) for one in tile)
            yield (
                tuple(pixels(one, frame.first) for one, frame in zip(tile, cut.frames, strict=True)),
                output[(slice(None), *inner)].float().cpu(),
            )

    return run


def pixels(cut: Cut, first: int) -> slice:
    """The pixels of the image that a tile gives."""
    return slice(cut.low - first, cut.high - first)


def _blended(cut: Tiles, run: Callable[[], Iterator[Block]]) -> Iterator[Block]:
    """Yields bands of the image, each the weighted sum of its tiles; one band of tiles is in memory at a time."""
    shares = {
        (axis, one.low - frame.first): torch.from_numpy(share)
        for axis, (cuts, frame) in enumerate(zip(cut.axes, cut.frames, strict=True))
        for one, share in zip(cuts.cuts, weights(cuts.cuts), strict=True)
    }
    rest = [slice(0, frame.image) for frame in cut.frames[1:]]
    rows = [pixels(one, cut.frames[0].first) for one in cut.axes[0].cuts]
    held: Tensor | None = None
    for number, (row, band) in enumerate(groupby(run(), lambda block: block[0][0])):
        total = torch.zeros((cut.num_channels, row.stop - row.start, *(part.stop for part in rest)))
        if held is not None:
            total[:, : held.shape[1]] = held
        for part, block in band:
            for axis, along in enumerate(part):
                shape = [-1 if axis + 1 == other else 1 for other in range(block.dim())]
                block = block * shares[axis, along.start].reshape(shape)
            total[(slice(None), slice(None), *part[1:])] += block
        done = rows[number + 1].start if number + 1 < len(rows) else row.stop
        yield (slice(row.start, done), *rest), total[:, : done - row.start]
        held = total[:, done - row.start :]
