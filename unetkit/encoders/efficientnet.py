"""EfficientNet and EfficientNetV2, as in torchvision and in segmentation_models_pytorch."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import ClassVar, Literal, NamedTuple

from unetkit.block import Block
from unetkit.encoders.units import (
    Convolved,
    InvertedResidual,
    Style,
    Unit,
    UnitEncoder,
    Window,
    beside,
    conv_norm_act,
    divisible,
)
from unetkit.signal import Signal

_DROP = 0.2
"""The share of images for which the last block is left out in training; before it the share grows from 0."""


class _Stage(NamedTuple):
    """Blocks of one kind, of which the first moves by the stride."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    blocks: int
    fused: bool = False
    """Whether one convolution takes the place of the 1×1 and the depthwise one."""


_B0 = (
    _Stage(1, 3, 1, 16, 1),
    _Stage(6, 3, 2, 24, 2),
    _Stage(6, 5, 2, 40, 2),
    _Stage(6, 3, 2, 80, 3),
    _Stage(6, 5, 1, 112, 3),
    _Stage(6, 5, 2, 192, 4),
    _Stage(6, 3, 1, 320, 1),
)
"""The stages of EfficientNet-B0, of which the others have more channels and blocks."""


class FusedResidual(Block):
    """A convolution to more channels and a 1×1 one, beside a shortcut; one convolution where they do not grow."""

    inner: int
    """The channels between the convolutions."""
    window: Window
    style: Style
    drop: float = 0.0
    """The share of images for which the shortcut alone is left in training."""

    def wire(self, x: Signal, channels: int) -> Signal:
        grows = self.inner != x.channels
        with x.scope("block.0"):
            y = conv_norm_act(x, self.inner if grows else channels, self.window, self.style)
        if grows:
            with x.scope("block.1"):
                y = conv_norm_act(y, channels, Window(1), self.style, act=False)
        return beside(x, y, self.window.stride, self.drop)


