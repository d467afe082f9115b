"""Max and average pooling over windows, and the average over the whole image."""

from __future__ import annotations

from collections.abc import Iterable

from unetkit.geometry import Limit, Number, at_least
from unetkit.operations.operation import Axes, Layer, Operation, compact, facts
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

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if len(self.kernel) < 3:
            return WindowedOperation.limits(self, axis, sizes)
        least = self.kernel[axis]  # in 3D torch does not count the padding
        return (at_least(sizes[0], least, window_rule(least, least)),)


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

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.AdaptiveAvgPool{dims}d", (1,))
