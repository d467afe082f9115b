"""Max and average pooling over windows, and the average over the whole image."""

from __future__ import annotations

from collections.abc import Iterable

from unetkit.geometry import EVERYWHERE, Grid, Interval, Limit, Number, at_least
from unetkit.operations.convolution import window_arguments, window_rule
from unetkit.operations.operation import Axes, Layer, Operation, compact, facts, window_label


@facts
class MaxPooling(Operation):
    """The largest value under each window; torch rounds the number of windows down, and so does this."""

    kernel: Axes
    stride: Axes
    padding: Axes

    kind = "max pool"
    pointwise = False
    keeps_input = True
    mask_bytes = 8  # the indices
    rescales = True
    makes_map = True
    torch_name = "MaxPool"

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return self._room(axis, sizes[0]) // self.stride[axis] + 1

    def _room(self, axis: int, size: Number) -> Number:
        return size + (2 * self.padding[axis] - self.kernel[axis])

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        least = self.kernel[axis] - 2 * self.padding[axis]
        if least <= 1:
            return ()
        return (at_least(sizes[0], least, window_rule(self.kernel[axis], least)),)

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return max(0, self._room(axis, sizes[0]) % self.stride[axis] - self._spare(axis))

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if self.stride[axis] == 1:
            return ()
        rest = self._room(axis, sizes[0]) % self.stride[axis]
        return (at_least(self._spare(axis), rest, "samples are dropped"),)

    def _spare(self, axis: int) -> int:
        """Returns how many samples beyond the last window are no loss: padding, or what no window ever covers."""
        return self.padding[axis] + max(0, self.stride[axis] - self.kernel[axis])

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        stride, padding = self.stride[axis], self.padding[axis]
        return (Interval(wanted.low * stride - padding, wanted.high * stride - padding + self.kernel[axis] - 1),)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].window(self.kernel[axis], self.stride[axis], self.padding[axis])

    def rescale(self, axis: int) -> tuple[int, int]:
        return (self.stride[axis], 1)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        ones = (1,) * dims
        stride = ones if self.stride == self.kernel else self.stride
        kwargs = window_arguments(stride, self.padding, ones)
        if stride == ones != self.kernel and self.stride == ones:
            kwargs["stride"] = 1  # torch's default is the kernel
        return Layer(f"nn.{self.torch_name}{dims}d", (compact(self.kernel),), kwargs)

    def label(self) -> str:
        return window_label(self.kind, self.kernel)


@facts
class AvgPooling(MaxPooling):
    """The mean under each window; padded zeros count, as in torch."""

    kind = "avg pool"
    mask_bytes = 0
    torch_name = "AvgPool"

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if len(self.kernel) < 3:
            return MaxPooling.limits(self, axis, sizes)
        least = self.kernel[axis]  # in 3D torch does not count the padding
        return (at_least(sizes[0], least, window_rule(least, least)),)


@facts
class GlobalAvgPool(Operation):
    """The mean over the whole image: one sample per channel."""

    kind = "global pool"
    pointwise = False
    is_global = True
    makes_map = True

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return 1

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (EVERYWHERE,)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.AdaptiveAvgPool{dims}d", (1,))
