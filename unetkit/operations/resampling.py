"""Interpolation by a factor, and the rearrangement of channels into samples and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from unetkit.geometry import Grid, Interval, Limit, Number, at_least, equal
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.operation import Axes, Layer, Operation, compact, facts, volume, wiring_error
from unetkit.operations.strip import Strip
from unetkit.operations.taps import Resize, misrounds
from unetkit.operations.window import WindowedOperation

_TORCH_MODES = {
    ("nearest", 1): "nearest",
    ("nearest", 2): "nearest",
    ("nearest", 3): "nearest",
    ("linear", 1): "linear",
    ("linear", 2): "bilinear",
    ("linear", 3): "trilinear",
    ("cubic", 2): "bicubic",
}
"""torch's name for a method, by number of axes."""


def torch_mode(method: str, dims: int) -> str:
    """torch's name for the method; raises BlockError if torch has none."""
    try:
        return _TORCH_MODES[method, dims]
    except KeyError:
        raise wiring_error(
            f"{method} interpolation exists in 2D only, this network is {dims}D", "Use linear."
        ) from None


class _Upsampling(Operation):
    """The family of operations that multiply the size by a whole factor."""

    __slots__ = ()
    factor: Axes

    pointwise = False
    rescales = True
    makes_map = True
    stateless = True

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return sizes[0] * self.factor[axis]

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        # with align_corners the true spacing is that of this grid in the middle of the image only
        return grids[0].spread(self.factor[axis], self.factor[axis], 0)

    def rescale(self, axis: int) -> tuple[int, int]:
        return (1, self.factor[axis])


@facts
class Interpolation(_Upsampling):
    """Multiplies the size by `factor`: nearest, linear or cubic.

    With `align_corners` the first and last samples of input and output coincide, so that the spacing depends on the
    size of the image, and tiles cannot give the same result; without, sample o sits at (o + ½) / factor − ½.
    """

    factor: Axes
    method: str
    align_corners: bool = False

    kind = "interpolate"

    @property
    def is_global(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return self.align_corners or (self.method == "nearest" and any(map(misrounds, self.factor)))

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        factor, before = self.factor[axis], sizes[0]
        return (Resize(self.method, before, before * factor, factor, self.align_corners).needs(wanted),)

    def stretches(self, axis: int, sizes: Axes) -> bool:
        factor = self.factor[axis]
        return factor > 1 and (self.align_corners or (self.method == "nearest" and misrounds(factor)))

    def resize(self, sizes: Axes) -> Resize:
        """How it interpolates along the first axis."""
        factor = self.factor[0]
        return Resize(self.method, sizes[0], sizes[0] * factor, factor, self.align_corners)

    def strip(self, sizes: Axes) -> Strip | None:
        factor = self.factor[0]
        exact = factor & (factor - 1) == 0  # torch's positions are then exact numbers, wherever the rows begin
        if exact and not self.align_corners:
            return Strip(self, "none", per_row=factor)
        return Strip(replace(self, factor=(1, *self.factor[1:])), "none", kind="taps")

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = {"scale_factor": compact(self.factor), "mode": torch_mode(self.method, dims)}
        if self.align_corners:
            kwargs["align_corners"] = True
        return Layer("nn.Upsample", (), kwargs)

    def label(self) -> str:
        return f"{self.method} ×{'×'.join(map(str, self.factor)) if len(set(self.factor)) > 1 else self.factor[0]}"


@facts
class Shrinking(WindowedOperation):
    """Divides the size by `factor`: linear interpolation at the centre of each group of `factor` samples, rounded down.

    The centre is a sample where the factor is odd, and between two samples where it is even.
    """

    factor: Axes

    kind = "shrink"
    stateless = True

    @property
    def kernel(self) -> Axes:  # type: ignore[override]  # one or two samples
        return tuple(2 - factor % 2 for factor in self.factor)

    @property
    def stride(self) -> Axes:  # type: ignore[override]  # to the same samples of the next group
        return self.factor

    @property
    def padding(self) -> Axes:  # type: ignore[override]  # samples before the centre are left out
        return tuple((kernel - factor) // 2 for kernel, factor in zip(self.kernel, self.factor, strict=True))

    @property
    def keeps_input(self) -> bool:  # type: ignore[override]  # or a copy of what it reads
        return not any(self.padding)

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        return run.bytes(*source) * any(self.padding)

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        copy = self.kept_bytes(source, result, run)
        return Workspace(copy, run.bytes(*source) + copy, run.bytes(*source) + copy)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.shrink", (), {"factor": self.factor})

    def label(self) -> str:
        return f"linear ÷{'×'.join(map(str, self.factor)) if len(set(self.factor)) > 1 else self.factor[0]}"


@facts
class SubpixelShuffle(_Upsampling):
    """Turns groups of channels into `factor` times as many samples (Shi et al., 2016, arXiv:1609.05158)."""

    factor: Axes

    kind = "pixel shuffle"
    mixes_axes = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] % volume(self.factor):
            raise wiring_error(f"{inputs[0]} channels cannot be shuffled into {volume(self.factor)} samples each")
        return inputs[0] // volume(self.factor)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (Interval(wanted.low // self.factor[axis], wanted.high // self.factor[axis]),)

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, per_row=self.factor[0])

    def layer(self, inputs: Axes, dims: int) -> Layer:
        if dims == 2 and self.factor[0] == self.factor[1]:
            return Layer("nn.PixelShuffle", (self.factor[0],), arg_names=("factor",))
        return Layer("functional.PixelShuffle", (self.factor,), arg_names=("factor",))


@facts
class SubpixelUnshuffle(Operation):
    """Turns `factor` samples along each axis into channels: the inverse of `SubpixelShuffle`.

    With `by_sample` the channels of one sample stay together, as in Swin.
    """

    factor: Axes
    by_sample: bool = False

    kind = "pixel unshuffle"
    mixes_axes = True
    pointwise = False
    rescales = True
    makes_map = True
    stateless = True

    def channels(self, inputs: Axes) -> int:
        return inputs[0] * volume(self.factor)

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return sizes[0] // self.factor[axis]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        factor = self.factor[axis]
        if factor == 1:
            return ()
        return (
            equal(sizes[0] % factor, 0, f"groups of {factor} samples become channels, here are {{0}}"),
            at_least(sizes[0], factor, f"groups of {factor} samples become channels, here are {{0}}"),
        )

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        factor = self.factor[axis]
        return (Interval(wanted.low * factor, wanted.high * factor + factor - 1),)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].window(self.factor[axis], self.factor[axis], 0)

    def rescale(self, axis: int) -> tuple[int, int]:
        return (self.factor[axis], 1)

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        if self.by_sample:
            return Layer("functional.PixelUnshuffle", (self.factor,), {"by_sample": True}, arg_names=("factor",))
        if dims == 2 and self.factor[0] == self.factor[1]:
            return Layer("nn.PixelUnshuffle", (self.factor[0],), arg_names=("factor",))
        return Layer("functional.PixelUnshuffle", (self.factor,), arg_names=("factor",))
