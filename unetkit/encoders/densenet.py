"""DenseNet, as in torchvision."""

from __future__ import annotations

import re
from typing import ClassVar

from unetkit.block import Block
from unetkit.encoder import Encoder, EncoderLevel
from unetkit.encoders.layers import BATCH_NORM, conv_norm
from unetkit.signal import Signal

_WIDENING = 4
"""How many times the new channels the 1×1 convolution of a layer has."""


class DenseLayer(Block):
    """Norm, activation and 1×1 convolution, the same with a 3×3 one to `growth` channels; they follow the input's."""

    growth: int

    def wire(self, x: Signal, channels: int) -> Signal:
        y = x.apply(BATCH_NORM, name="norm1").activation("ReLU")
        y = conv_norm(y, _WIDENING * self.growth, 1, names=("conv1", "norm2")).activation("ReLU")
        return x.concat(y.conv(self.growth, 3, bias=False, name="conv2"))


class DenseNet(Encoder):
    """The base of DenseNets. The map of a level is that before the 1×1 convolution to the next one, activated.

    The last level ends with a norm.
    """

    source = "Huang et al., 2017, arXiv:1608.06993"
    classifier = ("classifier.",)
    layers: ClassVar[tuple[int, int, int, int]]
    """Layers of each dense block."""
    growth: ClassVar[int] = 32
    """Channels that a layer adds."""
    stem: ClassVar[int] = 64
    """Channels of the first convolution."""

    def level_name(self, name: str) -> str:
        return re.sub(r"(norm|conv)\.([12])\.", r"\1\2.", super().level_name(name))  # as in torchvision's older files

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        levels, channels = [EncoderLevel(0, 1), EncoderLevel(self.stem, 2)], self.stem
        for number, layers in enumerate(self.layers):
            channels = (channels // 2 if number else channels) + layers * self.growth
            levels.append(EncoderLevel(channels, 4 << number))
        return tuple(levels)

    def wire(self, x: Signal, level: int) -> Signal:
        if level == 1:
            with x.scope("features"):
                return conv_norm(x, self.stem, 7, stride=2, names=("conv0", "norm0")).activation("ReLU")
        number = level - 1  # of the dense block
        if number == 1:
            x = x.max_pool(3, stride=2, padding=1)
        else:
            with x.scope(f"features.transition{number - 1}"):
                x = x.conv(x.channels // 2, 1, bias=False, name="conv").avg_pool(2)
        for layer in range(1, self.layers[number - 1] + 1):
            name = f"features.denseblock{number}.denselayer{layer}"
            x = x.place(name, DenseLayer(growth=self.growth), channels=x.channels + self.growth)
        if number == len(self.layers):
            with x.scope("features"):
                return x.apply(BATCH_NORM, name="norm5")
        with x.scope(f"features.transition{number}"):
            return x.apply(BATCH_NORM, name="norm").activation("ReLU")


class DenseNet121(DenseNet):
    """DenseNet-121."""

    layers = (6, 12, 24, 16)
    published = {"IMAGENET1K_V1": "densenet121-a639ec97.pth"}


class DenseNet161(DenseNet):
    """DenseNet-161, whose layers add 48 channels."""

    layers = (6, 12, 36, 24)
    growth, stem = 48, 96
    published = {"IMAGENET1K_V1": "densenet161-8d451a50.pth"}


class DenseNet169(DenseNet):
    """DenseNet-169."""

    layers = (6, 12, 32, 32)
    published = {"IMAGENET1K_V1": "densenet169-b2777c0a.pth"}


class DenseNet201(DenseNet):
    """DenseNet-201."""

    layers = (6, 12, 48, 32)
    published = {"IMAGENET1K_V1": "densenet201-c1103571.pth"}
