"""Shipped specs with few channels, to run quickly."""

from __future__ import annotations

from typing import Any

import torch

import unetkit
from unetkit.language import Spec

_TIME = ("inputs.time.width=32", "inputs.time.embed.0.channels=8")
NARROW: dict[str, list[str]] = {
    "resnet34-unet": ["encoder.levels=3", "decoder.channels=[4, 4]"],
    "resnet34-linknet": ["encoder.levels=3", "decoder.channels=[8, 64]"],
    "resnet34-manet": ["encoder.levels=4", "decoder.channels=[8, 32, 64]"],
    "resnet34-fpn": [
        "encoder.levels=4",
        "heads.level_5=null",
        "heads.level_4=null",
        "heads.output.at=[level_2, level_3]",
    ],
    "stable-diffusion-1": [
        *_TIME,
        "channels=[8, 16, 16, 16]",
        "norm.groups=4",
        "inputs.text={channels: 8, tokens: 5}",
        "define.attend.0.groups=4",
        "define.attend.2.heads=2",
    ],
    "double-u-net": ["encoder={type: vgg19, levels: 3}", "decoder.channels=[8, 8]", "bottleneck.block.0.channels=8"],
    "dc-unet": [],  # the channels of its branches add up to those of the level
    "ddpm-256": [*_TIME, "channels=[8, 16, 16, 16]", "norm.groups=4"],
    "ddpm-cifar10": [*_TIME, "channels=[8, 16, 16, 16]", "norm.groups=4"],
    "multiresunet": [],  # the channels of its branches add up to those of the level
    "fc-densenet-103": [
        "channels=[16, 26, 40, 60, 84, 30]",
        "decoder.channels=[34, 10, 14, 20, 24]",
        "levels.0.encoder.block.0.channels=8",
    ],
    "transunet": [
        "channels=[8, 8, 16, 16, 16]",
        "decoder.channels=[8, 8, 8, 8]",
        "encoder.norm.groups=4",
        "bottleneck.block.0.norm.groups=4",
        "bottleneck.block.3.head_channels=8",
        *(f"bottleneck.block.{item}.channels=16" for item in range(4)),
    ],
    "unetr": [
        "channels=[8, 8, 8, 8, 16]",
        "define.vit.head_channels=8",
        "topology.blocks=[1, 2, 1]",
        "bottleneck.down.1.size=2",
    ],
    "swin-unetr": [
        "channels=[8,8,16,32,64,128]",
        "decoder.channels=[8,8,16,32,64]",
        "levels.0.skip.0.channels=8",
        "define.swin.head_channels=8",
        "define.swin.window=2",  # of 7 samples they would take images of 224 samples per axis
    ],
    "resunet-a": [
        "channels=[8, 8, 8, 8, 16, 32, 64]",
        *(
            f"define.{pyramid}.0.branches.{number}.{item}={size}"  # their own need images of 512 samples
            for pyramid, sizes in (("pyramid", (2, 2, 2)), ("final_pyramid", (64, 32, 16, 8)))
            for number, size in enumerate(sizes, start=1)
            for item in ("0.stride", "1.factor")
        ),
    ],
    "v-net": ["channels=[16, 4, 4, 8, 8]", "decoder.channels=[32, 8, 8, 16]"],  # the image is repeated to 16 channels
    "mobilenet-v2-unet": ["encoder={type: mobilenet_v2, levels: 3}", "decoder.channels=[8, 8]"],
    "densenet121-unet": ["encoder={type: densenet121, levels: 3}", "decoder.channels=[8, 8]"],
    "efficientnet-b0-unet": ["encoder={type: efficientnet_b0, layout: smp, levels: 3}", "decoder.channels=[8, 8]"],
}
"""What makes shipped specs narrow whose channels cannot be divided one by one."""
_WIDTHS = frozenset(("channels", "base", "max", "mid_channels", "features", "width", "head_channels", "hidden"))
"""The parameters that are numbers of channels."""
_AS_THEY_ARE = frozenset(("inputs", "heads", "in_channels", "out_channels"))


LARGE = {"swin-unetr"}
"""Networks that take long even when they are narrow: 64 samples per axis in 3D at least."""


def narrow(name: str) -> Spec:
    """Returns a shipped spec with about a sixteenth of its channels: equal numbers stay equal, each a multiple of 8."""
    if name in NARROW:
        return unetkit.load(name, NARROW[name])
    return unetkit.load(_divided(unetkit.load(name).resolve()))


def vectors(spec: Spec, batch: int = 1) -> tuple[torch.Tensor, ...]:
    """Returns a vector for each that a network takes beside the image, as its graph takes them."""
    ones = (1,) * spec.dims
    return tuple(torch.linspace(0, 1, batch * count).reshape(batch, count, *ones) for count in spec.vectors.values())


def _divided(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {inner: one if inner in _AS_THEY_ARE else _divided(one, str(inner)) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_divided(one, key) for one in value]
    if key in _WIDTHS and isinstance(value, int) and not isinstance(value, bool):
        return value if value <= 8 else 8 * -(-value // 128)
    return value
