"""Pooling over windows, the average over the whole image, and samples added around an image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from unetkit.geometry import Grid, Interval, Limit, Number, at_least
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.onednn import ConvolutionRun
from unetkit.operations.operation import Axes, Layer, Operation, compact, facts, volume
from unetkit.operations.strip import Strip
from unetkit.operations.window import WindowedOperation, window_arguments, window_rule


@facts
class MaxPooling(WindowedOperation):
    """The largest value under each window; torch rounds the number of windows down, and so does this."""

    kernel: Axes
    stride: Axes
    padding: Axes

    kind = "max pool"
    mask_bytes = 8  # the indices
    stateless = True
    torch_name = "MaxPool"
    beyond = "lowest"
    """What stands in for rows beyond the ends of a map."""

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(replace(self, padding=(0, *self.padding[1:])), self.beyond)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        ones = (1,) * dims
        stride = ones if self.stride == self.kernel else self.stride
        kwargs = window_arguments(stride, self.padding, ones)
        if stride == ones != self.kernel and self.stride == ones:
            kwargs["stride"] = 1  # torch's default is the kernel
        return Layer(f"nn.{self.torch_name}{dims}d", (compact(self.kernel),), kwargs, arg_names=("kernel_size",))


@facts
class AvgPooling(MaxPooling):
    """The mean under each window; padded zeros count, as in torch."""

    kind = "avg pool"
    mask_bytes = 0
    torch_name = "AvgPool"
    beyond = "zeros"

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if len(self.kernel) < 3:
            return WindowedOperation.limits(self, axis, sizes)
        least = self.kernel[axis]  # in 3D torch does not count the padding
        return (at_least(sizes[0], least, window_rule(least, least)),)


@facts
class BlurPooling(WindowedOperation):
    """A binomial filter over each channel, with zeros around it: 3 samples weigh [1, 2, 1] / 4."""

    kernel: Axes
    stride: Axes
    padding: Axes

    kind = "blur pool"

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return inputs[0] * volume(self.kernel) * volume(output)

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        return ConvolutionRun(self.kernel, source.channels, False, False, False, source, result, run).workspace()

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(replace(self, padding=(0, *self.padding[1:])))

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        return Layer("functional.blur_pool", (), kwargs)


@facts
class GlobalAvgPool(Operation):
    """The mean over the whole image: one sample per channel."""

    kind = "global pool"
    pointwise = False
    is_global = True
    makes_map = True
    stateless = True

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return 1

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, kind="mean")

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.AdaptiveAvgPool{dims}d", (1,))


@facts
class GlobalMaxPool(GlobalAvgPool):
    """The largest value of the whole image: one sample per channel."""

    mask_bytes = 8  # the indices

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, kind="maximum")

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.AdaptiveMaxPool{dims}d", (1,))


@facts
class SampleShift(WindowedOperation):
    """Groups of channels, each moved along one axis by another number of samples; zeros come in (Valanarasu, 2022).

    The window has one sample more than twice the largest move; there is a group for each of its samples.
    """

    kernel: Axes

    kind = "shift"
    mixes_axes = True
    keeps_input = False

    @property
    def stride(self) -> Axes:  # type: ignore[override]  # that of all axes
        return (1,) * len(self.kernel)

    @property
    def padding(self) -> Axes:  # type: ignore[override]  # half of the window
        return tuple(width // 2 for width in self.kernel)

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, per_row=1)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        axis = max(range(dims), key=lambda axis: self.kernel[axis])
        return Layer("functional.shift_samples", (), {"axis": axis, "groups": self.kernel[axis]})


_PADDINGS = {"zeros": "Zero", "reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}
"""The beginning of torch's name for each mode of padding."""


@facts
class SidePadding(Operation):
    """`before` samples before the first one of each axis, `after` after the last one."""

    before: Axes
    after: Axes
    mode: str = "zeros"

    kind = "padding"
    pointwise = False
    stateless = True

    @property
    def wraps(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return self.mode == "circular"

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return sizes[0] + (self.before[axis] + self.after[axis])

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        most = max(self.before[axis], self.after[axis])
        if not most or self.mode not in ("reflect", "circular"):
            return ()
        least = most + (self.mode == "reflect")
        return (
            at_least(sizes[0], least, f"{self.mode} padding of {most} needs at least {least} samples, here are {{0}}"),
        )

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (Interval(wanted.low - self.before[axis], wanted.high - self.before[axis]),)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].shifted(-self.before[axis])

    def strip(self, sizes: Axes) -> Strip | None:
        if self.mode == "circular" and (self.before[0] or self.after[0]):
            return None
        across = replace(self, before=(0, *self.before[1:]), after=(0, *self.after[1:]))
        return Strip(across, self.mode)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        widths = tuple(width for pair in zip(self.before[::-1], self.after[::-1], strict=True) for width in pair)
        return Layer(f"nn.{_PADDINGS[self.mode]}Pad{dims}d", (widths,), arg_names=("padding",))


@facts
class FilledUp(Operation):
    """Zeros after the last samples of each axis, up to a multiple."""

    multiple: Axes

    kind = "fill up"
    pointwise = False

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return -(-sizes[0] // self.multiple[axis]) * self.multiple[axis]  # rounded up

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(replace(self, multiple=(1, *self.multiple[1:])))

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.fill_up", (), {"multiple": self.multiple})
