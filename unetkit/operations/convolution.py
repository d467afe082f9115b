"""Convolution and transposed convolution (arithmetic: Dumoulin & Visin, 2016, arXiv:1603.07285)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace

from unetkit.geometry import Grid, Interval, Limit, Number, at_least
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.onednn import ConvolutionRun
from unetkit.operations.operation import Axes, Layer, Operation, compact, facts, volume, wiring_error
from unetkit.operations.strip import Strip
from unetkit.operations.window import WindowedOperation, window_arguments


class _ConvolutionOperation(Operation):
    """What convolutions and transposed ones share: groups, and their workspace on the CPU."""

    __slots__ = ()
    out: int
    groups: int

    def channels(self, inputs: Axes) -> int:
        if inputs[0] % self.groups or self.out % self.groups:
            raise wiring_error(
                f"{self.groups} groups do not divide {inputs[0]} input and {self.out} output channels",
                "Choose groups that divide both.",
            )
        return self.out

    @abstractmethod
    def _run(self, source: MapShape, result: MapShape, run: Execution) -> ConvolutionRun:
        """The convolution as torch runs it."""

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        found, border = self._run(source, result, run).workspace(), self.kept_bytes(source, result, run)
        if run.channels_last and len(source.size) == 1:  # read from a copy
            border += run.bytes(*source)
        return Workspace(found.forward + border, max(found.backward, border + run.bytes(*source)), found.weights)

    def gives_channels_last(self, source: MapShape, run: Execution) -> bool:
        if not run.channels_last or len(source.size) == 1:
            return False
        return len(source.size) == 2 or self._run(source, source, run).uses_onednn  # in 2D torch's own kernel does too


@facts
class Convolution(_ConvolutionOperation, WindowedOperation):
    """A convolution of `out` channels. `padding` samples are added on each side: zeros, or as `padding_mode` says."""

    out: int
    kernel: Axes
    stride: Axes
    padding: Axes
    dilation: Axes
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    kind = "conv"
    shows_shape = True

    @property
    def wraps(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return self.padding_mode == "circular" and any(self.padding)

    def spatial(self) -> Operation:
        return Convolution(1, self.kernel, self.stride, self.padding, self.dilation, padding_mode=self.padding_mode)

    def span(self, axis: int) -> int:
        return self.dilation[axis] * (self.kernel[axis] - 1) + 1

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        yield from WindowedOperation.limits(self, axis, sizes)
        padding = self.padding[axis]
        if padding and self.padding_mode in ("reflect", "circular"):
            least = padding + (self.padding_mode == "reflect")
            rule = f"{self.padding_mode} padding of {padding} needs at least {least} samples, here are {{0}}"
            yield at_least(sizes[0], least, rule)

    def parameters(self, inputs: Axes) -> int:
        return self.out * (inputs[0] // self.groups) * volume(self.kernel) + self.bias * self.out

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return self.out * (inputs[0] // self.groups) * volume(self.kernel) * volume(output)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = window_arguments(self.stride, self.padding, self.dilation, groups=self.groups, bias=self.bias)
        if self.padding_mode != "zeros" and any(self.padding):
            kwargs["padding_mode"] = self.padding_mode
        args = (inputs[0], self.out, compact(self.kernel))
        return Layer(f"nn.Conv{dims}d", args, kwargs, arg_names=("in_channels", "out_channels", "kernel_size"))

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        padded = self._padded(source)
        return run.bytes(*padded) if padded != source else 0

    def strip(self, sizes: Axes) -> Strip | None:
        if self.padding[0] and self.padding_mode == "circular":
            return None
        return Strip(replace(self, padding=(0, *self.padding[1:])), self.padding_mode if self.padding[0] else "zeros")

    def _padded(self, source: MapShape) -> MapShape:
        """The input as the convolution itself sees it: other padding than zeros is a copy that torch makes first."""
        if self.padding_mode == "zeros":
            return source
        return MapShape(source.channels, tuple(n + 2 * p for n, p in zip(source.size, self.padding, strict=True)))

    def _run(self, source: MapShape, result: MapShape, run: Execution) -> ConvolutionRun:
        plain = max(*self.stride, *self.dilation) == 1
        return ConvolutionRun(self.kernel, self.groups, self.bias, False, plain, self._padded(source), result, run)


@facts
class TransposedConvolution(_ConvolutionOperation):
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
        return max(self.stride) > 1

    def spatial(self) -> Operation:
        return TransposedConvolution(1, self.kernel, self.stride, self.padding, self.extra)

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
        arg_names = ("in_channels", "out_channels", "kernel_size", "stride")
        return Layer(f"nn.ConvTranspose{dims}d", args, kwargs, arg_names=arg_names)

    def strip(self, sizes: Axes) -> Strip | None:
        if self.kernel[0] == self.stride[0] and not self.padding[0] and not self.extra[0]:
            return Strip(self, "none", per_row=self.stride[0], multiple=self.stride[0])
        return Strip(self, "none", kind="overlap")

    def _run(self, source: MapShape, result: MapShape, run: Execution) -> ConvolutionRun:
        return ConvolutionRun(self.kernel, self.groups, self.bias, True, max(self.stride) == 1, source, result, run)

    def label(self) -> str:
        return f"up-conv {'×'.join(map(str, self.kernel))}"
