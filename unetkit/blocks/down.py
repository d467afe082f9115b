"""Ways down: to the next, coarser level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Down, PerAxis
from unetkit.blocks.act import Identity
from unetkit.blocks.fields import Groups, OwnAct, OwnNorm, PaddingMode, group_count, one_sample, widths
from unetkit.blocks.norm import LayerNorm, NoNorm
from unetkit.operations.operation import per_axis
from unetkit.signal import Bias, Padding, Signal


class MaxPool(Down):
    """The largest value under each window; the window is the stride unless a kernel is given."""

    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"
    stride: PerAxis = 2
    """How many times coarser the next level is."""
    kernel: PerAxis | None = None
    """Samples under a window; the stride unless given."""
    padding: Padding = "valid"
    """`same` adds (kernel − 1) // 2 samples on each side."""

    def idle(self) -> dict[str, str]:
        kernel = self.kernel or self.stride
        if max(widths(kernel)) < 3:
            return {"padding": "a window of at most 2 samples has nothing to add on both sides"}
        return {}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from strides(self.stride)

    def window(self) -> tuple[PerAxis, PerAxis]:
        """The kernel and the padding on each side."""
        kernel = self.kernel or self.stride
        if self.padding == "valid":
            return kernel, 0
        padding = tuple((k - 1) // 2 for k in widths(kernel))
        return kernel, padding if len(padding) > 1 else padding[0]

    def wire(self, x: Signal, channels: int) -> Signal:
        kernel, padding = self.window()
        return x.max_pool(kernel, stride=self.stride, padding=padding)


class AvgPool(MaxPool):
    """The mean under each window; the window is the stride unless a kernel is given. Padded zeros count."""

    source = "LeCun et al., 1998"

    def wire(self, x: Signal, channels: int) -> Signal:
        kernel, padding = self.window()
        return x.avg_pool(kernel, stride=self.stride, padding=padding)


class StridedConv(Down):
    """A convolution that moves by the stride; it keeps the channels unless asked otherwise."""

    source = "Springenberg et al., 2015, arXiv:1412.6806"
    kernel: PerAxis = 3
    """Samples that the convolution covers."""
    stride: PerAxis = 2
    """How many times coarser the next level is."""
    padding: Padding | Literal["end"] = "same"
    """`same` adds (kernel − 1) // 2 samples on each side, `end` kernel − stride samples after the last one."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    keep_channels: bool = True
    """Keep the channels of the finer level, instead of going to those of the coarser one (Isensee et al., 2021)."""
    groups: Groups = 1
    """Groups of channels that are convolved apart; `depthwise`: each input channel by itself."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: OwnNorm = NoNorm()
    """Norm after it; none unless given."""
    act: OwnAct = Identity()
    """Activation after it; none unless given."""

    def idle(self) -> dict[str, str]:
        if max(widths(self.kernel)) == 2 and self.padding != "end":
            reason = "a kernel of at most 2 samples has nothing to add on both sides"
            return {"padding": reason, "padding_mode": reason}
        reasons = one_sample(self.kernel, self.padding)
        reasons.pop("dilation", None)
        return reasons

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from strides(self.stride)

    def wire(self, x: Signal, channels: int) -> Signal:
        channels = x.channels if self.keep_channels else channels
        if self.padding == "end":
            x = x.pad(0, _excess(self.kernel, self.stride, x.dims), self.padding_mode)
        x = x.conv(
            channels,
            self.kernel,
            stride=self.stride,
            padding="valid" if self.padding == "end" else self.padding,
            groups=group_count(self.groups, x),
            bias=self.bias,
            padding_mode="zeros" if self.padding == "end" else self.padding_mode,
        )
        return x.norm(self.norm).act(self.act)


class BlurPool(Down):
    """A binomial filter, then every stride-th sample, so that a shifted image gives a shifted map.

    With zeros outside the image. `pool: max` takes the largest of two neighbours first (max-blur-pool).
    """

    source = "Zhang, 2019, arXiv:1904.11486; max: as in N2V2, Höck et al., 2022, arXiv:2211.08512"
    stride: PerAxis = 2
    """How many times coarser the next level is."""
    kernel: Literal[3, 5, 7] = 3
    """Samples of the filter: 3 is [1, 2, 1] / 4."""
    pool: Literal["none", "max"] = "none"
    """Whether the largest of two neighbouring samples along each axis is taken before the filter."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from strides(self.stride)

    def wire(self, x: Signal, channels: int) -> Signal:
        stride = per_axis(self.stride, x.dims, "stride")
        if self.pool == "max":
            x = x.max_pool(tuple(2 if step > 1 else 1 for step in stride), stride=1)
        return x.blur_pool(tuple(self.kernel if step > 1 else 1 for step in stride), stride=stride)


class PatchMerging(Down):
    """The samples of each patch as channels, a norm, and a 1×1 convolution to the channels of the coarser level."""

    source = "Liu et al., 2021, arXiv:2103.14030 (Swin)"
    stride: PerAxis = 2
    """Samples of a patch along each axis; images must be multiples of it."""
    bias: bool = False
    """Whether the convolution has a bias."""
    norm: OwnNorm = LayerNorm()
    """Norm of the patches."""
    order: Literal["by_channel", "by_sample"] = "by_channel"
    """What stays together in a patch: the samples of each channel, or the channels of each sample, as in Swin."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from strides(self.stride)

    def wire(self, x: Signal, channels: int) -> Signal:
        return (
            x.pixel_unshuffle(self.stride, by_sample=self.order == "by_sample")
            .norm(self.norm)
            .conv(channels, 1, bias=self.bias)
        )


def strides(stride: PerAxis) -> Iterator[tuple[str, str, str]]:
    """Yields the fault of a way down that stays on its level."""
    if max(widths(stride)) == 1:
        yield "stride", "a stride of 1 does not lead to a coarser level", "Use at least 2 along one axis."


def _excess(kernel: PerAxis, stride: PerAxis, dims: int) -> tuple[int, ...]:
    """Per axis by how much the kernel exceeds the stride."""
    pairs = zip(per_axis(kernel, dims, "kernel"), per_axis(stride, dims, "stride"), strict=True)
    return tuple([max(0, wide - step) for wide, step in pairs])
