"""Networks of the catalogue against the layers of their publications, counted one by one."""

from __future__ import annotations

import pytest

import unetkit

VGG16 = [
    *[(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)],
    *[(512, 512)] * 5,
]
"""The channels before and after each convolution."""


def conv(before: int, after: int, kernel: int = 3, *, bias: bool = True) -> int:
    """Returns the parameters of a convolution in 2D."""
    return before * after * kernel**2 + after * bias


def with_norm(before: int, after: int, kernel: int = 3) -> int:
    """Returns those of a convolution with a bias, and of the batch norm after it."""
    return conv(before, after, kernel) + 2 * after


def chain(*channels: int) -> int:
    """Returns those of convolutions with batch norm, one after the other."""
    return sum(with_norm(*pair) for pair in zip(channels, channels[1:], strict=False))


def change_detection(in_channels: int, merged: int) -> int:
    """Returns those of FC-EF and its kin; a skip brings `merged` times the channels of its level."""
    encoder = chain(in_channels, 16, 16, 32, 32, 64, 64, 64, 128, 128, 128)
    decoder = sum(
        conv(wide, wide) + chain(wide + merged * wide, *rest)
        for wide, *rest in [(128, 128, 128, 64), (64, 64, 64, 32), (32, 32, 16), (16, 16)]
    )
    return encoder + decoder + conv(16, 2)


def residual_unet(*channels: int) -> int:
    """Returns those of ResUNet: norm, conv, norm, conv beside a 3×3 convolution with norm."""

    def unit(before: int, after: int) -> int:
        return 2 * before + conv(before, after) + 2 * after + conv(after, after) + conv(before, after) + 2 * after

    first = channels[0]
    found = with_norm(3, first) + conv(first, first) + conv(3, first)
    for before, after in zip(channels, channels[1:], strict=False):
        found += unit(before, after) + conv(after, after, 2) + unit(after + before, before)
    return found + conv(first, 1, 1)