class EfficientNet(UnitEncoder):
    """The base of EfficientNets. The map of a level is that of the last block at its resolution.

    The 1×1 convolution after the last block belongs to the classifier.
    """

    source = "Tan & Le, 2019, arXiv:1905.11946"
    stem: ClassVar[int] = 32
    """The channels of the first convolution."""
    stages: ClassVar[tuple[_Stage, ...]] = _B0

    @property
    def style(self) -> Style:
        """The norms and activations."""
        raise NotImplementedError

    @property
    def units(self) -> Iterator[Unit]:
        done, level, total, before = 0, 1, sum(stage.blocks for stage in self.stages), self.stem
        yield Unit("features.0", Convolved(window=self.window(3, 2, 0), style=self.style), self.stem, level)
        for number, stage in enumerate(self.stages, 1):
            for index in range(stage.blocks):
                window = self.window(stage.kernel, 1 if index else stage.stride, level)
                level += window.stride > 1
                block = self.block(stage, before, window, _DROP * done / total)
                yield Unit(f"features.{number}.{index}", block, stage.channels, self.level_of(number, index, level))
                before, done = stage.channels, done + 1

    def block(self, stage: _Stage, before: int, window: Window, drop: float) -> Block:
        """A block of a stage, for a map of `before` channels."""
        inner = before * stage.expansion
        if stage.fused:
            return FusedResidual(inner=inner, window=window, style=self.style, drop=drop)
        squeezed = max(1, before // 4)
        return InvertedResidual(inner=inner, window=window, squeezed=squeezed, style=self.style, drop=drop)

    def window(self, kernel: int, stride: int, level: int) -> Window:
        """The window of a convolution that reads a map of the resolution of a level."""
        return Window(kernel, stride)

    def level_of(self, stage: int, index: int, level: int) -> int:
        """The level of block `index` of a stage, whose output has the resolution of `level`."""
        return level


class ScaledEfficientNet(EfficientNet):
    """The base of EfficientNet B0 to B7: B0 with more channels and blocks."""

    classifier = ("features.8.", "classifier.")
    size: ClassVar[int]
    """The size of the images on which TensorFlow's weights were trained."""
    tensorflow: ClassVar[bool] = False
    """Whether torchvision's norms too are those of TensorFlow."""

    layout: Literal["torchvision", "smp"] = "torchvision"
    """Whose network it is: torchvision's, or that of segmentation_models_pytorch, with weights of TensorFlow.

    With `smp` convolutions with a stride have more zeros after a map than before it, norms add 0.001 to the variance,
    and the first level ends before the first block.
    """

    @property
    def style(self) -> Style:
        numbers = (1e-3, 0.01) if self.tensorflow or self.layout == "smp" else (1e-5, 0.1)
        return Style("SiLU", *numbers, "SiLU")

    def window(self, kernel: int, stride: int, level: int) -> Window:
        if self.layout == "torchvision" or stride == 1:
            return Window(kernel, stride)
        size = -(-self.size >> level)  # rounded up
        missing = max(0, (ceil(size / stride) - 1) * stride + kernel - size)
        return Window(kernel, stride, pads=(missing // 2, missing - missing // 2))

    def level_of(self, stage: int, index: int, level: int) -> int:
        return max(2, level) if self.layout == "smp" else level


def _scaled(width: float, depth: float) -> tuple[_Stage, ...]:
    """The stages of an EfficientNet with so many times the channels and blocks of B0."""
    return tuple(
        stage._replace(channels=divisible(stage.channels * width), blocks=ceil(stage.blocks * depth)) for stage in _B0
    )


class EfficientNetB0(ScaledEfficientNet):
    """EfficientNet-B0."""

    size = 224
    published = {"IMAGENET1K_V1": "efficientnet_b0_rwightman-7f5810bc.pth"}

    def level_of(self, stage: int, index: int, level: int) -> int:
        late = self.layout == "smp" and stage == 5 and index > 0
        return 5 if late else super().level_of(stage, index, level)


class EfficientNetB1(ScaledEfficientNet):
    """EfficientNet-B1."""

    size = 240
    stages = _scaled(1.0, 1.1)
    published = {
        "IMAGENET1K_V1": "efficientnet_b1_rwightman-bac287d4.pth",
        "IMAGENET1K_V2": "efficientnet_b1-c27df63c.pth",
    }


class EfficientNetB2(ScaledEfficientNet):
    """EfficientNet-B2."""

    size = 260
    stages = _scaled(1.1, 1.2)
    published = {"IMAGENET1K_V1": "efficientnet_b2_rwightman-c35c1473.pth"}


class EfficientNetB3(ScaledEfficientNet):
    """EfficientNet-B3."""

    size = 300
    stem = 40
    stages = _scaled(1.2, 1.4)
    published = {"IMAGENET1K_V1": "efficientnet_b3_rwightman-b3899882.pth"}


class EfficientNetB4(ScaledEfficientNet):
    """EfficientNet-B4."""

    size = 380
    stem = 48
    stages = _scaled(1.4, 1.8)
    published = {"IMAGENET1K_V1": "efficientnet_b4_rwightman-23ab8bcd.pth"}


class EfficientNetB5(ScaledEfficientNet):
    """EfficientNet-B5."""

    size = 456
    stem = 48
    stages = _scaled(1.6, 2.2)
    tensorflow = True
    published = {"IMAGENET1K_V1": "efficientnet_b5_lukemelas-1a07897c.pth"}


class EfficientNetB6(ScaledEfficientNet):
    """EfficientNet-B6."""

    size = 528
    stem = 56
    stages = _scaled(1.8, 2.6)
    tensorflow = True
    published = {"IMAGENET1K_V1": "efficientnet_b6_lukemelas-24a108a5.pth"}


class EfficientNetB7(ScaledEfficientNet):
    """EfficientNet-B7."""

    size = 600
    stem = 64
    stages = _scaled(2.0, 3.1)
    tensorflow = True
    published = {"IMAGENET1K_V1": "efficientnet_b7_lukemelas-c5b4e57e.pth"}


class EfficientNetV2(EfficientNet):
    """The base of EfficientNetV2, whose first stages have fused blocks."""

    source = "Tan & Le, 2021, arXiv:2104.00298"
    classifier = ("features.8.", "classifier.")

    @property
    def style(self) -> Style:
        return Style("SiLU", 1e-3, squeeze="SiLU")


class EfficientNetV2S(EfficientNetV2):
    """EfficientNetV2-S."""

    stem = 24
    stages = (
        _Stage(1, 3, 1, 24, 2, fused=True),
        _Stage(4, 3, 2, 48, 4, fused=True),
        _Stage(4, 3, 2, 64, 4, fused=True),
        _Stage(4, 3, 2, 128, 6),
        _Stage(6, 3, 1, 160, 9),
        _Stage(6, 3, 2, 256, 15),
    )
    classifier = ("features.7.", "classifier.")
    published = {"IMAGENET1K_V1": "efficientnet_v2_s-dd5fe13b.pth"}


class EfficientNetV2M(EfficientNetV2):
    """EfficientNetV2-M."""

    stem = 24
    stages = (
        _Stage(1, 3, 1, 24, 3, fused=True),
        _Stage(4, 3, 2, 48, 5, fused=True),
        _Stage(4, 3, 2, 80, 5, fused=True),
        _Stage(4, 3, 2, 160, 7),
        _Stage(6, 3, 1, 176, 14),
        _Stage(6, 3, 2, 304, 18),
        _Stage(6, 3, 1, 512, 5),
    )
    published = {"IMAGENET1K_V1": "efficientnet_v2_m-dc08266a.pth"}


class EfficientNetV2L(EfficientNetV2):
    """EfficientNetV2-L."""

    stages = (
        _Stage(1, 3, 1, 32, 4, fused=True),
        _Stage(4, 3, 2, 64, 7, fused=True),
        _Stage(4, 3, 2, 96, 7, fused=True),
        _Stage(4, 3, 2, 192, 10),
        _Stage(6, 3, 1, 224, 19),
        _Stage(6, 3, 2, 384, 25),
        _Stage(6, 3, 1, 640, 7),
    )
    published = {"IMAGENET1K_V1": "efficientnet_v2_l-59c71312.pth"}
