"""Swin Transformer, version 1 and 2, as in torchvision."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from unetkit.block import Block
from unetkit.encoders.layers import layer_norm
from unetkit.encoders.units import StagedEncoder
from unetkit.signal import Signal

if TYPE_CHECKING:
    from torch import Tensor

_NORM = layer_norm(1e-5)
_HEAD = 32
"""Channels of a head."""


class EmbeddedPatches(Block):
    """A convolution without overlap, and a norm."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, 4, stride=4, padding="valid", bias=True, name="0")
        return x.apply(_NORM, name="2")


class MergedPatches(Block):
    """Two samples along each axis become channels, of which a 1×1 convolution makes fewer; a norm before or after."""

    norm_last: bool

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.fill_up(2).pixel_unshuffle(2, by_sample=True)
        if self.norm_last:
            return x.conv(channels, 1, bias=False, name="reduction").apply(_NORM, name="norm")
        return x.apply(_NORM, name="norm").conv(channels, 1, bias=False, name="reduction")


class SwinBlock(Block):
    """Attention within windows beside a shortcut, then two 1×1 convolutions beside another; each with a norm.

    The norm comes first, and in version 2 last. A map is filled up with zeros to whole windows.
    """

    window: int
    shifted: bool
    """Whether windows are moved by half their size."""
    drop: float
    """The share of images for which a shortcut alone is left in training."""
    version: int

    def wire(self, x: Signal, channels: int) -> Signal:
        before, after = (False, True) if self.version == 2 else (True, False)
        y = x.apply(_NORM, name="norm1") if before else x
        y = self.attend(y)
        y = y.apply(_NORM, name="norm1") if after else y
        x = x.add(y.stochastic_depth(self.drop))
        y = x.apply(_NORM, name="norm2") if before else x
        with x.scope("mlp"):
            y = y.conv(4 * channels, 1, bias=True, name="0").activation("GELU").conv(channels, 1, bias=True, name="3")
        y = y.apply(_NORM, name="norm2") if after else y
        return x.add(y.stochastic_depth(self.drop))

    def attend(self, x: Signal) -> Signal:
        """Returns what each sample takes from the others of its window."""
        heads, shift = x.channels // _HEAD, self.window // 2 if self.shifted else 0
        with x.scope("attn"):
            y = x.fill_up(self.window).conv(3 * x.channels, 1, bias=True, name="qkv")
            if self.version == 2:
                y = y.attend_by_cosine(heads, self.window, shift=shift)
            else:
                y = y.attend_in_windows(heads, self.window, shift=shift, shift_lone=False)
            return y.conv(x.channels, 1, bias=True, name="proj").trim_to(x)


class Swin(StagedEncoder):
    """The base of Swin Transformers; the norm of the last map belongs to the classifier."""

    source = "Liu et al., 2021, arXiv:2103.14030"
    classifier = ("norm.", "head.")
    blocks = (2, 2, 18, 2)
    width = 96
    window: ClassVar[int] = 7
    """Samples of a window along each axis."""
    version: ClassVar[int] = 1

    def first(self, stage: int) -> Block:
        return MergedPatches(norm_last=self.version == 2) if stage else EmbeddedPatches()

    def block(self, index: int, drop: float) -> Block:
        return SwinBlock(window=self.window, shifted=index % 2 == 1, drop=drop, version=self.version)

    def level_name(self, name: str) -> str:
        return "" if name.endswith(("relative_position_index", "relative_coords_table")) else super().level_name(name)

    def published_name(self, name: str) -> str:
        return name.replace("attention1.position_bias", "relative_position_bias_table").replace("attention1.", "")

    def arranged(self, name: str, tensor: Tensor) -> Tensor:
        if name.endswith("attention1.position_bias"):
            return tensor.transpose(0, 1)
        if self.version == 2 and name.endswith("qkv.bias"):  # torchvision keeps a bias of the keys, and does not add it
            tensor = tensor.clone()
            tensor[len(tensor) // 3 : 2 * len(tensor) // 3] = 0
        return tensor


class SwinTiny(Swin):
    """Swin-T."""

    blocks = (2, 2, 6, 2)
    drop = 0.2
    published = {"IMAGENET1K_V1": "swin_t-704ceda3.pth"}


class SwinSmall(Swin):
    """Swin-S."""

    drop = 0.3
    published = {"IMAGENET1K_V1": "swin_s-5e29d889.pth"}


class SwinBase(Swin):
    """Swin-B."""

    width = 128
    drop = 0.5
    published = {"IMAGENET1K_V1": "swin_b-68c6b09e.pth"}


class SwinV2(Swin):
    """The base of version 2: attention by cosines, and norms after what they normalise."""

    source = "Liu et al., 2022, arXiv:2111.09883"
    window = 8
    version = 2


class SwinV2Tiny(SwinV2):
    """Swin v2-T."""

    blocks = (2, 2, 6, 2)
    drop = 0.2
    published = {"IMAGENET1K_V1": "swin_v2_t-b137f0e2.pth"}


class SwinV2Small(SwinV2):
    """Swin v2-S."""

    drop = 0.3
    published = {"IMAGENET1K_V1": "swin_v2_s-637d8ceb.pth"}


class SwinV2Base(SwinV2):
    """Swin v2-B."""

    width = 128
    drop = 0.5
    published = {"IMAGENET1K_V1": "swin_v2_b-781e5279.pth"}
