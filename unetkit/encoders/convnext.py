"""ConvNeXt, as in torchvision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.block import Block
from unetkit.encoders.layers import layer_norm
from unetkit.encoders.units import StagedEncoder
from unetkit.signal import Signal

if TYPE_CHECKING:
    from torch import Tensor

_NORM = layer_norm(1e-6)


class Patches(Block):
    """A convolution without overlap, and a norm."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, 4, stride=4, padding="valid", bias=True, name="0")
        return x.apply(_NORM, name="1")


class Halving(Block):
    """A norm, and a convolution without overlap."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.apply(_NORM, name="0")
        return x.conv(channels, 2, stride=2, padding="valid", bias=True, name="1")


class ScaledBlock(Block):
    """A depthwise convolution, norm, two 1×1 convolutions around an activation and a scale, beside a shortcut."""

    drop: float
    """The share of images for which the shortcut alone is left in training."""

    def wire(self, x: Signal, channels: int) -> Signal:
        with x.scope("block"):
            y = x.conv(channels, 7, groups=channels, bias=True, name="0").apply(_NORM, name="2")
            y = y.conv(4 * channels, 1, bias=True, name="3").activation("GELU").conv(channels, 1, bias=True, name="5")
        return y.channel_scale(1e-6, name="layer_scale").stochastic_depth(self.drop).add(x)


class ConvNeXt(StagedEncoder):
    """The base of ConvNeXts."""

    source = "Liu et al., 2022, arXiv:2201.03545"
    classifier = ("classifier.",)
    blocks = (3, 3, 27, 3)

    def first(self, stage: int) -> Block:
        return Halving() if stage else Patches()

    def block(self, index: int, drop: float) -> Block:
        return ScaledBlock(drop=drop)

    def published_name(self, name: str) -> str:
        return name.removesuffix(".weight") if name.endswith("layer_scale.weight") else name

    def arranged(self, name: str, tensor: Tensor) -> Tensor:
        return tensor.flatten() if name.endswith("layer_scale.weight") else tensor


class ConvNeXtTiny(ConvNeXt):
    """ConvNeXt-T."""

    blocks = (3, 3, 9, 3)
    width = 96
    drop = 0.1
    published = {"IMAGENET1K_V1": "convnext_tiny-983f1562.pth"}


class ConvNeXtSmall(ConvNeXt):
    """ConvNeXt-S."""

    width = 96
    drop = 0.4
    published = {"IMAGENET1K_V1": "convnext_small-0c510722.pth"}


class ConvNeXtBase(ConvNeXt):
    """ConvNeXt-B."""

    width = 128
    drop = 0.5
    published = {"IMAGENET1K_V1": "convnext_base-6075fbad.pth"}


class ConvNeXtLarge(ConvNeXt):
    """ConvNeXt-L."""

    width = 192
    drop = 0.5
    published = {"IMAGENET1K_V1": "convnext_large-ea097f82.pth"}
