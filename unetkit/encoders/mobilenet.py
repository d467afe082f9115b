"""MobileNetV2 and MobileNetV3, as in torchvision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from unetkit.block import Block
from unetkit.encoders.layers import conv_norm
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

_RELU6 = Style("ReLU6")
_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and first stride of each stage of MobileNetV2."""


class LinearBottleneck(Block):
    """A 1×1 convolution to more channels, a depthwise one, and a 1×1 one without activation, beside a shortcut."""

    expansion: int
    stride: int

    def wire(self, x: Signal, channels: int) -> Signal:
        y, number, inner = x, 0, x.channels * self.expansion
        if self.expansion > 1:
            with x.scope("conv.0"):
                y = conv_norm_act(y, inner, Window(1), _RELU6)
            number = 1
        with x.scope(f"conv.{number}"):
            y = conv_norm_act(y, inner, Window(3, self.stride, inner), _RELU6)
        with x.scope("conv"):
            y = conv_norm(y, channels, 1, names=(str(number + 1), str(number + 2)))
        return beside(x, y, self.stride)


class MobileNetV2(UnitEncoder):
    """MobileNetV2. The map of a level is that of the last block at its resolution; a 1×1 convolution ends level 5."""

    source = "Sandler et al., 2018, arXiv:1801.04381"
    classifier = ("classifier.",)
    published = {"IMAGENET1K_V1": "mobilenet_v2-b0353104.pth", "IMAGENET1K_V2": "mobilenet_v2-7ebf99e0.pth"}

    @property
    def units(self) -> Iterator[Unit]:
        level, number = 1, 1
        yield Unit("features.0", Convolved(window=Window(3, 2), style=_RELU6), 32, level)
        for expansion, channels, blocks, first in _V2:
            for index in range(blocks):
                stride = 1 if index else first
                level += stride > 1
                yield Unit(f"features.{number}", LinearBottleneck(expansion=expansion, stride=stride), channels, level)
                number += 1
        yield Unit(f"features.{number}", Convolved(window=Window(1), style=_RELU6), 1280, level)


class _Row(NamedTuple):
    """A block of MobileNetV3: a row of its table in the paper."""

    kernel: int
    inner: int
    channels: int
    excited: bool
    act: str
    stride: int = 1


class MobileNetV3(UnitEncoder):
    """The base of MobileNetV3. The map of a level is that of the last block at its resolution.

    A 1×1 convolution to six times the channels ends level 5.
    """

    source = "Howard et al., 2019, arXiv:1905.02244"
    classifier = ("classifier.",)
    rows: ClassVar[tuple[_Row, ...]]

    @property
    def units(self) -> Iterator[Unit]:
        level = 1
        yield Unit("features.0", Convolved(window=Window(3, 2), style=_style("Hardswish")), 16, level)
        for number, row in enumerate(self.rows, 1):
            level += row.stride > 1
            squeezed = divisible(row.inner // 4) if row.excited else 0
            window, style = Window(row.kernel, row.stride), _style(row.act)
            block = InvertedResidual(inner=row.inner, window=window, squeezed=squeezed, style=style)
            yield Unit(f"features.{number}", block, row.channels, level)
        last = Convolved(window=Window(1), style=_style("Hardswish"))
        yield Unit(f"features.{len(self.rows) + 1}", last, 6 * self.rows[-1].channels, level)


def _style(act: str) -> Style:
    """The norms and activations of a block of MobileNetV3."""
    return Style(act, 1e-3, 0.01, "ReLU", "Hardsigmoid")


class MobileNetV3Large(MobileNetV3):
    """MobileNetV3-Large."""

    rows = (
        _Row(3, 16, 16, False, "ReLU"),
        _Row(3, 64, 24, False, "ReLU", 2),
        _Row(3, 72, 24, False, "ReLU"),
        _Row(5, 72, 40, True, "ReLU", 2),
        _Row(5, 120, 40, True, "ReLU"),
        _Row(5, 120, 40, True, "ReLU"),
        _Row(3, 240, 80, False, "Hardswish", 2),
        _Row(3, 200, 80, False, "Hardswish"),
        _Row(3, 184, 80, False, "Hardswish"),
        _Row(3, 184, 80, False, "Hardswish"),
        _Row(3, 480, 112, True, "Hardswish"),
        _Row(3, 672, 112, True, "Hardswish"),
        _Row(5, 672, 160, True, "Hardswish", 2),
        _Row(5, 960, 160, True, "Hardswish"),
        _Row(5, 960, 160, True, "Hardswish"),
    )
    published = {
        "IMAGENET1K_V1": "mobilenet_v3_large-8738ca79.pth",
        "IMAGENET1K_V2": "mobilenet_v3_large-5c1a4163.pth",
    }


class MobileNetV3Small(MobileNetV3):
    """MobileNetV3-Small."""

    rows = (
        _Row(3, 16, 16, True, "ReLU", 2),
        _Row(3, 72, 24, False, "ReLU", 2),
        _Row(3, 88, 24, False, "ReLU"),
        _Row(5, 96, 40, True, "Hardswish", 2),
        _Row(5, 240, 40, True, "Hardswish"),
        _Row(5, 240, 40, True, "Hardswish"),
        _Row(5, 120, 48, True, "Hardswish"),
        _Row(5, 144, 48, True, "Hardswish"),
        _Row(5, 288, 96, True, "Hardswish", 2),
        _Row(5, 576, 96, True, "Hardswish"),
        _Row(5, 576, 96, True, "Hardswish"),
    )
    published = {"IMAGENET1K_V1": "mobilenet_v3_small-047dcff4.pth"}
