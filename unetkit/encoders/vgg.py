"""VGG, with and without batch normalisation, as in torchvision."""

from __future__ import annotations

from typing import ClassVar

from unetkit.encoder import Encoder, EncoderLevel
from unetkit.encoders.layers import BATCH_NORM
from unetkit.signal import Signal

_CHANNELS = (64, 128, 256, 512, 512)


class VGG(Encoder):
    """The base of VGG: 3×3 convolutions, and a max pooling before each level but the first.

    Level 5 is the last pooling alone: `levels: 5` leaves it out.
    """

    source = "Simonyan & Zisserman, 2015, arXiv:1409.1556"
    classifier = ("classifier.",)
    convs: ClassVar[tuple[int, int, int, int, int]]
    """Convolutions of each level."""
    norm: ClassVar[bool] = False
    """Whether a batch norm follows each convolution."""

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        return tuple(EncoderLevel(channels, 1 << level) for level, channels in enumerate((*_CHANNELS, 512)))

    def wire(self, x: Signal, level: int) -> Signal:
        if level:
            x = x.max_pool(2)
        if level == len(self.convs):
            return x
        with x.scope("features"):
            number = self.first_number(level)
            for _ in range(self.convs[level]):
                x = x.conv(_CHANNELS[level], 3, bias=True, name=str(number))
                x = x.apply(BATCH_NORM, name=str(number + 1)) if self.norm else x
                x = x.activation("ReLU")
                number += 2 + self.norm
        return x

    def first_number(self, level: int) -> int:
        """The number of the first layer of a level among all layers of the network."""
        return sum(self.convs[:level]) * (2 + self.norm) + level


class VGG11(VGG):
    """VGG-11, configuration A."""

    convs = (1, 1, 2, 2, 2)
    published = {"IMAGENET1K_V1": "vgg11-8a719046.pth"}


class VGG13(VGG):
    """VGG-13, configuration B."""

    convs = (2, 2, 2, 2, 2)
    published = {"IMAGENET1K_V1": "vgg13-19584684.pth"}


class VGG16(VGG):
    """VGG-16, configuration D."""

    convs = (2, 2, 3, 3, 3)
    published = {"IMAGENET1K_V1": "vgg16-397923af.pth", "IMAGENET1K_FEATURES": "vgg16_features-amdegroot-88682ab5.pth"}


class VGG19(VGG):
    """VGG-19, configuration E."""

    convs = (2, 2, 4, 4, 4)
    published = {"IMAGENET1K_V1": "vgg19-dcbb9e9d.pth"}


class BatchNormVGG11(VGG11):
    """VGG-11 with batch norms."""

    norm = True
    published = {"IMAGENET1K_V1": "vgg11_bn-6002323d.pth"}


class BatchNormVGG13(VGG13):
    """VGG-13 with batch norms."""

    norm = True
    published = {"IMAGENET1K_V1": "vgg13_bn-abd245e5.pth"}


class BatchNormVGG16(VGG16):
    """VGG-16 with batch norms."""

    norm = True
    published = {"IMAGENET1K_V1": "vgg16_bn-6c64b313.pth"}


class BatchNormVGG19(VGG19):
    """VGG-19 with batch norms."""

    norm = True
    published = {"IMAGENET1K_V1": "vgg19_bn-c79401a0.pth"}
