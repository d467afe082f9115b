"""RegNet X and Y, as in torchvision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from unetkit.block import Block
from unetkit.encoders.units import Convolved, Style, Unit, UnitEncoder, Window, conv_norm_act, excited
from unetkit.signal import Signal

_STYLE = Style()
_STEM = 32
"""The channels of the first convolution."""


class _Stages(NamedTuple):
    """Blocks and channels of each stage, and channels of a group."""

    blocks: tuple[int, int, int, int]
    channels: tuple[int, int, int, int]
    group: int


class RegNetBlock(Block):
    """A 1×1 convolution, one in groups, squeeze and excitation, and a 1×1 one, beside a shortcut."""

    window: Window
    squeezed: int = 0
    """The channels between squeeze and excitation; 0: neither."""

    def wire(self, x: Signal, channels: int) -> Signal:
        with x.scope("f.a"):
            y = conv_norm_act(x, channels, Window(1), _STYLE)
        with x.scope("f.b"):
            y = conv_norm_act(y, channels, self.window, _STYLE)
        if self.squeezed:
            with x.scope("f.se"):
                y = excited(y, self.squeezed, _STYLE)
        with x.scope("f.c"):
            y = conv_norm_act(y, channels, Window(1), _STYLE, act=False)
        if self.window.stride > 1 or x.channels != channels:
            with x.scope("proj"):
                x = conv_norm_act(x, channels, Window(1, self.window.stride), _STYLE, act=False)
        return x.add(y).activation(_STYLE.act)


class RegNet(UnitEncoder):
    """The base of RegNets: each stage is a level. The numbers are those that the rule of the paper gives."""

    source = "Radosavovic et al., 2020, arXiv:2003.13678"
    classifier = ("fc.",)
    stages: ClassVar[_Stages]
    excited: ClassVar[bool] = False
    """Whether blocks have squeeze and excitation, with a quarter of the channels before the block."""

    @property
    def units(self) -> Iterator[Unit]:
        yield Unit("stem", Convolved(window=Window(3, 2), style=_STYLE), _STEM, 1)
        before = _STEM
        stages = zip(self.stages.blocks, self.stages.channels, strict=True)
        for stage, (blocks, channels) in enumerate(stages, 1):
            groups = channels // min(self.stages.group, channels)
            for index in range(blocks):
                window = Window(3, 1 if index else 2, groups)
                block = RegNetBlock(window=window, squeezed=round(before / 4) if self.excited else 0)
                yield Unit(f"trunk_output.block{stage}.block{stage}_{index}", block, channels, stage + 1)
                before = channels

    def published_name(self, name: str) -> str:
        return re.sub(r"(block\d)_(\d+)", r"\1-\2", name)


class RegNetY(RegNet):
    """The base of RegNets with squeeze and excitation."""

    excited = True


class RegNetX400MF(RegNet):
    """RegNetX-400MF."""

    stages = _Stages((1, 2, 7, 12), (32, 64, 160, 400), 16)
    published = {"IMAGENET1K_V1": "regnet_x_400mf-adf1edd5.pth", "IMAGENET1K_V2": "regnet_x_400mf-62229a5f.pth"}


class RegNetX800MF(RegNet):
    """RegNetX-800MF."""

    stages = _Stages((1, 3, 7, 5), (64, 128, 288, 672), 16)
    published = {"IMAGENET1K_V1": "regnet_x_800mf-ad17e45c.pth", "IMAGENET1K_V2": "regnet_x_800mf-94a99ebd.pth"}


class RegNetX1600MF(RegNet):
    """RegNetX-1.6GF."""

    stages = _Stages((2, 4, 10, 2), (72, 168, 408, 912), 24)
    published = {"IMAGENET1K_V1": "regnet_x_1_6gf-e3633e7f.pth", "IMAGENET1K_V2": "regnet_x_1_6gf-a12f2b72.pth"}


class RegNetX3200MF(RegNet):
    """RegNetX-3.2GF."""

    stages = _Stages((2, 6, 15, 2), (96, 192, 432, 1008), 48)
    published = {"IMAGENET1K_V1": "regnet_x_3_2gf-f342aeae.pth", "IMAGENET1K_V2": "regnet_x_3_2gf-7071aa85.pth"}


class RegNetX8GF(RegNet):
    """RegNetX-8GF."""

    stages = _Stages((2, 5, 15, 1), (80, 240, 720, 1920), 120)
    published = {"IMAGENET1K_V1": "regnet_x_8gf-03ceed89.pth", "IMAGENET1K_V2": "regnet_x_8gf-2b70d774.pth"}


class RegNetX16GF(RegNet):
    """RegNetX-16GF."""

    stages = _Stages((2, 6, 13, 1), (256, 512, 896, 2048), 128)
    published = {"IMAGENET1K_V1": "regnet_x_16gf-2007eb11.pth", "IMAGENET1K_V2": "regnet_x_16gf-ba3796d7.pth"}


class RegNetX32GF(RegNet):
    """RegNetX-32GF."""

    stages = _Stages((2, 7, 13, 1), (336, 672, 1344, 2520), 168)
    published = {"IMAGENET1K_V1": "regnet_x_32gf-9d47f8d0.pth", "IMAGENET1K_V2": "regnet_x_32gf-6eb8fdc6.pth"}


class RegNetY400MF(RegNetY):
    """RegNetY-400MF."""

    stages = _Stages((1, 3, 6, 6), (48, 104, 208, 440), 8)
    published = {"IMAGENET1K_V1": "regnet_y_400mf-c65dace8.pth", "IMAGENET1K_V2": "regnet_y_400mf-e6988f5f.pth"}


class RegNetY800MF(RegNetY):
    """RegNetY-800MF."""

    stages = _Stages((1, 3, 8, 2), (64, 144, 320, 784), 16)
    published = {"IMAGENET1K_V1": "regnet_y_800mf-1b27b58c.pth", "IMAGENET1K_V2": "regnet_y_800mf-58fc7688.pth"}


class RegNetY1600MF(RegNetY):
    """RegNetY-1.6GF."""

    stages = _Stages((2, 6, 17, 2), (48, 120, 336, 888), 24)
    published = {"IMAGENET1K_V1": "regnet_y_1_6gf-b11a554e.pth", "IMAGENET1K_V2": "regnet_y_1_6gf-0d7bc02a.pth"}


class RegNetY3200MF(RegNetY):
    """RegNetY-3.2GF."""

    stages = _Stages((2, 5, 13, 1), (72, 216, 576, 1512), 24)
    published = {"IMAGENET1K_V1": "regnet_y_3_2gf-b5a9779c.pth", "IMAGENET1K_V2": "regnet_y_3_2gf-9180c971.pth"}


class RegNetY8GF(RegNetY):
    """RegNetY-8GF."""

    stages = _Stages((2, 4, 10, 1), (224, 448, 896, 2016), 56)
    published = {"IMAGENET1K_V1": "regnet_y_8gf-d0d0e4a8.pth", "IMAGENET1K_V2": "regnet_y_8gf-dc2b1b54.pth"}


class RegNetY16GF(RegNetY):
    """RegNetY-16GF."""

    stages = _Stages((2, 4, 11, 1), (224, 448, 1232, 3024), 112)
    published = {
        "IMAGENET1K_V1": "regnet_y_16gf-9e6ed7dd.pth",
        "IMAGENET1K_V2": "regnet_y_16gf-3e4a00f9.pth",
        "IMAGENET1K_SWAG_E2E_V1": "regnet_y_16gf_swag-43afe44d.pth",
        "IMAGENET1K_SWAG_LINEAR_V1": "regnet_y_16gf_lc_swag-f3ec0043.pth",
    }


class RegNetY32GF(RegNetY):
    """RegNetY-32GF."""

    stages = _Stages((2, 5, 12, 1), (232, 696, 1392, 3712), 232)
    published = {
        "IMAGENET1K_V1": "regnet_y_32gf-4dee3f7a.pth",
        "IMAGENET1K_V2": "regnet_y_32gf-8db6d4b5.pth",
        "IMAGENET1K_SWAG_E2E_V1": "regnet_y_32gf_swag-04fdfa75.pth",
        "IMAGENET1K_SWAG_LINEAR_V1": "regnet_y_32gf_lc_swag-e1583746.pth",
    }


class RegNetY128GF(RegNetY):
    """RegNetY-128GF."""

    stages = _Stages((2, 7, 17, 1), (528, 1056, 2904, 7392), 264)
    published = {
        "IMAGENET1K_SWAG_E2E_V1": "regnet_y_128gf_swag-c8ce3e52.pth",
        "IMAGENET1K_SWAG_LINEAR_V1": "regnet_y_128gf_lc_swag-cbe8ce12.pth",
    }
