"""Handwritten PyTorch networks: what a built spec is held against, bit for bit, in value, time and memory.

Each follows a published description and is written as a careful author writes it: activations in place, a skip freed as
soon as it is merged. Modules are registered in the order in which they run, so weights can be copied in that order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Mode = Literal["crop", "pad", "same"]


def cropped(encoder: Tensor, decoder: Tensor) -> Tensor:
    """Returns the middle of the encoder map, as large as the decoder map; the odd one is left out at the end."""
    pairs = zip(encoder.shape[2:], decoder.shape[2:], strict=True)
    window = [slice((large - small) // 2, (large - small) // 2 + small) for large, small in pairs]
    return encoder[(slice(None), slice(None), *window)]


def padded(decoder: Tensor, encoder: Tensor) -> Tensor:
    """Returns the decoder map with zeros around it, as large as the encoder map; the odd one is added at the end."""
    margins: list[int] = []
    for large, small in zip(reversed(encoder.shape[2:]), reversed(decoder.shape[2:]), strict=True):
        before = (large - small) // 2
        margins += [before, large - small - before]
    return F.pad(decoder, margins)


class UShape(nn.Module):
    """The path that all these networks share: down, across, up, and out. The blocks between are the network's own."""

    def __init__(
        self,
        encoder: list[nn.Module],
        decoder: list[nn.Module],
        head: nn.Module,
        merge: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(encoder)  # block, then (down, block) for each level below
        self.decoder = nn.ModuleList(decoder)  # (up, block) for each level above
        self.head = head
        self.merge = merge

    def forward(self, x: Tensor) -> Tensor:  # (N, C, *size)
        x = self.encoder[0](x)
        skips = []
        for down, block in zip(self.encoder[1::2], self.encoder[2::2], strict=True):
            skips.append(x)
            x = block(down(x))
        for up, block in zip(self.decoder[0::2], self.decoder[1::2], strict=True):
            x = up(x)
            x = self.merge(skips.pop(), x)
            x = block(x)
        out: Tensor = self.head(x)
        return out


def crop_and_join(encoder: Tensor, decoder: Tensor) -> Tensor:
    return torch.cat([cropped(encoder, decoder), decoder], dim=1)


def pad_and_join(encoder: Tensor, decoder: Tensor) -> Tensor:
    return torch.cat([encoder, padded(decoder, encoder)], dim=1)


def join(encoder: Tensor, decoder: Tensor) -> Tensor:
    return torch.cat([encoder, decoder], dim=1)


def unet_2015(in_channels: int, out_channels: int) -> nn.Module:
    """The network of Ronneberger, Fischer and Brox (2015): valid convolutions, no norm, the skip cropped."""

    def block(channels: int, out: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(channels, out, 3), nn.ReLU(inplace=True), nn.Conv2d(out, out, 3), nn.ReLU(inplace=True)
        )

    return _five_levels(in_channels, out_channels, block, crop_and_join)


def unet_mode(in_channels: int, out_channels: int, mode: Mode) -> nn.Module:
    """The same with batch norm, in three forms: skip cropped, decoder map padded, or all convolutions padded."""
    padding = 1 if mode == "same" else 0

    def block(channels: int, out: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(channels, out, 3, padding=padding),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=padding),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    return _five_levels(
        in_channels, out_channels, block, {"crop": crop_and_join, "pad": pad_and_join, "same": join}[mode]
    )


def _five_levels(
    in_channels: int,
    out_channels: int,
    block: Callable[[int, int], nn.Module],
    merge: Callable[[Tensor, Tensor], Tensor],
) -> nn.Module:
    """Returns 64 to 1024 channels over five levels, joined by max pooling and transposed convolutions of 2 × 2."""
    encoder = [block(in_channels, 64)]
    for channels in (64, 128, 256, 512):
        encoder += [nn.MaxPool2d(2), block(channels, 2 * channels)]
    decoder: list[nn.Module] = []
    for channels in (1024, 512, 256, 128):
        decoder += [nn.ConvTranspose2d(channels, channels // 2, 2, stride=2), block(channels, channels // 2)]
    return UShape(encoder, decoder, nn.Conv2d(64, out_channels, 1), merge)


def milesial(in_channels: int, out_channels: int, *, bilinear: bool) -> nn.Module:
    """The form much used in PyTorch: padded convolutions without bias, batch norm, the decoder map padded to the skip.

    With `bilinear`, interpolation takes the place of the transposed convolution. It keeps the channels, so the lowest
    level has 512 of them, and a decoder block narrows at its first convolution to half of what it is given.
    """

    def block(channels: int, out: int, middle: int | None = None) -> nn.Module:
        middle = middle or out
        return nn.Sequential(
            nn.Conv2d(channels, middle, 3, padding=1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    lowest = 512 if bilinear else 1024
    encoder = [block(in_channels, 64)]
    for channels, out in ((64, 128), (128, 256), (256, 512), (512, lowest)):
        encoder += [nn.MaxPool2d(2), block(channels, out)]
    decoder: list[nn.Module] = []
    for merged, out in ((1024, 512), (512, 256), (256, 128), (128, 64)):  # channels after the merge
        if bilinear:
            up: nn.Module = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            decoder += [up, block(merged, out if out == 64 else out // 2, merged // 2)]
        else:
            decoder += [nn.ConvTranspose2d(merged, merged // 2, 2, stride=2), block(merged, out)]
    return UShape(encoder, decoder, nn.Conv2d(64, out_channels, 1), pad_and_join)


def unet_3d(in_channels: int, out_channels: int) -> nn.Module:
    """The network of Çiçek et al. (2016): channels double before each pooling and a transposed convolution keeps them.

    The paper counts 19,069,955 parameters: its convolutions have a bias, its transposed convolutions have none, and its
    batch norm is left out of the count.
    """

    def block(channels: int, middle: int, out: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv3d(channels, middle, 3),
            nn.BatchNorm3d(middle),
            nn.ReLU(inplace=True),
            nn.Conv3d(middle, out, 3),
            nn.BatchNorm3d(out),
            nn.ReLU(inplace=True),
        )

    encoder = [block(in_channels, 32, 64)]
    for channels in (64, 128, 256):
        encoder += [nn.MaxPool3d(2), block(channels, channels, 2 * channels)]
    decoder: list[nn.Module] = []
    for channels, skip in ((512, 256), (256, 128), (128, 64)):
        up = nn.ConvTranspose3d(channels, channels, 2, stride=2, bias=False)
        decoder += [up, block(skip + channels, skip, skip)]
    return UShape(encoder, decoder, nn.Conv3d(64, out_channels, 1), crop_and_join)


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copies parameters and running statistics in the order in which both networks run.

    Raises:
        ValueError: where the two differ in number or in a shape.
    """
    ours, theirs = target.state_dict(), source.state_dict()
    shapes = [[tuple(value.shape) for value in state.values()] for state in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"the networks differ: {shapes[0]} and {shapes[1]}")
    target.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