def residual_unet_plus_plus() -> int:
    """Returns those of ResUNet++: gates of channels before each unit, of the decoder before it rises, and pyramids."""

    def unit(before: int, after: int) -> int:
        return 2 * before + conv(before, after) + 2 * after + conv(after, after) + conv(before, after) + 2 * after

    def pyramid(before: int, after: int) -> int:
        return 3 * with_norm(before, after) + conv(3 * after, after, 1)

    found = with_norm(3, 32) + conv(32, 32) + conv(3, 32)
    for wide in (32, 64, 128):
        found += 2 * wide * (wide // 16) + unit(wide, 2 * wide)
    found += pyramid(256, 512) + pyramid(64, 32) + conv(32, 1, 1)
    for skip, coarse, fine in [(128, 512, 256), (64, 256, 128), (32, 128, 64)]:
        gate = 2 * skip + conv(skip, coarse) + 2 * coarse + conv(coarse, coarse) + 2 * coarse + conv(coarse, 1, 1)
        found += gate + unit(coarse + skip, fine)
    return found


def segnet(classes: int) -> int:
    """Returns those of SegNet, whose decoder mirrors the convolutions of VGG 16."""
    decoder = [(after, before) for before, after in reversed(VGG16[1:])]
    return sum(with_norm(*pair) for pair in [*VGG16, *decoder]) + conv(64, classes)


def ternausnet(encoder: list[tuple[int, int]], decoder: list[tuple[int, int]]) -> int:
    """Returns those of TernausNet, without norms."""
    return sum(conv(*pair) for pair in [*encoder, *decoder]) + conv(32, 1, 1)


def tiramisu(growth: int, layers: tuple[int, ...], bottom: int, classes: int) -> int:
    """Returns those of FC-DenseNet, whose first convolution has 48 channels."""

    def dense(before: int, number: int) -> int:
        inputs = [before + growth * index for index in range(number)]
        return sum(2 * each + conv(each, growth) for each in inputs)

    found, wide, skips = conv(3, 48), 48, list[int]()
    for number in layers:
        found += dense(wide, number)
        wide += growth * number
        skips.append(wide)
        found += 2 * wide + conv(wide, wide, 1)
    found += dense(wide, bottom)
    new = growth * bottom
    for number in reversed(layers):
        found += conv(new, new)
        wide = new + skips.pop()
        found += dense(wide, number)
        new, wide = growth * number, wide + growth * number
    return found + conv(wide, classes, 1)


def pix2pix(*channels: int) -> int:
    """Returns those of a generator of strided 4×4 convolutions; norms are not at its ends, the last has a bias."""
    steps = list(zip(channels, channels[1:], strict=False))
    down = sum(conv(before, after, 4, bias=False) for before, after in steps)
    deepest = conv(channels[-1], channels[-2], 4, bias=False)
    up = sum(conv(2 * after, before, 4, bias=False) for before, after in steps[1:-1])
    norms = 2 * sum(channels[2:-1]) + 2 * sum(channels[1:-1])
    return down + deepest + up + norms + conv(2 * channels[1], channels[0], 4)


def wave(levels: int, width: int) -> int:
    """Returns those of Wave-U-Net: kernels of 15 down and 5 up, at last the sound itself beside the features."""
    down = [(max(1, width * level), width * (level + 1)) for level in range(levels + 1)]
    up = [(width * (level + 1) + width * level, width * level) for level in range(levels, 0, -1)]
    return sum(a * b * 15 + b for a, b in down) + sum(a * b * 5 + b for a, b in up) + (width + 1) * 2 + 2


def stardist() -> int:
    """Returns those of StarDist2D: a U-Net of CSBDeep, a convolution with 128 channels, and two heads."""
    down = [(1, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 128)]
    up = [(256, 128), (128, 64), (128, 64), (64, 32), (64, 32), (32, 32), (32, 128)]
    return sum(conv(*pair) for pair in [*down, *up]) + conv(128, 1, 1) + conv(128, 32, 1)


def dc_unet(width: int) -> int:
    """Returns those of DC-UNet: two chains beside a 1×1 convolution, without biases; paths of 4, 3, 2 and 1 units."""

    def block(before: int, filters: int) -> tuple[int, int]:
        parts = [int(1.67 * filters * share) for share in (0.167, 0.333, 0.5)]
        wide = sum(parts)
        chains = 2 * sum(conv(*pair, bias=False) for pair in zip([before, *parts], parts, strict=False))
        return conv(before, wide, 1, bias=False) + 2 * wide + chains + 2 * 2 * wide + 2 * wide, wide

    found, wide = 0, 3
    for level in range(5):
        count, wide = block(wide, width << level)
        found += count
        for number in range(4 - level):
            before, after = (width << level if number else wide), width << level
            found += conv(before, after, 1, bias=False) + 2 * after + conv(before, after, bias=False) + 2 * after
    for level in reversed(range(4)):
        filters = width << level
        count, after = block(2 * filters, filters)
        found, wide = found + conv(wide, filters, 2) + count, after
    return found + conv(wide, 1, 1, bias=False) + 2


def sa_unet() -> int:
    """Returns those of SA-UNet: a gate of one 7×7 convolution of two channels, without a bias."""
    decoder = sum(conv(2 * wide, wide) + chain(2 * wide, wide, wide) for wide in (64, 32, 16))
    return chain(3, 16, 16, 32, 32, 64, 64, 128, 128) + 2 * 7**2 + decoder + conv(16, 1, 1)


def unext() -> int:
    """Returns those of UNeXt: shifted blocks have a norm, two 1×1 convolutions, and a depthwise one between these."""

    def shifted(wide: int) -> int:
        return 2 * wide + 2 * conv(wide, wide, 1) + 9 * wide + wide

    def tokens(before: int, after: int) -> int:
        return conv(before, after) + 2 * after + shifted(after) + 2 * after

    encoder = chain(3, 16, 32, 128) + tokens(128, 160) + tokens(160, 256)
    decoder = chain(256, 160) + shifted(160) + 2 * 160 + chain(160, 128) + shifted(128) + 2 * 128 + chain(128, 32, 16)
    return encoder + decoder + conv(16, 16) + conv(16, 1, 1)


VGG11 = [(3, 64), (64, 128), (128, 256), (256, 256), (256, 512), *[(512, 512)] * 3]
DECODER_11 = [
    *[(512, 512), (512, 256), (768, 512), (512, 256), (768, 512), (512, 128)],
    *[(384, 256), (256, 64), (192, 128), (128, 32), (96, 32)],
]
DECODER_16 = [
    *[(512, 512), (512, 256), (768, 512), (512, 256), (768, 512), (512, 256)],
    *[(512, 256), (256, 64), (192, 128), (128, 32), (96, 32)],
]
COUNTS = {
    "dc-unet": dc_unet(32),
    "pix2pix-256": pix2pix(3, 64, 128, 256, 512, 512, 512, 512, 512),
    "stardist-2d": stardist(),
    "kiu-net": 291_234 - 2 * (64 * 64 * 9 + 64 + 2 * 64),  # without two convolutions and norms that it does not use
    "wave-u-net": wave(12, 24),
    "fc-ef": change_detection(6, 1),
    "fc-siam-conc": change_detection(3, 2),
    "fc-siam-diff": change_detection(3, 1),
    "fc-densenet-103": tiramisu(16, (4, 5, 7, 10, 12), 15, 12),
    "resunet": residual_unet(64, 128, 256, 512),
    "resunet-plus-plus": residual_unet_plus_plus(),
    "sa-unet": sa_unet(),
    "segnet": segnet(12),
    "ternausnet-11": ternausnet(VGG11, DECODER_11),
    "ternausnet-16": ternausnet(VGG16, DECODER_16),
    "unext": unext(),
    "unet-nnunet-2d-7": 33_471_820 - 5 * 2 - 2 * (64 + 128 + 256 + 512 + 512),  # without heads for training
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_those_of_the_layers(name: str) -> None:
    assert unetkit.plan(unetkit.load(name)).parameters == COUNTS[name]
