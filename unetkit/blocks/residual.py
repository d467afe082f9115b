"""Residual blocks: convolutions beside a shortcut, applied once or again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from unetkit.block import Count, PerAxis
from unetkit.blocks.condition import modulated
from unetkit.blocks.conv import SingleConv
from unetkit.blocks.fields import is_point, keeps_size, widths
from unetkit.blocks.norm import NoNorm
from unetkit.operations.operation import wiring_error
from unetkit.signal import Signal


class Shortcut(SingleConv):
    """The base of blocks of convolutions beside a shortcut, each with norm and activation in their order.

    Where the order ends with the activation, the last one comes after the sum. Dropout comes before each convolution
    but the first.
    """

    shortcut: Literal["conv", "conv3", "pool", "pad", "none"] = "conv"
    """How the input comes to the channels and the size of the output, where these differ.

    `conv`: a 1×1 convolution; `conv3`: a 3×3 one; `pool`: average pooling by the stride, then a 1×1 convolution where
    channels differ (He et al., 2019, arXiv:1812.01187); `pad`: every stride-th sample, and channels of zeros. `none`:
    there is no shortcut.
    """
    shortcut_norm: bool | Literal["auto"] = "auto"
    """Whether a norm follows the convolution of the shortcut; `auto`: where it follows the other convolutions."""

    def idle(self) -> dict[str, str]:
        reasons = super().idle()
        if self.shortcut in ("pad", "none"):
            reasons["shortcut_norm"] = f"shortcut: {self.shortcut} has no convolution"
        elif isinstance(self.norm, NoNorm):
            reasons["shortcut_norm"] = "there is no norm"
        return reasons

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from super().faults(dims)
        strided = max(widths(self.stride)) > 1
        if self.shortcut == "pool" and not strided:
            yield "shortcut", "shortcut: pool pools by the stride, which is 1", "Set a stride, or use shortcut: conv."
        if strided and self.padding == "valid" and self.shortcut != "none":
            yield (
                "stride",
                "with padding: valid the shortcut lies between the samples of a stride",
                "Use padding: same.",
            )

    @property
    def num_convs(self) -> int:
        """Convolutions beside the shortcut."""
        raise NotImplementedError

    def wire(self, x: Signal, channels: int) -> Signal:
        y, steps = x, self.steps
        for number in range(self.num_convs):
            ends = number == self.num_convs - 1 and steps[-1] == "act"
            for step in steps[:-1] if ends else steps:
                if step == "conv":
                    y = self.convolve_again(self.dropped(y) if number else y, channels, number)
                else:
                    y = self.finish(y, step)
        y = self.gated(y)
        if self.shortcut != "none":
            y = y.add(self.beside(x, y))
        return y.act(self.act) if steps[-1] == "act" else y

    def convolve_again(self, y: Signal, channels: int, number: int) -> Signal:
        """Returns y after convolution `number`; the first is 0."""
        raise NotImplementedError

    def beside(self, x: Signal, y: Signal) -> Signal:
        """Returns x in the channels and the size of y."""
        strided = max(widths(self.stride)) > 1
        match self.shortcut:
            case "pad":
                x = x.max_pool(1, stride=self.stride) if strided else x
                x = x.pad_channels(y.channels)
            case "pool":
                x = self.projected(x.avg_pool(self.stride) if strided else x, y, 1, 1)
            case "conv3" if strided or x.channels != y.channels:
                x = self.projected(x, y, 3, self.stride)
            case "conv" if strided or x.channels != y.channels:
                x = self.projected(x, y, 1, self.stride)
        return x.crop_to(y) if self.padding == "valid" and not is_point(self.kernel) else x

    def projected(self, x: Signal, y: Signal, kernel: int, stride: PerAxis) -> Signal:
        """Returns x after the convolution of the shortcut, unless it has the channels and the size of y."""
        if x.channels == y.channels and max(widths(stride)) == 1:
            return x
        mode = self.padding_mode if kernel > 1 else "zeros"
        x = x.conv(y.channels, kernel, stride=stride, padding_mode=mode, name="shortcut")
        follows = self.shortcut_norm
        if follows == "auto":
            follows = self.steps.index("norm") > self.steps.index("conv")
        return x.norm(self.norm) if follows else x


class Residual(Shortcut):
    """Convolutions beside a shortcut: an activation that ends the order comes after the sum."""

    source = "He et al., 2016, arXiv:1512.03385 (conv_norm_act) and arXiv:1603.05027 (norm_act_conv)"
    convs: Annotated[int, Field(ge=1, le=64)] = 2
    """Convolutions beside the shortcut; the first moves by the stride."""
    condition: str | None = None
    """A vector among the inputs, such as a time, by which the channels after the first convolution are changed."""
    modulation: Literal["shift", "scale_shift"] = "shift"
    """How: shifted (Ho et al., 2020, arXiv:2006.11239), or scaled and shifted (Dhariwal & Nichol, 2021)."""

    def idle(self) -> dict[str, str]:
        reasons = super().idle()
        if self.condition is None:
            reasons["modulation"] = "there is no condition"
        if self.convs == 1:
            reasons |= dict.fromkeys(("dropout", "dropout_kind"), "dropout comes before the second convolution")
        return reasons

    @property
    def num_convs(self) -> int:
        return self.convs

    def convolve_again(self, y: Signal, channels: int, number: int) -> Signal:
        if number:
            return self.convolve(y, channels)
        y = self.convolve(y, channels, self.stride)
        if self.condition is None:
            return y
        return modulated(y, y.condition(self.condition).act(self.act), scale=self.modulation == "scale_shift")


class Bottleneck(Shortcut):
    """Beside a shortcut a 1×1 convolution to fewer channels, a convolution, and a 1×1 one to those of the level."""

    source = "He et al., 2016, arXiv:1512.03385"
    reduction: Count = 4
    """By how much the channels are divided for the convolution in the middle, which moves by the stride."""

    @property
    def num_convs(self) -> int:
        return 3

    def convolve_again(self, y: Signal, channels: int, number: int) -> Signal:
        if channels % self.reduction:
            raise wiring_error(f"a reduction of {self.reduction} does not divide {channels} channels")
        inner = channels // self.reduction
        if number == 1:
            return self.convolve(y, inner, self.stride)
        return y.conv(channels if number else inner, 1, bias=self.bias)


class Recurrent(SingleConv):
    """A 1×1 convolution, and beside it convolutions that each read the sum of their input and their own last output.

    A convolution is applied `repeats` + 1 times with the same weights.
    """

    source = "Alom et al., 2018, arXiv:1802.06955 (R2U-Net)"
    convs: Annotated[int, Field(ge=1, le=64)] = 2
    """Convolutions, one after the other."""
    repeats: Annotated[int, Field(ge=0, le=64)] = 2
    """How often each convolution is applied again."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from super().faults(dims)
        yield from keeps_size(self.kernel, self.padding)

    def wire(self, x: Signal, channels: int) -> Signal:
        x = y = x.conv(channels, 1, stride=self.stride, bias=self.bias, name="project")
        for _ in range(self.convs):
            start = y
            y = once = self.stage(start, channels)
            for _ in range(self.repeats):
                y = once.reapply(start, start.add(y))
        return self.gated(x.add(y))
