"""Convolution and transposed convolution (arithmetic: Dumoulin & Visin, 2016, arXiv:1603.07285)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from unetkit.geometry import Grid, Interval, Limit, Number, at_least
from unetkit.operations.operation import Axes, Layer, Operation, compact, facts, volume, window_label, wiring_error


@facts
class Convolution(Operation):
    """A convolution of `out` channels; `padding` samples are added on each side, with what `padding_mode` says."""

    out: int
    kernel: Axes
    stride: Axes
    padding: Axes
    dilation: Axes
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    kind = "conv"
    pointwise = False
    makes_map = True
    keeps_input = True

    @property
    def rescales(self) -> bool:  # type: ignore[override]  # a fact of the class for most others
        """Whether it moves by more than one sample."""
        return max(self.stride) > 1

    def channels(self, inputs: Axes) -> int:
        divide_channels(self.groups, inputs[0], self.out)
        return self.out

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return self._room(axis, sizes[0]) // self.stride[axis] + 1

    def _room(self, axis: int, size: Number) -> Number:
        return size + (2 * self.padding[axis] - self.dilation[axis] * (self.kernel[axis] - 1) - 1)

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
        padding = self.padding[axis]
        least = span - 2 * padding
        limits = [at_least(sizes[0], least, window_rule(span, least))] if least > 1 else []
        if padding and self.padding_mode in ("reflect", "circular"):
            least = padding + (self.padding_mode == "reflect")
            rule = f"{self.padding_mode} padding of {padding} needs at least {least} samples, here are {{0}}"
            limits.append(at_least(sizes[0], least, rule))
        return limits

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return max(0, self._room(axis, sizes[0]) % self.stride[axis] - self._spare(axis))

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if self.stride[axis] == 1:
            return ()
        rest = self._room(axis, sizes[0]) % self.stride[axis]
        return (at_least(self._spare(axis), rest, "samples are dropped"),)

    def _spare(self, axis: int) -> int:
        """Returns how many samples beyond the last window are no loss: padding, or what no window ever covers."""
        span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
        return self.padding[axis] + max(0, self.stride[axis] - span)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        stride, padding = self.stride[axis], self.padding[axis]
        reach = self.dilation[axis] * (self.kernel[axis] - 1)
        return (Interval(wanted.low * stride - padding, wanted.high * stride - padding + reach),)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].window(self.kernel[axis], self.stride[axis], self.padding[axis], self.dilation[axis])

    def parameters(self, inputs: Axes) -> int:
        return self.out * (inputs[0] // self.groups) * volume(self.kernel) + self.bias * self.out

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return self.out * (inputs[0] // self.groups) * volume(self.kernel) * volume(output)

    def rescale(self, axis: int) -> tuple[int, int]:
        return (self.stride[axis], 1)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = window_arguments(self.stride, self.padding, self.dilation, groups=self.groups, bias=self.bias)
        if self.padding_mode != "zeros" and any(self.padding):
            kwargs["padding_mode"] = self.padding_mode
        return Layer(f"nn.Conv{dims}d", (inputs[0], self.out, compact(self.kernel)), kwargs)

    def label(self) -> str:
        return window_label("conv", self.kernel)


@facts
class TransposedConvolution(Operation):
    """A transposed convolution: `padding` samples are cut from each side, `extra` added at the far end."""

    out: int
    kernel: Axes
    stride: Axes
    padding: Axes
    extra: Axes
    groups: int = 1
    bias: bool = True

    kind = "up-conv"
    pointwise = False
    makes_map = True
    keeps_input = True

    @property
    def rescales(self) -> bool:  # type: ignore[override]  # a fact of the class for most others
        """Whether it moves by more than one sample."""
        return max(self.stride) > 1

    def channels(self, inputs: Axes) -> int:
        divide_channels(self.groups, inputs[0], self.out)
        return self.out

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        reach = self.kernel[axis] + self.extra[axis] - 2 * self.padding[axis]
        return (sizes[0] - 1) * self.stride[axis] + reach

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if self.kernel[axis] + self.extra[axis] - 2 * self.padding[axis] >= 1:
            return ()
        return (at_least(self.size(axis, sizes), 1, "the transposed convolution leaves nothing"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        stride, padding, kernel = self.stride[axis], self.padding[axis], self.kernel[axis]
        low = -((kernel - 1 - padding - wanted.low) // stride)  # smallest i with i·stride − padding + kernel − 1 ≥ low
        return (Interval(low, (wanted.high + padding) // stride),)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].spread(self.kernel[axis], self.stride[axis], self.padding[axis])

    def parameters(self, inputs: Axes) -> int:
        return inputs[0] * (self.out // self.groups) * volume(self.kernel) + self.bias * self.out

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return inputs[0] * (self.out // self.groups) * volume(self.kernel) * volume(sizes[0])

    def rescale(self, axis: int) -> tuple[int, int]:
        return (1, self.stride[axis])

    def layer(self, inputs: Axes, dims: int) -> Layer:
        ones = (1,) * dims
        kwargs = window_arguments(ones, self.padding, ones, groups=self.groups, bias=self.bias)
        if any(self.extra):
            kwargs["output_padding"] = compact(self.extra)
        args = (inputs[0], self.out, compact(self.kernel), compact(self.stride))
        return Layer(f"nn.ConvTranspose{dims}d", args, kwargs)

    def label(self) -> str:
        return window_label("up-conv", self.kernel)


@cache
def window_rule(span: int, least: int) -> str:
    """Returns the rule that a window of so many samples has enough of them."""
    return f"a window of {span} needs at least {least} samples, here are {{0}}"


def divide_channels(groups: int, inputs: int, out: int) -> None:
    """Raises BlockError unless the groups divide both numbers of channels."""
    if inputs % groups or out % groups:
        raise wiring_error(
            f"{groups} groups do not divide {inputs} input and {out} output channels",
            "Choose groups that divide both.",
        )


def window_arguments(
    stride: Axes, padding: Axes, dilation: Axes, *, groups: int = 1, bias: bool = True
) -> dict[str, Any]:
    """Returns the arguments of a torch window that differ from torch's defaults."""
    kwargs: dict[str, Any] = {}
    if any(value != 1 for value in stride):
        kwargs["stride"] = compact(stride)
    if any(padding):
        kwargs["padding"] = compact(padding)
    if any(value != 1 for value in dilation):
        kwargs["dilation"] = compact(dilation)
    if groups != 1:
        kwargs["groups"] = groups
    if not bias:
        kwargs["bias"] = False
    return kwargs
