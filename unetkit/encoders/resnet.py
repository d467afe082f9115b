"""ResNet and its relatives ResNeXt and Wide ResNet, as in torchvision."""

from __future__ import annotations

from typing import ClassVar

from unetkit.block import Block
from unetkit.encoder import Encoder, EncoderLevel
from unetkit.encoders.layers import conv_norm
from unetkit.signal import Signal

_WIDTHS = (64, 128, 256, 512)
"""The channels of the 3×3 convolutions of each stage."""
_EXPANSION = 4
"""By how much a bottleneck block multiplies them."""


class BasicBlock(Block):
    """Two 3×3 convolutions beside a shortcut."""

    stride: int = 1

    def wire(self, x: Signal, channels: int) -> Signal:
        y = conv_norm(x, channels, 3, stride=self.stride, names=("conv1", "bn1")).activation("ReLU")
        y = conv_norm(y, channels, 3, names=("conv2", "bn2"))
        return y.add(_shortcut(x, channels, self.stride)).activation("ReLU")


class BottleneckBlock(Block):
    """A 1×1 convolution to `width` channels, a 3×3 one with the stride, and a 1×1 one, beside a shortcut."""

    stride: int = 1
    width: int
    groups: int = 1

    def wire(self, x: Signal, channels: int) -> Signal:
        y = conv_norm(x, self.width, 1, names=("conv1", "bn1")).activation("ReLU")
        y = conv_norm(y, self.width, 3, stride=self.stride, groups=self.groups, names=("conv2", "bn2"))
        y = conv_norm(y.activation("ReLU"), channels, 1, names=("conv3", "bn3"))
        return y.add(_shortcut(x, channels, self.stride)).activation("ReLU")


def _shortcut(x: Signal, channels: int, stride: int) -> Signal:
    """Returns x in the channels and the size of the output of a block."""
    if stride == 1 and x.channels == channels:
        return x
    with x.scope("downsample"):
        return conv_norm(x, channels, 1, stride=stride, names=("0", "1"))


class ResNet(Encoder):
    """The base of residual networks: a stem at level 1, then stages of blocks, of which the first moves by 2."""

    source = "He et al., 2016, arXiv:1512.03385"
    classifier = ("fc.",)
    blocks: ClassVar[tuple[int, int, int, int]]
    """Blocks of each stage."""

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        stages = (EncoderLevel(self.out_width(stage), 4 << stage) for stage in range(4))
        return (EncoderLevel(0, 1), EncoderLevel(64, 2), *stages)

    def wire(self, x: Signal, level: int) -> Signal:
        if level == 1:
            return conv_norm(x, 64, 7, stride=2, names=("conv1", "bn1")).activation("ReLU")
        stage = level - 2
        if stage == 0:
            x = x.max_pool(3, stride=2, padding=1)
        for number in range(self.blocks[stage]):
            block = self.block(stage, 2 if stage and not number else 1)
            x = x.place(f"layer{1 + stage}.{number}", block, channels=self.out_width(stage))
        return x

    def out_width(self, stage: int) -> int:
        """The channels of the output of a stage."""
        return _WIDTHS[stage]

    def block(self, stage: int, stride: int) -> Block:
        """A block of a stage."""
        return BasicBlock(stride=stride)


class DeepResNet(ResNet):
    """The base of residual networks of bottleneck blocks."""

    groups: ClassVar[int] = 1
    width: ClassVar[int] = 64
    """Channels of the 3×3 convolutions of the first stage, per group."""

    def out_width(self, stage: int) -> int:
        return _EXPANSION * _WIDTHS[stage]

    def block(self, stage: int, stride: int) -> Block:
        width = _WIDTHS[stage] * self.width // 64 * self.groups
        return BottleneckBlock(stride=stride, width=width, groups=self.groups)


class ResNet18(ResNet):
    """ResNet-18."""

    blocks = (2, 2, 2, 2)
    published = {"IMAGENET1K_V1": "resnet18-f37072fd.pth"}


class ResNet34(ResNet):
    """ResNet-34."""

    blocks = (3, 4, 6, 3)
    published = {"IMAGENET1K_V1": "resnet34-b627a593.pth"}


class ResNet50(DeepResNet):
    """ResNet-50."""

    blocks = (3, 4, 6, 3)
    published = {"IMAGENET1K_V1": "resnet50-0676ba61.pth", "IMAGENET1K_V2": "resnet50-11ad3fa6.pth"}


class ResNet101(DeepResNet):
    """ResNet-101."""

    blocks = (3, 4, 23, 3)
    published = {"IMAGENET1K_V1": "resnet101-63fe2227.pth", "IMAGENET1K_V2": "resnet101-cd907fc2.pth"}


class ResNet152(DeepResNet):
    """ResNet-152."""

    blocks = (3, 8, 36, 3)
    published = {"IMAGENET1K_V1": "resnet152-394f9c45.pth", "IMAGENET1K_V2": "resnet152-f82ba261.pth"}


class ResNeXt50(DeepResNet):
    """ResNeXt-50, 32 groups of 4 channels."""

    source = "Xie et al., 2017, arXiv:1611.05431"
    blocks = (3, 4, 6, 3)
    groups, width = 32, 4
    published = {"IMAGENET1K_V1": "resnext50_32x4d-7cdf4587.pth", "IMAGENET1K_V2": "resnext50_32x4d-1a0047aa.pth"}


class ResNeXt101(DeepResNet):
    """ResNeXt-101, 32 groups of 8 channels."""

    source = ResNeXt50.source
    blocks = (3, 4, 23, 3)
    groups, width = 32, 8
    published = {"IMAGENET1K_V1": "resnext101_32x8d-8ba56ff5.pth", "IMAGENET1K_V2": "resnext101_32x8d-110c445d.pth"}


class ResNeXt101Wide(DeepResNet):
    """ResNeXt-101, 64 groups of 4 channels."""

    source = ResNeXt50.source
    blocks = (3, 4, 23, 3)
    groups, width = 64, 4
    published = {"IMAGENET1K_V1": "resnext101_64x4d-173b62eb.pth"}


class WideResNet50(DeepResNet):
    """Wide ResNet-50-2: ResNet-50 with twice the channels in its 3×3 convolutions."""

    source = "Zagoruyko & Komodakis, 2016, arXiv:1605.07146"
    blocks = (3, 4, 6, 3)
    width = 128
    published = {"IMAGENET1K_V1": "wide_resnet50_2-95faca4d.pth", "IMAGENET1K_V2": "wide_resnet50_2-9ba9bcbe.pth"}


class WideResNet101(DeepResNet):
    """Wide ResNet-101-2: ResNet-101 with twice the channels in its 3×3 convolutions."""

    source = WideResNet50.source
    blocks = (3, 4, 23, 3)
    width = 128
    published = {"IMAGENET1K_V1": "wide_resnet101_2-32ee1156.pth", "IMAGENET1K_V2": "wide_resnet101_2-d733dc28.pth"}
