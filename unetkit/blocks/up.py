"""Ways up: to the next, finer level, by the stride that led down from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Block, PerAxis, Up
from unetkit.blocks.act import Identity
from unetkit.blocks.fields import (
    Groups,
    OwnAct,
    OwnNorm,
    PaddingMode,
    centred,
    entered,
    group_count,
    is_point,
    one_sample,
    widths,
)
from unetkit.blocks.norm import NoNorm
from unetkit.operations.operation import per_axis, volume
from unetkit.signal import Bias, Signal


class TransposedConv(Up):
    """A transposed convolution; its kernel is the stride unless given, its output always stride times the input."""

    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"
    kernel: PerAxis | None = None
    """Samples that one sample spreads to; the stride unless given."""
    keep_channels: bool = False
    """Keep the channels of the coarser level (Çiçek et al., 2016) instead of going to those of the finer one."""
    groups: Groups = 1
    """Groups of channels that are convolved apart; `depthwise`: each input channel by itself."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: OwnNorm = NoNorm()
    """Norm after it; none unless given."""
    act: OwnAct = Identity()
    """Activation after it; none unless given."""

    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        channels = x.channels if self.keep_channels else channels
        x = x.transposed_conv(channels, stride, self.kernel, groups=group_count(self.groups, x), bias=self.bias)
        return x.norm(self.norm).act(self.act)


class Interpolate(Up):
    """Interpolation, then a convolution that goes to the channels of the finer level, or none."""

    source = "Odena et al., 2016, doi:10.23915/distill.00003"
    method: Literal["nearest", "linear", "cubic"] = "linear"
    """How values between samples are found."""
    align_corners: bool = False
    """Whether the corners of both maps coincide; the spacing then depends on the size, and tiles are not exact."""
    conv: PerAxis | None = None
    """Kernel of the convolution after it; none by default. The odd sample that an even one is padded by is the last."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: OwnNorm = NoNorm()
    """Norm after it; none unless given."""
    act: OwnAct = Identity()
    """Activation after it; none unless given."""

    def idle(self) -> dict[str, str]:
        reasons = {}
        if self.method == "nearest":
            reasons["align_corners"] = "method: nearest has no corners to align"
        if self.conv is None:
            reasons |= dict.fromkeys(("padding_mode", "bias"), "there is no convolution")
        elif is_point(self.conv):
            reasons["padding_mode"] = "a kernel of 1 covers one sample"
        return reasons

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.method == "cubic" and dims != 2:
            yield "method", f"cubic interpolation exists in 2D only, this network is {dims}D", "Use linear."

    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        x = x.interpolate(stride, self.method, align_corners=self.align_corners and self.method != "nearest")
        if self.conv is not None:
            if any(kernel % 2 == 0 for kernel in widths(self.conv)):
                near, far = (
                    tuple((kernel - 1 + more) // 2 for kernel in per_axis(self.conv, x.dims, "conv")) for more in (0, 1)
                )
                x = x.pad(near, far, self.padding_mode).conv(channels, self.conv, padding="valid", bias=self.bias)
            else:
                x = x.conv(channels, self.conv, padding_mode=self.padding_mode, bias=self.bias)
        return x.norm(self.norm).act(self.act)


class Upsample(Block):
    """Interpolation by a factor in place of a way up: in a head of a coarser level, or to maps finer than the image."""

    source = "Odena et al., 2016, doi:10.23915/distill.00003"
    example = {"head": [{"type": "upsample"}, "conv"]}
    factor: PerAxis = 2
    """By how much the samples along each axis grow."""
    method: Literal["nearest", "linear", "cubic"] = "linear"
    """How values between samples are found."""
    align_corners: bool = False
    """Whether the corners of both maps coincide; the spacing then depends on the size, and tiles are not exact."""

    def idle(self) -> dict[str, str]:
        return {"align_corners": "method: nearest has no corners to align"} if self.method == "nearest" else {}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.method == "cubic" and dims != 2:
            yield "method", f"cubic interpolation exists in 2D only, this network is {dims}D", "Use linear."

    def wire(self, x: Signal, channels: int) -> Signal:
        align_corners = self.align_corners and self.method != "nearest"
        return entered(x, channels).interpolate(self.factor, self.method, align_corners=align_corners)


class PixelShuffleUp(Up):
    """A convolution to stride-many times the channels, which become samples (sub-pixel convolution).

    `{kernel: 1, bias: false, norm: layer}` is the patch expanding of Swin-Unet.
    """

    source = "Shi et al., 2016, arXiv:1609.05158"
    kernel: PerAxis = 3
    """Samples that the convolution covers."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: OwnNorm = NoNorm()
    """Norm after it; none unless given."""
    act: OwnAct = Identity()
    """Activation after it; none unless given."""

    def idle(self) -> dict[str, str]:
        reasons = one_sample(self.kernel, "same")
        return {field: reason for field, reason in reasons.items() if field == "padding_mode"}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, "same")

    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        x = x.conv(channels * volume(stride), self.kernel, padding_mode=self.padding_mode, bias=self.bias)
        return x.pixel_shuffle(stride).norm(self.norm).act(self.act)


class NoUp(Up):
    """Stays on the coarser level, where the skip leads up itself, as `unpool` does."""

    example = {"channels": [16, 16], "up": {"type": "none"}, "skip": "unpool"}

    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        return x
